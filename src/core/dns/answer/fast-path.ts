import type { Rng } from '../../../kernel/rng.ts'
import { BLOCK, FLAG, HEADER, KIND } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { NameFinder } from '../table/name-index.ts'
import { TYPE } from '../protocol.ts'
import type { Client } from './client.ts'
import { FastQuery, OPT_BYTES } from './fast-query.ts'
import { FastService } from './fast-service.ts'
import type { ResponderSettings } from './responder.ts'

/** Flags of the answer: QR and AA; RD is copied, RA is added for who may recurse. */
const QR_AA = 0x8400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
/** Octets of an EDE option without words (RFC 8914). */
const EDE_BYTES = 6
/** Code, length, info code 29 (Synthesized). */
const EDE_OPTION = 0x000f_0002
const EDE_SYNTHESIZED = 29
/** Copies go by words: so many octets behind the message may be written, too. */
const SLACK = 4

export interface FastPathParts {
  readonly memory: TableMemory
  readonly settings: Pick<ResponderSettings, 'udpSize' | 'localNets' | 'localities' | 'spellings'>
  readonly rng: Rng
  /** Who asks; filled in before each query, as for the `Responder`. */
  readonly client: Client
  /** Whether the client may have us ask others; filled in before each query. */
  readonly foreign?: { readonly isAllowed: boolean } | undefined
}

/**
 * The short way for what is asked most: it writes the answer over the query, in the same octets
 * that the `Responder` would give, or does nothing at all. For UDP, and for clients that are
 * exempt (`Gate.isExempt`) alone: nothing is counted against anybody. One per thread; nothing is
 * allocated.
 */
export class FastPath {
  /** Of the last answer, for the counters. */
  type = 0
  rcode = 0
  answers = 0
  isTruncated = false
  isFailOpen = false
  readonly #table: DataView
  readonly #finder: NameFinder
  readonly #query: FastQuery
  readonly #services: FastService
  readonly #udpSize: number
  readonly #foreign: { readonly isAllowed: boolean } | undefined

  constructor({ memory, settings, rng, client, foreign }: FastPathParts) {
    this.#table = memory.view
    this.#finder = new NameFinder(memory)
    this.#query = new FastQuery(memory, settings.udpSize)
    const hasLocalities = (settings.localities ?? []).length > 0
    const { localNets } = settings
    this.#services = new FastService({ table: memory.view, rng, client, localNets, hasLocalities })
    this.#udpSize = settings.udpSize
    this.#foreign = foreign
  }

  /**
   * Answers the query in `packet[base, base + length)` in its place; nothing beyond
   * `base + room` is touched. The answer's length, or 0: take the complete path, the query is as it
   * was. `room` should be 4 octets more than the largest answer.
   */
  respond(packet: DataView, base: number, length: number, room: number): number {
    const query = this.#query
    if (!query.parse(packet, base, length)) return 0
    if (query.limit + OPT_BYTES + SLACK > room) return 0
    const { keyView, nameLength, hash } = query
    const block = this.#finder.findBlock(keyView, nameLength, hash)
    if (block === 0) return 0
    const table = this.#table
    const flags = table.getInt32(block + BLOCK.FLAGS, true)
    if (table.getInt32(block + BLOCK.KIND, true) !== KIND.SERVICE) return 0
    if ((flags & FLAG.UNREADY) !== 0 || table.getInt32(HEADER.READY, true) === 0) return 0
    const services = this.#services
    const { type } = query
    if (type !== TYPE.A && type !== TYPE.AAAA && type !== TYPE.SRV) return 0
    const end = services.write(packet, base, query, block)
    return end === 0 ? 0 : this.#finish(packet, base, end)
  }

  /** OPT and header; `end` is where the records end. */
  #finish(packet: DataView, base: number, end: number): number {
    const query = this.#query
    const { answers, additionals, isTruncated, isFailOpen } = this.#services
    this.type = query.type
    this.rcode = 0
    this.answers = answers
    this.isTruncated = isTruncated
    this.isFailOpen = isFailOpen
    const recursion = this.#foreign?.isAllowed === true ? RA : 0
    const flags = QR_AA | (query.head & RD) | recursion | (isTruncated ? TC : 0)
    packet.setInt32(base, (query.head & 0xffff_0000) | flags)
    packet.setInt32(base + 4, 0x1_0000 | answers)
    packet.setInt32(base + 8, additionals + (query.hasOpt ? 1 : 0))
    return query.hasOpt ? this.#writeOpt(packet, base, end) : end
  }

  #writeOpt(packet: DataView, base: number, at: number): number {
    const { limit, wantsDnssec } = this.#query
    const to = base + at
    packet.setUint8(to, 0)
    packet.setInt32(to + 1, (TYPE.OPT << 16) | this.#udpSize)
    packet.setInt32(to + 5, wantsDnssec ? 0x8000 : 0)
    // An explanation is a courtesy: it never costs a record (RFC 8914 §3).
    const isExplained = this.isFailOpen && at + EDE_BYTES <= limit
    packet.setUint16(to + 9, isExplained ? EDE_BYTES : 0)
    if (!isExplained) return at + OPT_BYTES
    packet.setInt32(to + OPT_BYTES, EDE_OPTION)
    packet.setUint16(to + OPT_BYTES + 4, EDE_SYNTHESIZED)
    return at + OPT_BYTES + EDE_BYTES
  }
}
