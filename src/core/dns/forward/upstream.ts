import type { Rng } from '../../../kernel/rng.ts'

/** Assumed of an upstream that never answered; ms. */
const FIRST_GUESS_MS = 300
/** Weight of the newest round trip (as TCP's, RFC 6298). */
const NEWEST = 1 / 8
const SLOWEST_MS = 1_500
/** First try: 1.2 × EWMA, within these bounds (dns.md §1.8). */
const WAIT_MIN_MS = 150
const WAIT_MAX_MS = 1_500
const WAIT_FACTOR = 1.2
/** Silent so often in a row: asked last, until a while has passed. */
const DOWN_AFTER = 3
const DOWN_MIN_MS = 1_000
const DOWN_MAX_MS = 30_000
/** That an upstream folds the case is looked at anew after this. */
const REMEMBER_MS = 3_600_000
/** And that it does not know EDNS: without it there are no signatures. */
const PLAIN_MS = 300_000
/** Questions in a row that were answered without EDNS, and only so, until it is left out. */
const PLAIN_AFTER = 3
/** UDP answers in another case, with TCP no help, until it is believed that the case is folded. */
const FOLDS_AFTER = 3
/** One query in so many goes to another upstream first: else a slow one stays slow for ever. */
const EXPLORE_ONE_IN = 32

export interface UpstreamAddress {
  /** IPv4 or IPv6 literal. */
  readonly address: string
  readonly port: number
}

/** One name server to ask, and what experience says of it. Times are ms of the caller's clock. */
export class Upstream {
  readonly address: string
  readonly port: number
  /** Its AD bit is believed. */
  readonly isTrusted: boolean
  /** It is ourselves, or it asks us in turn. */
  isLooping = false
  #ewmaMs = FIRST_GUESS_MS
  #silences = 0
  #downUntil = 0
  #plainUntil = 0
  #plainOnly = 0
  #foldsUntil = 0
  #otherCases = 0

  constructor({ address, port }: UpstreamAddress, isTrusted: boolean) {
    this.address = address
    this.port = port
    this.isTrusted = isTrusted
  }

  /** Round trip, exponentially weighted; ms. */
  get ewmaMs(): number {
    return this.#ewmaMs
  }

  waitMs(round: number): number {
    const wait = this.#ewmaMs * WAIT_FACTOR * 2 ** round
    return Math.min(WAIT_MAX_MS, Math.max(WAIT_MIN_MS, wait))
  }

  isDown(now: number): boolean {
    return this.#silences >= DOWN_AFTER && now < this.#downUntil
  }

  answered(roundTripMs: number): void {
    this.#silences = 0
    this.#ewmaMs += (Math.min(roundTripMs, SLOWEST_MS) - this.#ewmaMs) * NEWEST
  }

  /** No answer in time, or the network said no. */
  wasSilent(now: number): void {
    this.#silences++
    this.#ewmaMs = Math.min(SLOWEST_MS, this.#ewmaMs * 1.5)
    const backoff = DOWN_MIN_MS * 2 ** Math.min(10, this.#silences - DOWN_AFTER)
    this.#downUntil = now + Math.min(DOWN_MAX_MS, backoff)
  }

  hasEdns(now: number): boolean {
    return now >= this.#plainUntil
  }

  answeredWithEdns(): void {
    this.#plainOnly = 0
  }

  /** It refused a question with EDNS and answered it without; one refusal may be forged. */
  answeredOnlyPlain(now: number): void {
    if (++this.#plainOnly < PLAIN_AFTER) return
    this.#plainOnly = 0
    this.#plainUntil = now + PLAIN_MS
  }

  keepsCase(now: number): boolean {
    return now >= this.#foldsUntil
  }

  /** Over TCP nobody else can have answered: this upstream does not repeat the case. */
  foldsCase(now: number): void {
    this.#foldsUntil = now + REMEMBER_MS
  }

  /** Over UDP it may have been a forger; he would have to guess ID and port each time. */
  answeredInOtherCase(now: number): void {
    if (++this.#otherCases < FOLDS_AFTER) return
    this.#otherCases = 0
    this.foldsCase(now)
  }
}

/** In the order in which they are to be asked; those that loop are left out. */
export function orderUpstreams(
  upstreams: readonly Upstream[],
  now: number,
  rng: Rng,
): readonly Upstream[] {
  const usable = upstreams.filter(({ isLooping }) => !isLooping)
  const ordered = usable.toSorted((a, b) => rank(a, now) - rank(b, now))
  if (ordered.length < 2 || rng.u32() % EXPLORE_ONE_IN !== 0) return ordered
  const explored = ordered.splice(1 + (rng.u32() % (ordered.length - 1)), 1)
  return [...explored, ...ordered]
}

function rank(upstream: Upstream, now: number): number {
  return upstream.ewmaMs + (upstream.isDown(now) ? 2 * SLOWEST_MS : 0)
}
