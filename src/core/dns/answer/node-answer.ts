import { TYPE } from '../protocol.ts'
import { FLAG, HEADER, NEGATIVE_SOA, NODE, RRSET } from '../table/layout.ts'
import type { Lookup } from './lookup.ts'
import { POINTER, POINTER_MAX, type Message } from './message.ts'

/** Octets from a record's type field to its data. */
const FIXED = 10
/** Octets of an SOA's data after its two names; the serial is the first field. */
const SOA_TIMES = 20

/** Answers from a node's RRsets. One per thread, reused; nothing is allocated. */
export class NodeAnswer {
  readonly #table: DataView
  readonly #message: Message
  readonly #lookup: Lookup
  readonly #name = new Uint8Array(264)
  readonly #nameView = new DataView(this.#name.buffer)

  constructor(table: DataView, message: Message, lookup: Lookup) {
    this.#table = table
    this.#message = message
    this.#lookup = lookup
  }

  /** The directory entry of the node's RRset of this type, or 0. */
  findSet(node: number, type: number): number {
    const count = this.#table.getInt32(node + NODE.RRSET_COUNT, true)
    for (let i = 0; i < count; i++) {
      const set = node + NODE.RRSETS + i * RRSET.SIZE
      if (this.#table.getInt32(set + RRSET.TYPE, true) === type) return set
    }
    return 0
  }

  /** Whether the node has any records that a question could be answered with. */
  hasData(node: number): boolean {
    return this.#table.getInt32(node + NODE.RRSET_COUNT, true) > 0
  }

  /** Writes an RRset owned by the name at offset `owner`, whole or, truncated, not at all. */
  writeSet(node: number, set: number, owner: number): boolean {
    const count = this.#writeRecords(node, set, owner)
    if (count === 0) this.#message.isTruncated = true
    this.#message.answers += count
    return count > 0
  }

  /**
   * The SOA of a negative answer, for the zone whose apex ends the name at `owner`: without it the
   * answer could not be kept (RFC 2308 §3), so when it does not fit the client is to ask again.
   */
  writeNegative(apex: number, owner: number, nameLength: number): void {
    const set = this.findSet(apex, NEGATIVE_SOA)
    if (set === 0) return
    const apexLength = this.#table.getInt32(apex + NODE.NAME_LENGTH, true)
    const count = this.#writeRecords(apex, set, owner + nameLength - apexLength)
    if (count === 0) this.#message.isTruncated = true
    this.#message.authorities += count
  }

  /** NS of a delegation and the glue that is needed to follow it (RFC 9471: or TC). */
  writeReferral(cut: number, owner: number): void {
    const set = this.findSet(cut, TYPE.NS)
    if (set === 0) return
    const start = this.#message.at
    const count = this.#writeRecords(cut, set, owner)
    if (count === 0) this.#message.isTruncated = true
    this.#message.authorities += count
    this.writeAdditional(TYPE.NS, start, count, true)
  }

  /**
   * Addresses of the names that `count` records of `type` at `start` point at, as far as the table
   * has them. Trimmed without a sign when they do not fit, unless they are required glue.
   */
  writeAdditional(type: number, start: number, count: number, isGlue: boolean): void {
    const skip = type === TYPE.NS ? 0 : type === TYPE.MX ? 2 : type === TYPE.SRV ? 6 : -1
    if (skip < 0 || (this.#message.isMinimal && !isGlue)) return
    let at = start
    for (let i = 0; i < count; i++) {
      const length = this.#u16(at + 2 + 8)
      this.#writeTarget(at + 2 + FIXED + skip, isGlue)
      at += 2 + FIXED + length
    }
  }

  #u16(at: number): number {
    return this.#message.view.getUint16(this.#message.start + at)
  }

  #writeTarget(target: number, isGlue: boolean): void {
    if (target > POINTER_MAX) return
    const length = this.#readName(target)
    const node = this.#lookup.findExact(this.#nameView, length)
    if (node === 0 || !this.#lookup.isNode(node)) return
    for (const type of ADDRESS_TYPES) {
      const set = this.findSet(node, type)
      if (set === 0) continue
      const count = this.#writeRecords(node, set, target)
      this.#message.additionals += count
      if (count === 0 && isGlue) this.#message.isTruncated = true
    }
  }

  /** Lower-cases the uncompressed name at `from` in the message; the answer is its length. */
  #readName(from: number): number {
    const { view, start } = this.#message
    let at = 0
    for (;;) {
      const size = view.getUint8(start + from + at)
      this.#name[at] = size
      if (size === 0) return at + 1
      for (let i = at + 1; i <= at + size; i++) {
        const octet = view.getUint8(start + from + i)
        this.#name[i] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
      }
      at += 1 + size
    }
  }

  /** Copies an RRset's records and points their owners; 0 when they do not fit. */
  #writeRecords(node: number, set: number, owner: number): number {
    const message = this.#message
    const bytes = this.#table.getInt32(set + RRSET.BYTES, true)
    if (bytes > message.room || owner > POINTER_MAX) return 0
    const start = message.at
    message.copy(this.#table, node + this.#table.getInt32(set + RRSET.OFFSET, true), bytes)
    for (let at = start; at < message.at;) {
      message.view.setUint16(message.start + at, POINTER | owner)
      at += 2 + FIXED + this.#u16(at + 2 + 8)
    }
    if (this.#isLiveSoa(node, set)) {
      const serial = this.#table.getInt32(HEADER.SERIAL, true)
      message.view.setInt32(message.start + message.at - SOA_TIMES, serial)
    }
    return this.#table.getInt32(set + RRSET.COUNT, true)
  }

  /** The SOA of a zone that follows the registry: its serial is the registry's revision. */
  #isLiveSoa(node: number, set: number): boolean {
    const type = this.#table.getInt32(set + RRSET.TYPE, true)
    if (type !== TYPE.SOA && type !== NEGATIVE_SOA) return false
    return this.#lookup.hasFlag(node, FLAG.DYNAMIC)
  }
}

const ADDRESS_TYPES: readonly number[] = [TYPE.A, TYPE.AAAA]
