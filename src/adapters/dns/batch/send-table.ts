import { CMSG, highOf, IOVEC, lowOf, MMSGHDR, SYS, type Block, type Libc } from './libc.ts'
import type { Sockets } from './socket.ts'
import { BATCH, STRIDE, type ReceiveTable } from './receive-table.ts'

/** UDP_SEGMENT's value, padded: a count of octets. */
const SEGMENT_BYTES = 24
/** The segment size, then the source address: at most 40 octets. */
const CONTROL_STRIDE = 64
/** Larger answers travel alone: a segment must fit the path (dns.md §0.5). */
const SEGMENT_MAX = 1232
/** Octets of one message with all its segments; the kernel's limit is 65,507. */
const GROUP_BYTES_MAX = 60_000
/** Places for the groups of a batch, by client: twice as many as there can be. */
const CLIENTS = 128
const WORDS_PER_HEADER: number = MMSGHDR.SIZE >> 2
const WORDS_PER_VECTOR: number = IOVEC.SIZE >> 2
const NONE = -1
/** A kernel before 4.18, a network card that leaves checksums to others, a path too narrow. */
const CANNOT_SEGMENT: ReadonlySet<number> = new Set([SYS.EINVAL, SYS.EIO, SYS.EMSGSIZE])

/**
 * What a batch answers. Answers to one client become one message that the kernel cuts up again
 * (UDP_SEGMENT, udp(7)): most of the cost of sending is per message.
 */
export class SendTable {
  /** Answers that are not written over their question; slots as in the receive table. */
  readonly output: Uint8Array
  /** Messages, after `seal`. */
  count = 0
  /** Whether equal answers travel together. */
  canSegment: boolean
  readonly #libc: Libc
  readonly #headers: Block
  readonly #vectors: Block
  readonly #controls: Block
  readonly #outputHigh: number
  readonly #outputLow: number
  readonly #vectorHigh: number
  readonly #vectorLow: number
  readonly #controlHigh: number
  readonly #controlLow: number
  /** By answer: its slot, octets, whether it stands in the receive slot, the next of its group. */
  readonly #slots = new Int32Array(BATCH)
  readonly #lengths = new Int32Array(BATCH)
  readonly #isInPlace = new Uint8Array(BATCH)
  readonly #next = new Int32Array(BATCH)
  /** By group: first and last answer, answers, octets. */
  readonly #first = new Int32Array(BATCH)
  readonly #last = new Int32Array(BATCH)
  readonly #sizes = new Int32Array(BATCH)
  readonly #bytes = new Int32Array(BATCH)
  readonly #clients = new Int32Array(CLIENTS).fill(NONE)
  /** Places in `#clients` that are taken. */
  readonly #taken = new Int32Array(BATCH)
  /** Of `split`: answers that did not go yet. */
  readonly #left = new Int32Array(BATCH)
  #answers = 0
  #groups = 0
  #takenCount = 0

  constructor(libc: Libc, canSegment: boolean) {
    this.canSegment = canSegment
    this.#libc = libc
    const output = libc.allocate((BATCH + 1) * STRIDE)
    this.output = output.bytes
    this.#headers = libc.allocate(BATCH * MMSGHDR.SIZE)
    this.#vectors = libc.allocate(BATCH * IOVEC.SIZE)
    this.#controls = libc.allocate(BATCH * CONTROL_STRIDE)
    this.#outputHigh = highOf(output.address)
    this.#outputLow = lowOf(output.address)
    this.#vectorHigh = highOf(this.#vectors.address)
    this.#vectorLow = lowOf(this.#vectors.address)
    this.#controlHigh = highOf(this.#controls.address)
    this.#controlLow = lowOf(this.#controls.address)
    for (let i = 0; i < BATCH; i++) {
      const { view } = this.#controls
      const at = i * CONTROL_STRIDE
      // CMSG_LEN of a 16-bit number.
      view.setBigUint64(at + CMSG.LENGTH, 18n, true)
      view.setInt32(at + CMSG.LEVEL, SYS.SOL_UDP, true)
      view.setInt32(at + CMSG.TYPE, SYS.UDP_SEGMENT, true)
    }
  }

  /** Where message `i` stands, for the system. */
  addressOf(i: number): bigint {
    const { address } = this.#headers
    return i === 0 ? address : address + BigInt(i * MMSGHDR.SIZE)
  }

  /** How many answers message `i` carries. */
  answersOf(i: number): number {
    return this.#sizes[i] ?? 0
  }

  /** Answers in all messages. */
  get answers(): number {
    return this.#answers
  }

