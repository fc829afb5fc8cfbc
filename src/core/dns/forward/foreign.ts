import type { Message } from '../answer/message.ts'
import type { FastQuery } from '../answer/fast-query.ts'
import type { Query } from '../answer/query.ts'
import type { Scalar } from '../counters.ts'
import { EDE, RCODE, TYPE } from '../protocol.ts'
import type { Cache, Cached } from './cache.ts'
import { EntryWriter, type Entry, type Showing } from './entry.ts'
import type { Failures } from './failures.ts'
import type { Outcome } from './flight.ts'
import type { LoopProbe } from './loop-probe.ts'
import { questionKey, type Question } from './question.ts'
import { markOf, type Recent } from './recent.ts'
import { answerReserved, type ReservedSettings } from './reserved.ts'
import type { Route, Routes } from './routes.ts'

/** What is known of a foreign name at once. */
export const LOOK = {
  /** Not answered to this client, or not at all: `rcode` and `ede` say it. */
  NO: 0,
  /** `write` gives it. */
  FOUND: 1,
  /** An upstream must be asked first: see `pending`. */
  PENDING: 2,
} as const

const RD = 0x0100
const CD = 0x0010
/** TTL of what is stale (RFC 8767 §5.2), seconds. */
const STALE_TTL = 30
/** 128 … 254 are questions about the transport or the zone, not about data (RFC 6895 §3.1). */
const META_FIRST = 128
const META_LAST = 254

/** What an upstream must be asked before the answer can be given. */
export interface Pending {
  readonly question: Question
  readonly route: Route
  /** Something stale can be served if that takes too long. */
  readonly hasStale: boolean
}

/** What came of a question that was pending, for the one who waited. */
export interface Given {
  readonly key: string
  readonly outcome: Outcome
}

export interface ForeignParts {
  readonly cache: Cache
  readonly recent: Recent
  readonly failures: Failures
  readonly probe: LoopProbe
  readonly reserved: ReservedSettings
  readonly count: (scalar: Scalar) => void
}

/**
 * Names outside of our zones, as the resolver sees them: cache, reserved names, routes. It never
 * asks anybody; what is missing is told in `pending`, and the whole query is answered again when
 * that is known. One per thread. The front sets the first fields before each message.
 */
export class ForeignNames {
  routes: Routes
  /** ms; the clock of the cache. */
  now = 0
  /** The client may have us ask others (RFC 5358). */
  isAllowed = false
  /** What came of this query's earlier questions; also what no cache may keep. */
  given: readonly Given[] = []
  /** No more questions for this query: what is missing counts as failed. */
  isLast = false

  pending: Pending | undefined
  /** A popular entry that soon runs out: ask for it without anybody waiting. */
  due: Pending | undefined
  rcode = 0
  ede: number = EDE.NONE
  isAuthentic = false
  readonly #parts: ForeignParts
  readonly #writer = new EntryWriter()
  #entry: Entry | undefined
  #showing: Showing = FRESH

  constructor(routes: Routes, parts: ForeignParts) {
    this.routes = routes
    this.#parts = parts
  }

  /** Before each message. */
  begin(): void {
    this.pending = undefined
    this.due = undefined
  }

  /** The name is `query.key[0, length)`, in lower case: that of the question, or an alias's. */
  look(query: Query, length: number): number {
    this.isAuthentic = false
    if (!this.isAllowed) return this.#no(RCODE.REFUSED, EDE.PROHIBITED)
    const { type, flags } = query
    const question: Question = {
      name: query.key.slice(0, length),
      type,
      isDnssec: query.wantsDnssec,
      isUnchecked: (flags & CD) !== 0,
    }
    const given = this.given.length > 0 ? this.#findGiven(question) : undefined
    if (given !== undefined) return this.#useOutcome(given)
    if (isMeta(type)) return this.#no(RCODE.REFUSED, EDE.NOT_SUPPORTED)
    const cached = this.#parts.cache.find(question, this.now)
    if (cached !== undefined && this.#isUsable(cached)) {
      const mark = markOf(type, question.isDnssec, question.isUnchecked)
      this.#parts.recent.note(cached, mark, query.keyView, length)
      return this.#useCached(cached, question)
    }
    return this.#lookBeyond(question, (flags & RD) !== 0, cached !== undefined)
  }

