import { TYPE } from '../protocol.ts'
import {
  BLOCK,
  FLAG,
  HEADER,
  NEGATIVE_SOA,
  NODE,
  RRSET,
  SIGNATURES,
  ZONE_SLOTS,
} from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import type { FastQuery } from './fast-query.ts'
import { POINTER } from './message.ts'
import type { Told } from './told.ts'

/** The question's name. */
const QNAME = 12
/** Octets of an SOA's data after its two names; the serial is the first field. */
const SOA_TIMES = 20

/**
 * What `NodeAnswer` writes for a node's own name when the answer is one RRset or the lack of one,
 * unsigned. Each method gives where the records end; 0: nothing was written, it takes more than
 * that. Reused; nothing is allocated.
 */
export class FastNode {
  readonly #table: DataView
  readonly #words: Int32Array
  readonly #told: Told

  constructor(memory: TableMemory, told: Told) {
    this.#table = memory.view
    this.#words = memory.words
    this.#told = told
  }

  /** The node's records of the type asked for, or the SOA when it has none. */
  write(packet: DataView, base: number, query: FastQuery, node: number): number {
    const table = this.#table
    const { type } = query
    const count = table.getInt32(node + NODE.RRSET_COUNT, true)
    let found = 0
    for (let i = 0, set = node + NODE.RRSETS; i < count; i++, set += RRSET.SIZE) {
      const its = table.getInt32(set + RRSET.TYPE, true)
      if (its === type) found = set
      // The alias is followed, the signatures are added.
      else if (its === TYPE.CNAME || (query.wantsDnssec && its >= SIGNATURES)) return 0
    }
    if (found === 0) return this.writeNegative(packet, base, query, node)
    if (hasTargets(type)) return 0
    const offset = table.getInt32(found + RRSET.OFFSET, true)
    const bytes = table.getInt32(found + RRSET.BYTES, true)
    const end = this.copy(packet, base, query, node + offset, bytes)
    if (end > 0) this.#told.answers = table.getInt32(found + RRSET.COUNT, true)
    return end
  }

  /** The SOA of the zone that the block is in (RFC 2308 §3). */
  writeNegative(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const apex = this.#apexOf(block)
    const flags = table.getInt32(apex + BLOCK.FLAGS, true)
    // A proof is asked for, and there is one.
    if (query.wantsDnssec && (flags & FLAG.SIGNED) !== 0) return 0
    const set = this.#findSoa(apex, query.wantsDnssec)
    if (set === 0) return 0
    const offset = table.getInt32(set + RRSET.OFFSET, true)
    const bytes = table.getInt32(set + RRSET.BYTES, true)
    const end = this.copy(packet, base, query, apex + offset, bytes)
    if (end === 0) return 0
    const owner = QNAME + query.nameLength - table.getInt32(apex + NODE.NAME_LENGTH, true)
    packet.setUint16(base + query.questionEnd, POINTER | owner)
    if ((flags & FLAG.DYNAMIC) !== 0) {
      packet.setInt32(base + end - SOA_TIMES, table.getInt32(HEADER.SERIAL, true))
    }
    this.#told.authorities = 1
    return end
  }

  /** Records that point at the question's name already, as a whole. */
  copy(packet: DataView, base: number, query: FastQuery, from: number, bytes: number): number {
    const table = this.#table
    const at = query.questionEnd
    if (at + bytes > query.limit) return 0
    const to = base + at
    let i = 0
    for (; i + 4 <= bytes; i += 4) packet.setInt32(to + i, table.getInt32(from + i))
    for (; i < bytes; i++) packet.setUint8(to + i, table.getUint8(from + i))
    return at + bytes
  }

  /** Octets of the name of the zone that the block is in. */
  apexLength(block: number): number {
    return this.#table.getInt32(this.#apexOf(block) + NODE.NAME_LENGTH, true)
  }

  #apexOf(block: number): number {
    const zone = this.#table.getInt32(block + BLOCK.ZONE, true)
    return this.#words[(ZONE_SLOTS + zone * 4) >> 2] ?? 0
  }

  /** The apex's SOA with the negative TTL, or 0: then also if signatures would be added to it. */
  #findSoa(apex: number, wantsDnssec: boolean): number {
    const table = this.#table
    const count = table.getInt32(apex + NODE.RRSET_COUNT, true)
    let found = 0
    for (let i = 0, set = apex + NODE.RRSETS; i < count; i++, set += RRSET.SIZE) {
      const type = table.getInt32(set + RRSET.TYPE, true)
      if (type === NEGATIVE_SOA) found = set
      else if (wantsDnssec && type >= SIGNATURES) return 0
    }
    return found
  }
}

/** What has additional records, or a field that is filled in when it is answered. */
function hasTargets(type: number): boolean {
  if (type === TYPE.NS || type === TYPE.SOA || type === TYPE.MX) return true
  return type === TYPE.SRV || type === TYPE.SVCB || type === TYPE.HTTPS
}
