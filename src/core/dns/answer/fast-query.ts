import { TYPE } from '../protocol.ts'
import { HEADER } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { foldName, hashName } from '../table/name-hash.ts'

const HEADER_BYTES = 12
/** QR and the opcode: a plain query has none of these bits. */
const NO_QUERY = 0xf800
/** Octets of an OPT without options. */
export const OPT_BYTES = 11
const PLAIN_UDP_MAX = 512
const TCP_MAX = 65_535
/** Type and class. */
const FIXED = 4
const CLASS_IN = 1

/**
 * A query of the shape that nearly all have: one question of class IN, nothing else but an OPT
 * without options. Whatever is not quite so is left to `Query`, which knows all. Reused; no
 * allocation.
 */
export class FastQuery {
  /** The last message read is of that shape. */
  isUsual = false
  /** The header's first word: id and flags. */
  head = 0
  type = 0
  /** Octets of the name, root included. */
  nameLength = 0
  /** End of the question in the message. */
  questionEnd = 0
  labelCount = 0
  hasOpt = false
  wantsDnssec = false
  /** Octets the answer may have, its OPT not counted. */
  limit = 0
  /** Of the lower-cased name. */
  hash = 0
  readonly key: Uint8Array = new Uint8Array(264)
  readonly keyView: DataView = new DataView(this.key.buffer)
  /** As in `Query`. */
  readonly labelAt: Uint8Array = new Uint8Array(129)
  readonly #key0: number
  readonly #key1: number
  readonly #udpSize: number
  readonly #isTcp: boolean

  /** `udpSize`: what we advertise; it bounds what goes over UDP. */
  constructor(memory: TableMemory, udpSize: number, isTcp: boolean) {
    this.#isTcp = isTcp
    this.#key0 = memory.view.getInt32(HEADER.SEED, true)
    this.#key1 = memory.view.getInt32(HEADER.SEED + 4, true)
    this.#udpSize = udpSize
  }

  /** Reads the message in `packet[base, base + length)`; false: it has another shape. */
  parse(packet: DataView, base: number, length: number): boolean {
    this.isUsual = this.#parse(packet, base, length)
    return this.isUsual
  }

  #parse(packet: DataView, base: number, length: number): boolean {
    if (length < HEADER_BYTES + 1 + FIXED) return false
    this.head = packet.getInt32(base)
    const additionals = packet.getInt32(base + 8)
    // One question, no answer; no authority, at most one additional record.
    if ((this.head & NO_QUERY) !== 0 || packet.getInt32(base + 4) !== 0x1_0000) return false
    if ((additionals | 1) !== 1) return false
    const end = this.#findEnd(packet, base, length)
    if (end === 0) return false
    const fixed = packet.getInt32(base + end)
    if ((fixed & 0xffff) !== CLASS_IN) return false
    this.type = fixed >>> 16
    this.nameLength = end - HEADER_BYTES
    this.questionEnd = end + FIXED
    const isSound = additionals === 0 ? this.#takeNone(length) : this.#takeOpt(packet, base, length)
    if (!isSound) return false
    const { keyView, nameLength } = this
    foldName(packet, base + HEADER_BYTES, keyView, nameLength)
    this.hash = hashName(keyView, 0, nameLength, this.#key0, this.#key1)
    return true
  }

  /** The end of the name, type and class still within the message; 0: it is malformed. */
  #findEnd(packet: DataView, base: number, length: number): number {
    const { labelAt } = this
    // 255 octets for the whole name (RFC 1035 §2.3.4).
    const last = Math.min(length - FIXED, HEADER_BYTES + 255) - 1
    let labels = 0
    let at = HEADER_BYTES
    while (at <= last) {
      const size = packet.getUint8(base + at)
      labelAt[labels] = at - HEADER_BYTES
      if (size === 0) {
        this.labelCount = labels
        return at + 1
      }
      if (size > 63) return 0
      labels++
      at += 1 + size
    }
    return 0
  }

  #takeNone(length: number): boolean {
    this.hasOpt = false
    this.wantsDnssec = false
    this.limit = this.#isTcp ? TCP_MAX : PLAIN_UDP_MAX
    return length === this.questionEnd
  }

  /** Version 0, no options; the size and DO are the client's. */
  #takeOpt(packet: DataView, base: number, length: number): boolean {
    const at = base + this.questionEnd
    if (length !== this.questionEnd + OPT_BYTES || packet.getUint8(at) !== 0) return false
    const typeAndSize = packet.getInt32(at + 1)
    const rest = packet.getInt32(at + 5)
    if (typeAndSize >>> 16 !== TYPE.OPT || (rest & 0xff_0000) !== 0) return false
    if (packet.getUint16(at + 9) !== 0) return false
    this.hasOpt = true
    this.wantsDnssec = (rest & 0x8000) !== 0
    // RFC 6891 §6.2.3: at least 512; never more than we advertise.
    const size = Math.max(PLAIN_UDP_MAX, Math.min(typeAndSize & 0xffff, this.#udpSize))
    this.limit = (this.#isTcp ? TCP_MAX : size) - OPT_BYTES
    return true
  }
}
