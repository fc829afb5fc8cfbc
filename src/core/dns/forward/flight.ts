import type { Rng } from '../../../kernel/rng.ts'
import { EDE, RCODE } from '../protocol.ts'
import type { Entry } from './entry.ts'
import type { Question } from './question.ts'
import { readAnswer, refusesEdns, type UpstreamAnswer } from './read-answer.ts'
import {
  MATCH,
  matchAnswer,
  PLAIN_UDP_BYTES,
  UPSTREAM_UDP_BYTES,
  writeRequest,
  type Request,
} from './request.ts'
import type { Route } from './routes.ts'
import { sift } from './sift.ts'
import { orderUpstreams, type Upstream } from './upstream.ts'

/** Stubs give up after 5 s (glibc): an answer later than this helps nobody. */
export const FLIGHT_MAX_MS = 4_500
/** Tries over all upstreams, retries for TC, TCP and plain DNS not counted. */
const TRIES_MAX = 4
/** Packets that are not the answer, until one query is no longer left to UDP (dns.md §1.8). */
const WRONG_MAX = 5

export type Via = 'udp' | 'tcp'

/** One query to send; `exchange` names it in what comes back. */
export interface Ask {
  readonly exchange: number
  readonly upstream: Upstream
  readonly via: Via
  readonly packet: Uint8Array
}

export type Outcome =
  | { readonly kind: 'answer'; readonly entry: Entry }
  | { readonly kind: 'failure'; readonly ede: number }

/** What is to be done next. Whatever comes, `wakeAt` of the flight is when time has a say. */
export type Move =
  | { readonly kind: 'wait' }
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'done'; readonly outcome: Outcome }

export interface FlightSettings {
  /** 0x20: the case of names is made of chance. */
  readonly isMixed: boolean
  /** Seconds. */
  readonly ttlMax: number
  readonly negativeTtlMax: number
}

export interface FlightParts {
  readonly question: Question
  readonly route: Route
  readonly settings: FlightSettings
  /** Not guessable. */
  readonly rng: Rng
}

interface Exchange {
  readonly upstream: Upstream
  readonly via: Via
  readonly request: Request
  readonly sentAt: number
  isOpen: boolean
  isLate: boolean
}

const WAIT: Move = { kind: 'wait' }

/**
 * One question on its way through the upstreams of its route. Earlier exchanges stay open while
 * later ones are tried: the first answer that is right wins, a wrong one is as if it had not come.
 */
export class Flight {
  readonly question: Question
  /** When `wake` is to be called. */
  wakeAt: number
  /** Packets that came and were not the answer. */
  wrong = 0
  readonly #route: Route
  readonly #settings: FlightSettings
  readonly #rng: Rng
  readonly #order: readonly Upstream[]
  readonly #exchanges: Exchange[] = []
  readonly #deadline: number
  /** Upstreams that were asked over TCP: once is enough. */
  readonly #overTcp = new Set<Upstream>()
  /** Upstreams that refused this question with EDNS, and are asked without. */
  readonly #plain = new Set<Upstream>()
  /** Upstreams that have said no: they would say it again. */
  readonly #spent = new Set<Upstream>()
  #tries = 0
  #ede: number = EDE.NO_REACHABLE_AUTHORITY

  constructor({ question, route, settings, rng }: FlightParts, now: number) {
    this.question = question
    this.#route = route
    this.#settings = settings
    this.#rng = rng
    this.#order = orderUpstreams(route.upstreams, now, rng)
    this.#deadline = now + FLIGHT_MAX_MS
    this.wakeAt = this.#deadline
  }

  start(now: number): Move {
    return this.#next(now)
  }

  /** A packet from where the exchange was sent to. */
  receive(exchange: number, bytes: Uint8Array, now: number): Move {
    const asked = this.#exchanges[exchange]
    if (asked === undefined || !asked.isOpen) return WAIT
    const match = matchAnswer(asked.request, bytes)
    if (match === MATCH.WRONG) return this.#discard(asked, now)
    if (match === MATCH.BARE_REFUSAL) return this.#takeBareRefusal(asked, now)
    if (match === MATCH.OTHER_CASE) {
      if (asked.via === 'udp') return this.#doubt(asked, now)
      asked.upstream.foldsCase(now)
    }
    return this.#take(asked, bytes, now)
  }

  /** The network refused the exchange. */
  fail(exchange: number, now: number): Move {
    const asked = this.#exchanges[exchange]
    if (asked === undefined || !asked.isOpen) return WAIT
    this.#ede = EDE.NETWORK_ERROR
    asked.upstream.wasSilent(now)
    return this.#giveUp(asked, now)
  }