  /** For the short path: what the cache has, when showing it is all that is to be done. */
  recall(query: FastQuery): Cached | undefined {
    if (!this.isAllowed) return undefined
    const { type, wantsDnssec, head, hash, keyView, nameLength } = query
    const mark = markOf(type, wantsDnssec, (head & CD) !== 0)
    const cached = this.#parts.recent.find(hash, mark, keyView, nameLength)
    return cached?.isPlain(this.now) === true ? cached : undefined
  }

  /** What is fresh is given. */
  noteHit(cached: Cached): void {
    cached.hits++
    this.#parts.count('cache_hits')
  }

  /** Appends what was found for the name at `owner`; the offset of the next name, or 0. */
  write(message: Message, owner: number): number {
    const entry = this.#entry
    return entry === undefined ? 0 : this.#writer.write(message, entry, owner, this.#showing)
  }

  #findGiven(question: Question): Outcome | undefined {
    const key = questionKey(question)
    return this.given.find((one) => one.key === key)?.outcome
  }

  #useOutcome(outcome: Outcome): number {
    if (outcome.kind === 'failure') return this.#no(RCODE.SERVFAIL, outcome.ede)
    return this.#found(outcome.entry, FRESH, EDE.NONE)
  }

  #isUsable(cached: Cached): boolean {
    return cached.isFresh(this.now) || this.now < cached.staleUntil
  }

  #useCached(cached: Cached, question: Question): number {
    const { entry } = cached
    if (cached.isFresh(this.now)) {
      this.noteHit(cached)
      // What has just failed is not asked again at once (RFC 9520).
      const mayAsk = !this.#parts.failures.has(question, this.now)
      if (mayAsk && cached.wantsPrefetch(this.now)) this.due = this.#pendingFor(question, true)
      const showing = { age: cached.age(this.now), ttl: undefined, turn: cached.hits }
      return this.#found(entry, showing, EDE.NONE)
    }
    cached.hits++
    this.#parts.count('cache_stale')
    const ede = entry.rcode === RCODE.NXDOMAIN ? EDE.STALE_NXDOMAIN : EDE.STALE_ANSWER
    return this.#found(entry, { age: 0, ttl: STALE_TTL, turn: cached.hits }, ede)
  }

  /** Neither given nor in the cache. */
  #lookBeyond(question: Question, isRecursive: boolean, hasStale: boolean): number {
    const { probe, reserved, failures, count } = this.#parts
    const own = probe.answer(question)
    if (own !== undefined) return this.#found(own, FRESH, EDE.NONE)
    const hasRule = this.routes.conditional(question.name) !== undefined
    const local = hasRule ? undefined : answerReserved(question, reserved)
    if (local !== undefined) return this.#found(local, FRESH, EDE.NONE)
    const pending = this.#pendingFor(question, hasStale)
    if (pending === undefined) return this.#no(RCODE.REFUSED, EDE.NOT_AUTHORITATIVE)
    // RD=0 asks what we know; it is no order to find out (dns.md §1.8).
    if (!isRecursive) return this.#no(RCODE.REFUSED, EDE.NONE)
    if (failures.has(question, this.now)) return this.#no(RCODE.SERVFAIL, EDE.CACHED_ERROR)
    if (this.isLast) return this.#no(RCODE.SERVFAIL, EDE.NONE)
    count('cache_misses')
    this.pending = pending
    return LOOK.PENDING
  }

  #pendingFor(question: Question, hasStale: boolean): Pending | undefined {
    const route = this.routes.routeOf(question.name)
    return route === undefined ? undefined : { question, route, hasStale }
  }

  #found(entry: Entry, showing: Showing, ede: number): number {
    this.#entry = entry
    this.#showing = showing
    this.rcode = entry.rcode
    this.ede = ede
    this.isAuthentic = entry.isAuthentic && showing.ttl === undefined
    return LOOK.FOUND
  }

  #no(rcode: number, ede: number): number {
    this.#entry = undefined
    this.rcode = rcode
    this.ede = ede
    return LOOK.NO
  }
}

const FRESH: Showing = { age: 0, ttl: undefined, turn: 0 }

function isMeta(type: number): boolean {
  return type === 0 || type === TYPE.OPT || (type >= META_FIRST && type <= META_LAST)
}
