import type { Rng } from '../../../kernel/rng.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { LOCALITY, SECTION, SECTION_FLAG, SERVICE, SRV } from '../table/layout.ts'
import { AnswerCount } from './answer-count.ts'
import type { Client } from './client.ts'
import type { FastNode } from './fast-node.ts'
import type { FastQuery } from './fast-query.ts'
import { Sampler } from './sample.ts'
import { Selectors } from './selectors.ts'
import type { Told } from './told.ts'

/** A pointer to the question's name, as the upper half of a word. */
const TO_QNAME = 0xc00c_0000
const CLASS_HIGH: number = CLASS.IN << 16
const RECORD_OVERHEAD = 12
const SRV_BYTES_MIN: number = RECORD_OVERHEAD + 6 + 3
/** From a record's start to the target of SRV. */
const TO_TARGET: number = RECORD_OVERHEAD + 6
const POINTER = 0xc000
const POINTER_MAX = 0x3fff

export interface FastServiceParts {
  readonly table: DataView
  readonly told: Told
  /** For what a service has not. */
  readonly node: FastNode
  readonly rng: Rng
  readonly client: Client
  readonly localNets: readonly number[]
  /** Some clients have a cluster of their own: services that care take the complete path. */
  readonly hasLocalities: boolean
}

/**
 * What `ServiceAnswer` writes for a plain name, behind the question of a message of less than 16
 * KiB. Reused; nothing is allocated.
 */
export class FastService {
  readonly #told: Told
  readonly #node: FastNode
  readonly #table: DataView
  readonly #sampler: Sampler
  readonly #count: AnswerCount
  readonly #hasLocalities: boolean
  readonly #toldHosts = new Int32Array(1 << 16)
  #stamp = 0

  constructor(parts: FastServiceParts) {
    const { table, told, node, rng, client, localNets, hasLocalities } = parts
    this.#table = table
    this.#told = told
    this.#node = node
    this.#sampler = new Sampler(rng)
    this.#count = new AnswerCount(table, client, new Selectors(), localNets)
    this.#hasLocalities = hasLocalities
  }

  /** Where the records end in the message; 0: nothing was written. */
  write(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    if (this.#hasLocalities) {
      if (table.getInt32(block + SERVICE.LOCALITY, true) !== LOCALITY.OFF) return 0
    }
    const { type } = query
    if (type === TYPE.A) return this.#writeV4(packet, base, query, block)
    if (type === TYPE.AAAA) return this.#writeV6(packet, base, query, block)
    if (type === TYPE.SRV) return this.#writeSrvs(packet, base, query, block)
    if (type === TYPE.TXT) return this.#writeText(packet, base, query, block)
    return this.#node.writeNegative(packet, base, query, block)
  }