  /** It is `wakeAt`, or later. */
  wake(now: number): Move {
    const last = this.#exchanges.at(-1)
    if (last !== undefined && last.isOpen && !last.isLate) {
      last.isLate = true
      last.upstream.wasSilent(now)
    }
    if (now >= this.#deadline) return this.#fail()
    return this.#next(now)
  }

  /** The next try: another upstream, or the first one again with more patience. */
  #next(now: number): Move {
    const count = this.#order.length
    const triesMax = count === 0 ? 0 : Math.max(TRIES_MAX, count)
    while (this.#tries < triesMax && now < this.#deadline) {
      const upstream = this.#order[this.#tries % count]
      const round = Math.floor(this.#tries / count)
      this.#tries++
      if (upstream === undefined || this.#spent.has(upstream)) continue
      return this.#ask(upstream, 'udp', now, upstream.waitMs(round))
    }
    this.wakeAt = this.#deadline
    return this.#exchanges.some(({ isOpen }) => isOpen) ? WAIT : this.#fail()
  }

  #ask(upstream: Upstream, via: Via, now: number, waitMs: number): Move {
    const style = {
      isMixed: this.#settings.isMixed && upstream.keepsCase(now),
      hasEdns: upstream.hasEdns(now) && !this.#plain.has(upstream),
      wantsAuthentic: upstream.isTrusted,
    }
    const request = writeRequest(this.question, style, this.#rng)
    const exchange = this.#exchanges.length
    if (via === 'tcp') this.#overTcp.add(upstream)
    this.#exchanges.push({ upstream, via, request, sentAt: now, isOpen: true, isLate: false })
    this.wakeAt = Math.min(this.#deadline, now + waitMs)
    return { kind: 'ask', ask: { exchange, upstream, via, packet: request.packet } }
  }

  /** Over TCP a forger must see what is sent. It takes two round trips more. */
  #askOverTcp(asked: Exchange, now: number): Move {
    if (asked.via === 'tcp' || this.#overTcp.has(asked.upstream)) return WAIT
    return this.#ask(asked.upstream, 'tcp', now, asked.upstream.waitMs(2))
  }

  /** It proves no more than ID and port: the answer may still come to the same exchange. */
  #takeBareRefusal(asked: Exchange, now: number): Move {
    if (!asked.request.hasEdns) return this.#giveUp(asked, now)
    return this.#plain.has(asked.upstream) ? this.#discard(asked, now) : this.#askPlain(asked, now)
  }

  /** Once: who refuses again is not asked again. */
  #askPlain(asked: Exchange, now: number): Move {
    if (this.#plain.has(asked.upstream)) return WAIT
    this.#plain.add(asked.upstream)
    return this.#ask(asked.upstream, asked.via, now, asked.upstream.waitMs(0))
  }

  #discard(asked: Exchange, now: number): Move {
    this.wrong++
    return this.wrong >= WRONG_MAX ? this.#askOverTcp(asked, now) : WAIT
  }

  /** All is right but the case of the name. */
  #doubt(asked: Exchange, now: number): Move {
    this.wrong++
    asked.upstream.answeredInOtherCase(now)
    return this.#askOverTcp(asked, now)
  }

  #take(asked: Exchange, bytes: Uint8Array, now: number): Move {
    const answer = readAnswer(bytes)
    const limit = asked.request.hasEdns ? UPSTREAM_UDP_BYTES : PLAIN_UDP_BYTES
    // Longer than we said we take: as good as truncated. A truncated one may end anywhere.
    const isTruncated = bytes.length > limit || ((bytes[2] ?? 0) & 2) !== 0
    if (asked.via === 'udp' && isTruncated) {
      asked.upstream.answered(now - asked.sentAt)
      asked.isOpen = false
      const move = this.#askOverTcp(asked, now)
      return move === WAIT ? this.#next(now) : move
    }
    if (answer === undefined) return this.#discard(asked, now)
    if (asked.via === 'udp') asked.upstream.answered(now - asked.sentAt)
    if (asked.request.hasEdns && refusesEdns(answer)) {
      asked.isOpen = false
      return this.#askPlain(asked, now)
    }
    const entry = this.#sift(answer, asked.upstream)
    if (entry === undefined) return this.#giveUp(asked, now)
    this.#learnEdns(asked, now)
    return { kind: 'done', outcome: { kind: 'answer', entry } }
  }

  /** A question that is refused in either way, say for its type, says nothing of EDNS. */
  #learnEdns({ upstream, request }: Exchange, now: number): void {
    if (request.hasEdns) upstream.answeredWithEdns()
    else if (this.#plain.has(upstream)) upstream.answeredOnlyPlain(now)
  }

  #sift(answer: UpstreamAnswer, { isTrusted }: Upstream): Entry | undefined {
    if (answer.rcode !== RCODE.NOERROR && answer.rcode !== RCODE.NXDOMAIN) return undefined
    const { ttlMax, negativeTtlMax } = this.#settings
    const { isInBailiwick } = this.#route
    return sift(answer, this.question, { isTrusted, ttlMax, negativeTtlMax, isInBailiwick })
  }

  #giveUp(asked: Exchange, now: number): Move {
    asked.isOpen = false
    this.#spent.add(asked.upstream)
    if (this.#plain.has(asked.upstream)) this.#closeAll(asked.upstream)
    // A try that is still within its time is not hurried by the failure of an older one.
    const last = this.#exchanges.at(-1)
    if (last !== undefined && last !== asked && last.isOpen && !last.isLate) return WAIT
    return this.#next(now)
  }

  /** It has refused the question with and without EDNS. */
  #closeAll(upstream: Upstream): void {
    for (const one of this.#exchanges) if (one.upstream === upstream) one.isOpen = false
  }

  #fail(): Move {
    return { kind: 'done', outcome: { kind: 'failure', ede: this.#ede } }
  }
}
