import type { Rng } from '../../../kernel/rng.ts'
import { BLOCK, FLAG, HEADER, KIND } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { NameFinder } from '../table/name-index.ts'
import { RCODE, TYPE } from '../protocol.ts'
import type { Client } from './client.ts'
import { FastForeign, type Foreign } from './fast-foreign.ts'
import { FastNode } from './fast-node.ts'
import { FastQuery, OPT_BYTES } from './fast-query.ts'
import { FastService } from './fast-service.ts'
import { ReadAhead } from './read-ahead.ts'
import { isPlainName, type Spellings } from './respell.ts'
import type { ResponderSettings } from './responder.ts'
import { Told } from './told.ts'

/** RD is copied, RA added for who may recurse; AA for what is ours, CD and AD for what is not. */
const QR = 0x8000
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const AD = 0x0020
const CD = 0x0010
/** Octets of an EDE option without words (RFC 8914). */
const EDE_BYTES = 6
/** Code, length, info code 29 (Synthesized). */
const EDE_OPTION = 0x000f_0002
const EDE_SYNTHESIZED = 29
/** Copies go by words: so many octets behind the message may be written, too. */
const SLACK = 4
const UNDERSCORE = 0x5f
/** A delegation, what is below one, a zone that could not be read. */
const NOT_OWN: number = FLAG.CUT | FLAG.OCCLUDED | FLAG.UNREADY

export interface FastPathParts {
  readonly memory: TableMemory
  readonly settings: Pick<ResponderSettings, 'udpSize' | 'localNets' | 'localities' | 'spellings'>
  readonly rng: Rng
  /** Who asks; filled in before each query, as for the `Responder`. */
  readonly client: Client
  /** Names that are not ours; filled in before each query. Absent: they are refused. */
  readonly foreign?: Foreign | undefined
  /** Queries that are read before the first of them is answered, at most; 1. */
  readonly batch?: number
  /** Any transport with a connection: its clients are who they say they are, and have room. */
  readonly isTcp?: boolean
}

/**
 * The short way for what is asked most: it writes the answer over the query, in the same octets
 * that the `Responder` would give, or does nothing at all. For clients that are exempt
 * (`Gate.isExempt`), over connections for all: nothing is counted against anybody. One per thread
 * and kind of transport; nothing is allocated.
 */
export class FastPath {
  /** Of the last answer; good until the next query. */
  readonly told: Told = new Told()
  readonly #table: DataView
  readonly #finder: NameFinder
  /** Those of a batch. */
  readonly #queries: readonly FastQuery[]
  readonly #ahead: ReadAhead
  readonly #node: FastNode
  readonly #services: FastService
  readonly #spellings: Spellings
  readonly #udpSize: number
  readonly #foreign: Foreign | undefined
  readonly #fromCache: FastForeign | undefined

  constructor(parts: FastPathParts) {
    const { memory, settings, rng, client, foreign, batch = 1, isTcp = false } = parts
    const { told } = this
    const { view: table } = memory
    this.#table = table
    this.#finder = new NameFinder(memory)
    const make = (): FastQuery => new FastQuery(memory, settings.udpSize, isTcp)
    this.#queries = Array.from({ length: batch }, make)
    this.#ahead = new ReadAhead(memory, this.#finder, batch)
    const node = new FastNode(memory, told)
    this.#node = node
    const hasLocalities = (settings.localities ?? []).length > 0
    const { localNets } = settings
    const service = { table, told, node, rng, client, localNets, hasLocalities }
    this.#services = new FastService(service)
    this.#spellings = settings.spellings
    this.#udpSize = settings.udpSize
    this.#foreign = foreign
    // Over connections it is not tried yet.
    this.#fromCache = foreign && !isTcp ? new FastForeign(foreign, told) : undefined
  }

  /**
   * Answers the query in `packet[base, base + length)` in its place; nothing beyond
   * `base + room` is touched. The answer's length, or 0: take the complete path, the query is as it
   * was. `room` should be 4 octets more than the largest answer.
   */
  respond(packet: DataView, base: number, length: number, room: number): number {
    this.read(0, packet, base, length)
    return this.answer(0, packet, base, room)
  }

  /** Reads number `i` of a batch; it stays where it is until it is answered. */
  read(i: number, packet: DataView, base: number, length: number): void {
    const query = this.#queries[i]
    if (query === undefined) return
    query.parse(packet, base, length)
    this.#ahead.forget(i)
  }

  /** Has memory fetch what the first `count` queries of the batch will need. */
  lookAhead(count: number): void {
    this.#ahead.run(this.#queries, count)
  }

  /** As `respond`, for number `i` of a batch. */
  answer(i: number, packet: DataView, base: number, room: number): number {
    const query = this.#queries[i]
    if (query === undefined || !query.isUsual) return 0
    if (query.limit + OPT_BYTES + SLACK > room || isSpecial(query.type)) return 0
    this.told.reset(query.type)
    const { keyView, nameLength, hash } = query
    const entry = this.#ahead.entryOf(i)
    const block = this.#finder.findBlock(keyView, nameLength, hash, entry)
    const end =
      block === 0 ? this.#deny(packet, base, query) : this.#write(packet, base, query, block)
    return end === 0 ? 0 : this.#finish(packet, base, query, end)
  }

