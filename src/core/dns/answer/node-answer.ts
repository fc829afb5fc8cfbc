import { TYPE } from '../protocol.ts'
import { FLAG, HEADER, NEGATIVE_SOA, NODE, RRSET, SIGNATURES } from '../table/layout.ts'
import type { Lookup } from './lookup.ts'
import { POINTER, POINTER_MAX, type Message } from './message.ts'

/** Octets from a record's type field to its data. */
const FIXED = 10
/** Octets of an SOA's data after its two names; the serial is the first field. */
const SOA_TIMES = 20

/** Answers from a node's RRsets. One per thread, reused; nothing is allocated. */
export class NodeAnswer {
  /** The client asked for signatures (DO, RFC 4035 §3.1.1). */
  isSigned = false
  readonly #table: DataView
  readonly #message: Message
  readonly #lookup: Lookup

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

  /**
   * Writes an RRset owned by the name at offset `owner`, whole or, truncated, not at all, and its
   * signatures for those who want them; how many records, without these.
   */
  writeSet(node: number, set: number, owner: number): number {
    const count = this.put(node, set, owner)
    if (count === 0) this.#message.isTruncated = true
    this.#message.answers += count
    if (count > 0) this.#message.answers += this.putSignatures(node, this.typeOf(set), owner)
    return count
  }

  /** All signatures of the node, whatever they cover; false when it has none. */
  writeAllSignatures(node: number, owner: number): boolean {
    const count = this.#table.getInt32(node + NODE.RRSET_COUNT, true)
    let hasAny = false
    for (let i = 0; i < count; i++) {
      const set = node + NODE.RRSETS + i * RRSET.SIZE
      const type = this.typeOf(set)
      if ((type & SIGNATURES) === 0 || type === (SIGNATURES | NEGATIVE_SOA)) continue
      hasAny = true
      const put = this.put(node, set, owner)
      if (put === 0) this.#message.isTruncated = true
      this.#message.answers += put
    }
    return hasAny
  }

  /**
   * The signatures of the set that was put just now, for those who want them: how many. Without
   * them it is not whole: when they do not fit the client is to ask again (RFC 4035 §3.1.1).
   */
  putSignatures(node: number, type: number, owner: number): number {
    const set = this.isSigned ? this.findSet(node, SIGNATURES | type) : 0
    if (set === 0) return 0
    const count = this.put(node, set, owner)
    if (count === 0) this.#message.isTruncated = true
    return count
  }

  /**
   * The SOA of a negative answer, for the zone whose apex ends the name at `owner`: without it the
   * answer could not be kept (RFC 2308 §3), so when it does not fit the client is to ask again.
   */
  writeNegative(apex: number, owner: number, nameLength: number): void {
    const set = this.findSet(apex, NEGATIVE_SOA)
    if (set === 0) return
    const at = owner + nameLength - this.#table.getInt32(apex + NODE.NAME_LENGTH, true)
    this.writeAuthority(apex, NEGATIVE_SOA, at)
  }

  /** The node's set of this type in the authority section; how many records. */
  writeAuthority(node: number, type: number, owner: number): number {
    const set = this.findSet(node, type)
    if (set === 0) return 0
    const count = this.put(node, set, owner)
    if (count === 0) this.#message.isTruncated = true
    this.#message.authorities += count
    if (count > 0) this.#message.authorities += this.putSignatures(node, type, owner)
    return count
  }

  /** Copies an RRset's records and points their owners; 0 when they do not fit. */
  put(node: number, set: number, owner: number): number {
    const message = this.#message
    const bytes = this.#table.getInt32(set + RRSET.BYTES, true)
    if (bytes > message.room || owner > POINTER_MAX) return 0
    const start = message.at
    message.copy(this.#table, this.recordsOf(node, set), bytes)
    for (let at = start; at < message.at;) {
      message.view.setUint16(message.start + at, POINTER | owner)
      at += 2 + FIXED + message.view.getUint16(message.start + at + 2 + 8)
    }
    if (this.#isLiveSoa(node, set)) {
      const serial = this.#table.getInt32(HEADER.SERIAL, true)
      message.view.setInt32(message.start + message.at - SOA_TIMES, serial)
    }
    return this.#table.getInt32(set + RRSET.COUNT, true)
  }

  /** Where the set's first record starts in the table. */
  recordsOf(node: number, set: number): number {
    return node + this.#table.getInt32(set + RRSET.OFFSET, true)
  }

  /** The type of a directory entry; not always one of the wire. */
  typeOf(set: number): number {
    return this.#table.getInt32(set + RRSET.TYPE, true)
  }

  /** The node's first set: what ANY gets where HINFO could not be signed. */
  firstSet(node: number): number {
    return node + NODE.RRSETS
  }

  /** The SOA of a zone that follows the registry: its serial is the registry's revision. */
  #isLiveSoa(node: number, set: number): boolean {
    const type = this.typeOf(set)
    if (type !== TYPE.SOA && type !== NEGATIVE_SOA) return false
    return this.#lookup.hasFlag(node, FLAG.DYNAMIC)
  }
}