  begin(): void {
    this.#answers = 0
    this.#groups = 0
    this.count = 0
    for (let i = 0; i < this.#takenCount; i++) this.#clients[this.#taken[i] ?? 0] = NONE
    this.#takenCount = 0
  }

  /**
   * Sends the messages, after `seal`. What the system does not take is the clients' loss: the
   * answer is how many that were.
   */
  flush(fd: number, received: ReceiveTable, sockets: Sockets): number {
    const { functions, errno } = this.#libc
    let lost = 0
    // What was cut up did not go, for a reason that may be the cutting.
    let isSuspect = false
    for (let first = 0; first < this.count;) {
      const address = this.addressOf(first)
      const sent = functions.sendmmsg(fd, address, this.count - first, SYS.MSG_DONTWAIT)
      if (sent > 0) {
        // Whole it goes: nothing is wrong with the client.
        if (isSuspect) this.canSegment = false
        isSuspect = false
        first += sent
      } else if (this.answersOf(first) > 1) {
        isSuspect = CANNOT_SEGMENT.has(errno())
        this.split(received, first)
        first = 0
      } else if (errno() !== SYS.EMSGSIZE || !sockets.allowFragments(fd, received.isV6)) {
        isSuspect = false
        lost++
        first++
      }
    }
    return lost
  }

  /** The answer to what came in `slot`: `length` octets, in the receive slot or in `output`. */
  add(received: ReceiveTable, slot: number, length: number, isInPlace: boolean): void {
    const answer = this.#answers++
    this.#slots[answer] = slot
    this.#lengths[answer] = length
    this.#isInPlace[answer] = isInPlace ? 1 : 0
    this.#next[answer] = NONE
    if (!this.canSegment || length > SEGMENT_MAX) {
      this.#open(answer, length)
      return
    }
    const place = this.#placeOf(received, slot)
    const group = this.#clients[place] ?? NONE
    if (group >= 0 && this.#join(group, answer, length)) return
    if (group < 0) this.#taken[this.#takenCount++] = place
    this.#clients[place] = this.#open(answer, length)
  }

  /** Writes the messages for the system. */
  seal(received: ReceiveTable): void {
    let vector = 0
    for (let group = 0; group < this.#groups; group++) {
      const first = vector
      for (let i = this.#first[group] ?? NONE; i >= 0; i = this.#next[i] ?? NONE) {
        this.#writeVector(received, vector++, i)
      }
      this.#writeHeader(received, group, first, vector - first)
    }
    this.count = this.#groups
  }

  /** Each answer of message `from` and of those after it in a message of its own. */
  split(received: ReceiveTable, from: number): void {
    const left = this.#left
    let count = 0
    for (let group = from; group < this.#groups; group++) {
      for (let i = this.#first[group] ?? NONE; i >= 0; i = this.#next[i] ?? NONE) left[count++] = i
    }
    this.#groups = 0
    for (let i = 0; i < count; i++) {
      const answer = left[i] ?? 0
      this.#next[answer] = NONE
      this.#open(answer, this.#lengths[answer] ?? 0)
    }
    this.seal(received)
  }

  #open(answer: number, length: number): number {
    const group = this.#groups++
    this.#first[group] = answer
    this.#last[group] = answer
    this.#sizes[group] = 1
    this.#bytes[group] = length
    return group
  }

  /**
   * All segments have the first one's size, but for the last, which may be shorter (udp(7)). A
   * longer one begins a message: answers keep the order of their questions.
   */
  #join(group: number, answer: number, length: number): boolean {
    const size = this.#lengths[this.#first[group] ?? 0] ?? 0
    const last = this.#lengths[this.#last[group] ?? 0] ?? 0
    const bytes = (this.#bytes[group] ?? 0) + length
    if (last < size || length > size || bytes > GROUP_BYTES_MAX) return false
    this.#next[this.#last[group] ?? 0] = answer
    this.#last[group] = answer
    this.#sizes[group] = (this.#sizes[group] ?? 0) + 1
    this.#bytes[group] = bytes
    return true
  }

  /** Where the client's newest group is noted, or shall be. */
  #placeOf(received: ReceiveTable, slot: number): number {
    let place = received.mixOf(slot) & (CLIENTS - 1)
    for (;;) {
      const group = this.#clients[place] ?? NONE
      if (group < 0) return place
      if (received.isSameDialog(slot, this.#slots[this.#first[group] ?? 0] ?? 0)) return place
      place = (place + 1) & (CLIENTS - 1)
    }
  }

  #writeVector(received: ReceiveTable, vector: number, answer: number): void {
    const { words } = this.#vectors
    const at = vector * WORDS_PER_VECTOR
    const offset = (this.#slots[answer] ?? 0) * STRIDE
    const isInPlace = this.#isInPlace[answer] === 1
    words[at] = (isInPlace ? received.slotsLow : this.#outputLow) + offset
    words[at + 1] = isInPlace ? received.slotsHigh : this.#outputHigh
    words[at + 2] = this.#lengths[answer] ?? 0
  }

  #writeHeader(received: ReceiveTable, group: number, vector: number, count: number): void {
    const { words } = this.#headers
    const at = group * WORDS_PER_HEADER
    const slot = this.#slots[this.#first[group] ?? 0] ?? 0
    words[at] = received.nameLow(slot)
    words[at + 1] = received.nameHigh
    words[at + 2] = received.nameBytes
    words[at + 4] = this.#vectorLow + vector * IOVEC.SIZE
    words[at + 5] = this.#vectorHigh
    words[at + 6] = count
    const info = received.turnInfo(slot)
    if (count === 1) {
      words[at + 8] = received.controlLow(slot)
      words[at + 9] = received.controlHigh
      words[at + 10] = info
      return
    }
    const control = group * CONTROL_STRIDE
    const { view, bytes } = this.#controls
    view.setUint16(control + CMSG.DATA, this.#lengths[this.#first[group] ?? 0] ?? 0, true)
    for (let k = 0; k < info; k++) {
      bytes[control + SEGMENT_BYTES + k] =
        received.controls.bytes[received.controlAt(slot) + k] ?? 0
    }
    words[at + 8] = this.#controlLow + control
    words[at + 9] = this.#controlHigh
    words[at + 10] = SEGMENT_BYTES + info
  }
}
