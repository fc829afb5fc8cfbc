import { RCODE } from '../protocol.ts'
import { NO_ENTRY, type Entry } from './entry.ts'
import { nxdomainKey, questionKey, type Question } from './question.ts'

/** Objects and the slot in the map around the octets of an entry; measured, rounded up. */
const OVERHEAD_BYTES = 400
/** A stale answer given, its refresh is tried again after this (RFC 8767 §5). */
const RECHECK_MS = 30_000
/** Hits from which on a name is worth asking for before it runs out. */
const POPULAR_HITS = 2
/** Share of the TTL that is left when it is asked for again. */
const PREFETCH_SHARE = 0.1

/** The order of use lags by at most this: so often it is told of a name asked every moment. */
const USE_MS = 10_000

export interface CacheSettings {
  readonly bytesMax: number
  /** How long after its end an entry may still be served; 0: not at all. */
  readonly staleMs: number
}

/** An entry with its life; ms on the clock of `now`. */
export class Cached {
  entry: Entry
  /** Empty: the cache has given it up. */
  key: string
  readonly storedAt: number
  readonly expiresAt: number
  hits = 0
  /** Until then a stale answer is given without asking. */
  staleUntil = 0
  isRefreshing = false
  /** When the order of use was last told of it. */
  usedAt: number
  readonly bytes: number

  constructor(key: string, entry: Entry, now: number, bytes: number) {
    this.key = key
    this.entry = entry
    this.usedAt = now
    this.storedAt = now
    this.expiresAt = now + entry.ttl * 1_000
    this.bytes = bytes
  }

  isFresh(now: number): boolean {
    return now < this.expiresAt
  }

  age(now: number): number {
    return Math.floor((now - this.storedAt) / 1_000)
  }

  /** Fresh, not about to run out, and the order of use need not be told again. */
  isPlain(now: number): boolean {
    if (now - this.usedAt > USE_MS) return false
    return this.expiresAt - now > this.entry.ttl * 1_000 * PREFETCH_SHARE
  }

  get isGone(): boolean {
    return this.key === ''
  }

  /** Whoever still holds it holds an empty shell. */
  giveUp(): void {
    this.entry = NO_ENTRY
    this.key = ''
  }

  /** True once per life: soon to run out, and asked for often enough. */
  wantsPrefetch(now: number): boolean {
    if (this.isRefreshing || this.hits < POPULAR_HITS) return false
    if (this.expiresAt - now > this.entry.ttl * 1_000 * PREFETCH_SHARE) return false
    this.isRefreshing = true
    return true
  }
}

/** Answers by question, the least recently used given up first. Bounded in bytes. */
export class Cache {
  readonly #settings: CacheSettings
  /** In the order of use: a Map keeps the order in which keys were set. */
  readonly #entries = new Map<string, Cached>()
  #bytes = 0
  /** Entries given up for room. */
  evictions = 0

  constructor(settings: CacheSettings) {
    this.#settings = settings
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** Fresh, or stale but still to be served; a fresh "no such name" speaks for all types. */
  find(question: Question, now: number): Cached | undefined {
    const exact = this.#take(questionKey(question), now)
    if (exact?.isFresh(now) === true) return exact
    const none = this.#take(nxdomainKey(question), now)
    // What is known of the type itself is preferred to a stale denial of the name.
    return none?.isFresh(now) === true ? none : (exact ?? none)
  }

  put(question: Question, entry: Entry, now: number): void {
    const isNone = entry.rcode === RCODE.NXDOMAIN && entry.answers === 0
    const exact = questionKey(question)
    const none = nxdomainKey(question)
    // The newer word replaces both: a name that exists again is not denied by an old answer.
    this.#drop(exact)
    this.#drop(none)
    if (entry.ttl === 0) return
    const key = isNone ? none : exact
    const bytes = entry.body.byteLength + entry.marks.byteLength + key.length * 2 + OVERHEAD_BYTES
    if (bytes > this.#settings.bytesMax) return
    this.#entries.set(key, new Cached(key, entry, now, bytes))
    this.#bytes += bytes
    this.#shrink()
  }

  /** It was too busy for the refresh of a popular entry: the next hit may ask for it again. */
  leaveRefresh(question: Question, now: number): void {
    const cached = this.find(question, now)
    if (cached !== undefined) cached.isRefreshing = false
  }

  /** The refresh of a stale entry is late or failed: serve it for a while without asking. */
  holdStale(question: Question, now: number): boolean {
    const cached = this.find(question, now)
    if (cached === undefined) return false
    cached.isRefreshing = false
    cached.staleUntil = now + RECHECK_MS
    return true
  }

  #take(key: string, now: number): Cached | undefined {
    const cached = this.#entries.get(key)
    if (cached === undefined) return undefined
    if (now >= cached.expiresAt + this.#settings.staleMs) {
      this.#drop(key)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, cached)
    cached.usedAt = now
    return cached
  }

  #drop(key: string): void {
    const cached = this.#entries.get(key)
    if (cached === undefined) return
    this.#entries.delete(key)
    this.#bytes -= cached.bytes
    cached.giveUp()
  }

  #shrink(): void {
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= this.#settings.bytesMax) return
      this.#drop(key)
      this.evictions++
    }
  }
}