  #writeText(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const from = block + table.getInt32(block + SERVICE.TXT_OFFSET, true)
    const bytes = table.getInt32(block + SERVICE.TXT_BYTES, true)
    this.#told.answers = 1
    return this.#node.copy(packet, base, query, from, bytes)
  }

  #writeV4(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const section = block + SERVICE.SECTIONS
    const size = table.getInt32(section + SECTION.A_COUNT, true)
    if (size === 0) return this.#node.writeNegative(packet, base, query, block)
    const sums = block + table.getInt32(section + SECTION.A_TABLE, true)
    const addresses = sums + size * 8
    const picks = this.#pick(query, block, sums, size, 4)
    const { picked } = this.#sampler
    const ttl = table.getInt32(block + SERVICE.TTL, true)
    const first = CLASS_HIGH | (ttl >>> 16)
    const second = (ttl << 16) | 4
    const end = base + query.questionEnd + picks * 16
    for (let to = base + query.questionEnd, i = 0; to < end; to += 16, i++) {
      packet.setInt32(to, TO_QNAME | TYPE.A)
      packet.setInt32(to + 4, first)
      packet.setInt32(to + 8, second)
      packet.setInt32(to + 12, table.getInt32(addresses + (picked[i] ?? 0) * 4))
    }
    return end - base
  }

  #writeV6(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const section = block + SERVICE.SECTIONS
    const size = table.getInt32(section + SECTION.AAAA_COUNT, true)
    if (size === 0) return this.#node.writeNegative(packet, base, query, block)
    const sums = block + table.getInt32(section + SECTION.AAAA_TABLE, true)
    const picks = this.#pick(query, block, sums, size, 16)
    const { picked } = this.#sampler
    const ttl = table.getInt32(block + SERVICE.TTL, true)
    let to = base + query.questionEnd
    for (let i = 0; i < picks; i++) {
      const from = sums + size * 8 + (picked[i] ?? 0) * 16
      packet.setInt32(to, TO_QNAME | TYPE.AAAA)
      packet.setInt32(to + 4, CLASS_HIGH | (ttl >>> 16))
      packet.setInt32(to + 8, (ttl << 16) | 16)
      for (let k = 0; k < 16; k += 4) packet.setInt32(to + 12 + k, table.getInt32(from + k))
      to += RECORD_OVERHEAD + 16
    }
    return to - base
  }

  /** How many addresses of `octets` octets are answered with; `picked` has them. */
  #pick(query: FastQuery, block: number, sums: number, size: number, octets: 4 | 16): number {
    const table = this.#table
    const count = this.#count
    const told = this.#told
    const flags = table.getInt32(block + SERVICE.SECTIONS + SECTION.FLAGS, true)
    told.isFailOpen = (flags & SECTION_FLAG.PROTECTED) !== 0
    const wanted = count.decide(block, flags, sums + size * 8, size, octets)
    const room = query.limit - query.questionEnd
    const fitting = Math.max(0, Math.floor(room / (RECORD_OVERHEAD + octets)))
    // Only "all" can fail to fit, or everything (dns.md §2.4 rule 6).
    told.isTruncated = fitting < (count.isAll ? size : 1)
    told.answers = this.#sampler.pick(table, sums, size, Math.min(wanted, fitting))
    return told.answers
  }

  #writeSrvs(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const section = block + SERVICE.SECTIONS
    const size = table.getInt32(section + SECTION.SRV_COUNT, true)
    if (size === 0) return this.#node.writeNegative(packet, base, query, block)
    const sums = block + table.getInt32(section + SECTION.SRV_TABLE, true)
    const offsets = sums + size * 8
    const end = base + query.limit
    let to = base + query.questionEnd
    const fitting = Math.floor((end - to) / SRV_BYTES_MIN) + 1
    const picks = this.#sampler.pick(table, sums, size, Math.min(size, fitting))
    const { picked } = this.#sampler
    let told = 0
    for (; told < picks; told++) {
      const record = block + table.getInt32(offsets + (picked[told] ?? 0) * 4, true)
      const bytes = table.getInt32(record + SRV.RECORD_BYTES, true)
      if (to + 2 + bytes > end) break
      packet.setUint16(to, TO_QNAME >>> 16)
      to += 2
      // By words: what is too much is overwritten, or behind the message.
      for (let i = 0; i < bytes; i += 4) {
        packet.setInt32(to + i, table.getInt32(record + SRV.RECORD + i))
      }
      to += bytes
    }
    this.#told.answers = told
    this.#told.isTruncated = told < picks
    const flags = table.getInt32(section + SECTION.FLAGS, true)
    this.#told.isFailOpen = (flags & SECTION_FLAG.PROTECTED) !== 0
    return this.#writeTargets(packet, base, query, block, to - base)
  }

  /** Addresses of the targets, each once, as far as they fit. */
  #writeTargets(
    packet: DataView,
    base: number,
    query: FastQuery,
    block: number,
    from: number,
  ): number {
    const table = this.#table
    const section = block + SERVICE.SECTIONS
    const size = table.getInt32(section + SECTION.SRV_COUNT, true)
    const offsets = block + table.getInt32(section + SECTION.SRV_TABLE, true) + size * 8
    const ttl = table.getInt32(block + SERVICE.TTL, true)
    const { picked } = this.#sampler
    const hosts = this.#toldHosts
    const stamp = (this.#stamp = (this.#stamp + 1) | 0)
    const end = base + query.limit
    let target = query.questionEnd + TO_TARGET
    let to = base + from
    const { answers } = this.#told
    let additionals = 0
    for (let i = 0; i < answers; i++) {
      const record = block + table.getInt32(offsets + (picked[i] ?? 0) * 4, true)
      const octets = table.getInt32(record + SRV.ADDRESS_BYTES, true)
      const at = target
      target += 2 + table.getInt32(record + SRV.RECORD_BYTES, true)
      // What stands too far back cannot be pointed at (RFC 1035 §4.1.4).
      if (octets === 0 || at > POINTER_MAX) continue
      const host = table.getInt32(record + SRV.HOST, true)
      if (hosts[host] === stamp) continue
      if (to + RECORD_OVERHEAD + octets > end) break
      hosts[host] = stamp
      packet.setInt32(to, ((POINTER | at) << 16) | (octets === 4 ? TYPE.A : TYPE.AAAA))
      packet.setInt32(to + 4, CLASS_HIGH | (ttl >>> 16))
      packet.setInt32(to + 8, (ttl << 16) | octets)
      for (let k = 0; k < octets; k += 4) {
        packet.setInt32(to + 12 + k, table.getInt32(record + SRV.ADDRESS + k))
      }
      to += RECORD_OVERHEAD + octets
      additionals++
    }
    this.#told.additionals = additionals
    return to - base
  }
}