  /** The name is in the table: what it has; 0 as ever. */
  #write(packet: DataView, base: number, query: FastQuery, block: number): number {
    const table = this.#table
    const flags = table.getInt32(block + BLOCK.FLAGS, true)
    if ((flags & NOT_OWN) !== 0 || !this.#isReady(flags)) return 0
    const isNode = table.getInt32(block + BLOCK.KIND, true) === KIND.NODE
    if (isNode) return this.#node.write(packet, base, query, block)
    return this.#services.write(packet, base, query, block)
  }

  /**
   * The name is not: that it does not exist, where it has no other spelling (RFC 8020). With no
   * zone of ours above it, it is somebody else's, and may be in the cache.
   */
  #deny(packet: DataView, base: number, query: FastQuery): number {
    const encloser = this.#findEncloser(query)
    if (encloser === 0) return this.#fromCache?.write(packet, base, query) ?? 0
    if (query.key[1] === UNDERSCORE) return 0
    const flags = this.#table.getInt32(encloser + BLOCK.FLAGS, true)
    if ((flags & (NOT_OWN | FLAG.DNAME | FLAG.WILDCARD)) !== 0 || !this.#isReady(flags)) return 0
    if ((flags & FLAG.DYNAMIC) !== 0 && !this.#isPlain(query, encloser)) return 0
    this.told.rcode = RCODE.NXDOMAIN
    return this.#node.writeNegative(packet, base, query, encloser)
  }

  /** The block of the closest name above, or 0. */
  #findEncloser({ keyView, labelAt, labelCount, nameLength }: FastQuery): number {
    for (let i = 1; i <= labelCount; i++) {
      const block = this.#finder.find(keyView, labelAt[i] ?? 0, nameLength)
      if (block !== 0) return block
    }
    return 0
  }

  #isPlain({ key, nameLength }: FastQuery, encloser: number): boolean {
    const apexAt = nameLength - this.#node.apexLength(encloser)
    return isPlainName(key, 0, apexAt, this.#spellings)
  }

  /** False: the registry is not caught up, so nothing that is told of it would be true. */
  #isReady(flags: number): boolean {
    return (flags & FLAG.DYNAMIC) === 0 || this.#table.getInt32(HEADER.READY, true) !== 0
  }

  /** OPT and header; `end` is where the records end. */
  #finish(packet: DataView, base: number, query: FastQuery, end: number): number {
    const { head, hasOpt } = query
    const { rcode, answers, authorities, additionals, isTruncated, isForeign } = this.told
    const recursion = this.#foreign?.isAllowed === true ? RA : 0
    const whose = isForeign ? this.#foreignFlags(query) : AA
    const flags = QR | whose | (head & RD) | recursion | (isTruncated ? TC : 0) | rcode
    packet.setInt32(base, (head & 0xffff_0000) | flags)
    packet.setInt32(base + 4, 0x1_0000 | answers)
    packet.setInt32(base + 8, (authorities << 16) | (hasOpt ? additionals + 1 : additionals))
    return hasOpt ? this.#writeOpt(packet, base, query, end) : end
  }

  /** CD and AD where others were asked (RFC 4035 §3.2). */
  #foreignFlags({ head, wantsDnssec }: FastQuery): number {
    const wantsAuthentic = wantsDnssec || (head & AD) !== 0
    return (head & CD) | (this.told.isAuthentic && wantsAuthentic ? AD : 0)
  }

  #writeOpt(packet: DataView, base: number, query: FastQuery, at: number): number {
    const { limit, wantsDnssec } = query
    const to = base + at
    packet.setUint8(to, 0)
    packet.setInt32(to + 1, (TYPE.OPT << 16) | this.#udpSize)
    packet.setInt32(to + 5, wantsDnssec ? 0x8000 : 0)
    // An explanation is a courtesy: it never costs a record (RFC 8914 §3).
    const isExplained = this.told.isFailOpen && at + EDE_BYTES <= limit
    packet.setUint16(to + 9, isExplained ? EDE_BYTES : 0)
    if (!isExplained) return at + OPT_BYTES
    packet.setInt32(to + OPT_BYTES, EDE_OPTION)
    packet.setUint16(to + OPT_BYTES + 4, EDE_SYNTHESIZED)
    return at + OPT_BYTES + EDE_BYTES
  }
}

/** Types whose answers are more than the RRset of that type, or less. */
function isSpecial(type: number): boolean {
  if (type === TYPE.DS || type === TYPE.RRSIG || type === TYPE.NSEC) return true
  // 249 … 255: about transfers, signatures of messages, and ANY (RFC 6895 §3.1).
  return type >= 249 && type <= TYPE.ANY
}
