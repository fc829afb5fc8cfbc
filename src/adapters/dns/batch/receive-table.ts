import {
  CMSG,
  highOf,
  IOVEC,
  lowOf,
  MMSGHDR,
  SOCKADDR,
  SYS,
  type Block,
  type Libc,
} from './libc.ts'

/** Datagrams that one call receives or sends. */
export const BATCH = 64
/** RFC 6891 and dns.md §1.9: no real query is longer; no answer over UDP is, either. */
const SLOT_BYTES = 4096
/** Slots a multiple of 4096 apart would share their places in the CPU's cache. */
export const STRIDE: number = SLOT_BYTES + 128
/** Octets of a slot that an answer in place may use: copies go by words. */
export const FAST_ROOM: number = SLOT_BYTES + 8
/** One more than a batch, for what is answered later. */
const LATE_SLOT: number = BATCH
const SLOTS = BATCH + 1
const NAME_STRIDE = 32
/** CMSG_SPACE of struct in_pktinfo (12 octets) and in6_pktinfo (20). */
const CONTROL_STRIDE = 40
const WORDS_PER_HEADER: number = MMSGHDR.SIZE >> 2
const V6_LINK_LOCAL = 0xfe80
const V6_LINK_MASK = 0xffc0

/**
 * Where a batch of datagrams is received: for each its octets, its sender, and the address that it
 * was sent to. One per family and thread; the sockets use it by turns.
 */
export class ReceiveTable {
  readonly slots: Block
  readonly names: Block
  readonly controls: Block
  readonly isV6: boolean
  /** Octets of a sender's address. */
  readonly nameBytes: number
  /** Octets of the control message that tells where a datagram was sent to. */
  readonly infoBytes: number
  /** Halves of addresses, as words. */
  readonly slotsHigh: number
  readonly slotsLow: number
  readonly nameHigh: number
  readonly controlHigh: number
  readonly #nameLow: number
  readonly #controlLow: number
  readonly #headers: Block
  #hasInfo = false

  constructor(libc: Libc, isV6: boolean) {
    this.isV6 = isV6
    this.nameBytes = isV6 ? SOCKADDR.V6_SIZE : SOCKADDR.V4_SIZE
    this.infoBytes = isV6 ? 40 : 32
    this.slots = libc.allocate(SLOTS * STRIDE)
    this.names = libc.allocate(SLOTS * NAME_STRIDE)
    this.controls = libc.allocate(SLOTS * CONTROL_STRIDE)
    this.#headers = libc.allocate(SLOTS * MMSGHDR.SIZE)
    this.slotsHigh = highOf(this.slots.address)
    this.slotsLow = lowOf(this.slots.address)
    this.nameHigh = highOf(this.names.address)
    this.controlHigh = highOf(this.controls.address)
    this.#nameLow = lowOf(this.names.address)
    this.#controlLow = lowOf(this.controls.address)
    const vectors = libc.allocate(SLOTS * IOVEC.SIZE)
    for (let i = 0; i < SLOTS; i++) {
      const header = i * MMSGHDR.SIZE
      const { view } = this.#headers
      vectors.view.setBigUint64(i * IOVEC.SIZE, this.slots.address + BigInt(i * STRIDE), true)
      vectors.view.setBigUint64(i * IOVEC.SIZE + IOVEC.LENGTH, BigInt(SLOT_BYTES), true)
      view.setBigUint64(header, this.names.address + BigInt(i * NAME_STRIDE), true)
      view.setUint32(header + MMSGHDR.NAME_LENGTH, this.nameBytes, true)
      const vector = vectors.address + BigInt(i * IOVEC.SIZE)
      view.setBigUint64(header + MMSGHDR.VECTOR, vector, true)
      view.setBigUint64(header + MMSGHDR.VECTOR_COUNT, 1n, true)
      const control = this.controls.address + BigInt(i * CONTROL_STRIDE)
      view.setBigUint64(header + MMSGHDR.CONTROL, control, true)
    }
  }

  get address(): bigint {
    return this.#headers.address
  }

  /** Before a call: whether the socket tells where datagrams were sent to. */
  expectInfo(hasInfo: boolean): void {
    // The system overwrites the length: where nothing is expected, with the same zero.
    if (!hasInfo && !this.#hasInfo) return
    this.#hasInfo = hasInfo
    const room = hasInfo ? CONTROL_STRIDE : 0
    const { words } = this.#headers
    const first = MMSGHDR.CONTROL_LENGTH >> 2
    for (let i = 0; i < BATCH; i++) words[i * WORDS_PER_HEADER + first] = room
  }

  /** Octets of the datagram in slot `i`, as far as they fit. */
  lengthOf(i: number): number {
    return this.#headers.words[i * WORDS_PER_HEADER + (MMSGHDR.LENGTH >> 2)] ?? 0
  }

  /** The datagram was longer than a slot. */
  isTruncated(i: number): boolean {
    const flags = this.#headers.words[i * WORDS_PER_HEADER + (MMSGHDR.FLAGS >> 2)] ?? 0
    return (flags & SYS.MSG_TRUNC) !== 0
  }

  /** The sender's port. */
  portOf(i: number): number {
    return this.names.view.getUint16(i * NAME_STRIDE + SOCKADDR.PORT)
  }

  /** The sender's IPv4 address, as an unsigned number. */
  v4Of(i: number): number {
    return this.names.view.getUint32(i * NAME_STRIDE + SOCKADDR.V4_ADDRESS)
  }

  /** Copies the sender's IPv6 address. */
  copyV6(i: number, to: Uint8Array): void {
    const at = i * NAME_STRIDE + SOCKADDR.V6_ADDRESS
    const { bytes } = this.names
    for (let k = 0; k < 16; k++) to[k] = bytes[at + k] ?? 0
  }

  /** Whether two datagrams have one sender, and were sent to one address of ours. */
  isSameDialog(a: number, b: number): boolean {
    const nameWords = this.nameBytes >> 2
    if (!isEqual(this.names.words, a * (NAME_STRIDE >> 2), b * (NAME_STRIDE >> 2), nameWords)) {
      return false
    }
    if (!this.#hasInfo) return true
    const words = this.infoBytes >> 2
    const stride = CONTROL_STRIDE >> 2
    return isEqual(this.controls.words, a * stride, b * stride, words)
  }

  /** A small number that tells senders apart, mostly. */
  mixOf(i: number): number {
    const { words } = this.names
    const at = i * (NAME_STRIDE >> 2)
    const address = words[at + (this.isV6 ? 5 : 1)] ?? 0
    const low = this.isV6 ? (words[at + 5] ?? 0) ^ (words[at + 4] ?? 0) : address
    return Math.imul(((words[at] ?? 0) >>> 16) ^ low, 0x9e37_79b1) >>> 25
  }

  /** Lower half of the address of the sender of slot `i`. */
  nameLow(i: number): number {
    return (this.#nameLow + i * NAME_STRIDE) | 0
  }

  /** Offset of the sender of slot `i`. */
  nameAt(i: number): number {
    return i * NAME_STRIDE
  }

  /** Offset of the control message of slot `i`. */
  controlAt(i: number): number {
    return i * CONTROL_STRIDE
  }

  /** Lower half of the address of the control message of slot `i`. */
  controlLow(i: number): number {
    return (this.#controlLow + i * CONTROL_STRIDE) | 0
  }

  /**
   * Makes of what was told of a datagram's destination what its answer's source is: 0 when nothing
   * was told, else octets of control. The interface is left to the routes (a query may come by
   * another one than its answer goes by), but for link-local addresses, which need it.
   */
  turnInfo(i: number): number {
    if (!this.#hasInfo) return 0
    const given = this.#headers.words[i * WORDS_PER_HEADER + (MMSGHDR.CONTROL_LENGTH >> 2)] ?? 0
    if (given < this.infoBytes) return 0
    const at = i * CONTROL_STRIDE + CMSG.DATA
    const { view } = this.controls
    if (!this.isV6) view.setInt32(at, 0, true)
    else if ((view.getUint16(at) & V6_LINK_MASK) !== V6_LINK_LOCAL) view.setInt32(at + 16, 0, true)
    return this.infoBytes
  }

  /** Keeps what came in slot `i` where no batch overwrites it. */
  keep(i: number): KeptDatagram {
    const slot = i * STRIDE
    return {
      message: this.slots.bytes.slice(slot, slot + this.lengthOf(i)),
      isTruncated: this.isTruncated(i),
      name: this.names.bytes.slice(i * NAME_STRIDE, (i + 1) * NAME_STRIDE),
      control: this.controls.bytes.slice(i * CONTROL_STRIDE, (i + 1) * CONTROL_STRIDE),
      controlBytes: this.#headers.words[i * WORDS_PER_HEADER + (MMSGHDR.CONTROL_LENGTH >> 2)] ?? 0,
    }
  }

  /** Puts what was kept into the slot beside the batch; the answer is that slot. */
  restore(kept: KeptDatagram): number {
    const i = LATE_SLOT
    this.slots.bytes.set(kept.message, i * STRIDE)
    this.names.bytes.set(kept.name, i * NAME_STRIDE)
    this.controls.bytes.set(kept.control, i * CONTROL_STRIDE)
    const header = i * WORDS_PER_HEADER
    const { words } = this.#headers
    words[header + (MMSGHDR.LENGTH >> 2)] = kept.message.length
    words[header + (MMSGHDR.FLAGS >> 2)] = kept.isTruncated ? SYS.MSG_TRUNC : 0
    words[header + (MMSGHDR.CONTROL_LENGTH >> 2)] = kept.controlBytes
    this.#hasInfo = kept.controlBytes > 0
    return i
  }

  /** Whether nothing was ever written between the slots. */
  get isIntact(): boolean {
    for (let i = 0; i < SLOTS; i++) {
      for (let k = FAST_ROOM; k < STRIDE; k++) {
        if (this.slots.bytes[i * STRIDE + k] !== 0) return false
      }
    }
    return true
  }
}

/** A datagram that waits for its answer. */
export interface KeptDatagram {
  readonly message: Uint8Array
  readonly isTruncated: boolean
  readonly name: Uint8Array
  readonly control: Uint8Array
  readonly controlBytes: number
}

function isEqual(words: Int32Array, a: number, b: number, count: number): boolean {
  for (let k = 0; k < count; k++) if (words[a + k] !== words[b + k]) return false
  return true
}
