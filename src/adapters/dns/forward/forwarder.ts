import type { Rng } from '../../../kernel/rng.ts'
import type { Scalar } from '../../../core/dns/counters.ts'
import { EDE } from '../../../core/dns/protocol.ts'
import { Admission, type AdmissionLimits } from '../../../core/dns/forward/admission.ts'
import type { Cache } from '../../../core/dns/forward/cache.ts'
import type { Failures } from '../../../core/dns/forward/failures.ts'
import {
  Flight,
  FLIGHT_MAX_MS,
  type FlightSettings,
  type Outcome,
} from '../../../core/dns/forward/flight.ts'
import type { Given, Pending } from '../../../core/dns/forward/foreign.ts'
import { questionKey, type Question } from '../../../core/dns/forward/question.ts'
import type { Route } from '../../../core/dns/forward/routes.ts'
import { Trip } from './trip.ts'

/** A client waits so long for a refresh before it gets what is stale (RFC 8767 §5). */
const CLIENT_TIMER_MS = 1_800
/** Queries that wait for questions, in all; bounds the memory. */
const WAITERS_MAX = 10_000
/** The client whose share refreshes are taken from: no address looks like it. */
const NOBODY = ''

export interface ForwarderParts {
  readonly cache: Cache
  readonly failures: Failures
  readonly rng: Rng
  readonly flight: FlightSettings
  readonly limits: AdmissionLimits
  readonly now: () => number
  readonly count: (scalar: Scalar, by: number) => void
  /** Seconds that one question took. */
  readonly observe: (seconds: number) => void
}

/** Given what came of the question; undefined: serve what is stale. */
export type Done = (given: Given | undefined) => void

/** One question that is being asked, and who waits for it. */
interface Errand {
  readonly key: string
  readonly question: Question
  readonly route: Route
  readonly client: string
  readonly since: number
  waiting: Done[]
  trip: Trip | undefined
  /** When who waits gets what is stale. */
  staleTimer: NodeJS.Timeout | undefined
  /** When it has queued for too long. */
  queueTimer: NodeJS.Timeout | undefined
}

/** Asks upstreams: each question once at a time, however many clients wait for it. */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #errands = new Map<string, Errand>()
  readonly #admission: Admission<Errand>
  #waiters = 0

  constructor(parts: ForwarderParts) {
    this.#parts = parts
    this.#admission = new Admission(parts.limits)
  }

  get inFlight(): number {
    return this.#admission.inFlight
  }

  get queued(): number {
    return this.#admission.queued
  }

  /** `client` is whose budget pays for it; `done` is called once, never before this returns. */
  ask(pending: Pending, client: string, done: Done): void {
    const key = questionKey(pending.question)
    if (this.#waiters < WAITERS_MAX && this.#join(key, pending, client, done)) {
      this.#waiters++
      return
    }
    const given = this.#shed(key, pending.question)
    queueMicrotask(() => done(given))
  }

  /** Asks without anybody waiting; when there is no room, it is left. */
  refresh(pending: Pending): void {
    const key = questionKey(pending.question)
    if (this.#errands.has(key)) return
    if (!this.#admission.hasRoom(NOBODY)) {
      this.#parts.cache.leaveRefresh(pending.question, this.#parts.now())
      return
    }
    this.#parts.count('cache_prefetches', 1)
    this.#begin(key, pending, NOBODY, [])
  }

  /** Nobody is answered any more. */
  close(): void {
    for (const errand of this.#errands.values()) {
      errand.trip?.close()
      clearTimers(errand)
    }
    this.#errands.clear()
  }

  #join(key: string, pending: Pending, client: string, done: Done): boolean {
    const errand = this.#errands.get(key)
    if (errand === undefined) return this.#begin(key, pending, client, [done])
    errand.waiting.push(done)
    if (pending.hasStale) this.#offerStale(errand)
    return true
  }

  #begin(key: string, pending: Pending, client: string, waiting: Done[]): boolean {
    const { question, route, hasStale } = pending
    const errand: Errand = {
      key,
      question,
      route,
      client,
      waiting,
      since: this.#parts.now(),
      trip: undefined,
      staleTimer: undefined,
      queueTimer: undefined,
    }
    const verdict = this.#admission.enter(client, errand)
    if (verdict === 'full') return false
    this.#errands.set(key, errand)
    if (verdict === 'go') this.#start(errand)
    else errand.queueTimer = setTimeout(() => this.#expire(errand), FLIGHT_MAX_MS)
    if (hasStale && waiting.length > 0) this.#offerStale(errand)
    return true
  }

  #start(errand: Errand): void {
    const { flight: settings, rng, now, count } = this.#parts
    clearTimeout(errand.queueTimer)
    const { question, route } = errand
    const flight = new Flight({ question, route, settings, rng }, now())
    errand.trip = new Trip(flight, { now, count }, (outcome) => this.#land(errand, outcome))
    errand.trip.start()
  }

  /** It never got its turn; that says nothing about its upstreams. */
  #expire(errand: Errand): void {
    this.#admission.cancel(errand)
    this.#end(errand, this.#shed(errand.key, errand.question))
  }

  /** What is given to who cannot be asked for: what is stale, if there is anything. */
  #shed(key: string, question: Question): Given | undefined {
    const { cache, count, now } = this.#parts
    count('forward_shed', 1)
    if (cache.holdStale(question, now())) return undefined
    return { key, outcome: { kind: 'failure', ede: EDE.NONE } }
  }

  #land(errand: Errand, outcome: Outcome): void {
    const { cache, failures, now, count, observe } = this.#parts
    const { question, key, client, since } = errand
    observe((now() - since) / 1_000)
    let given: Given | undefined = { key, outcome }
    if (outcome.kind === 'answer') {
      cache.put(question, outcome.entry, now())
      failures.forget(question)
    } else {
      count('forward_failures', 1)
      failures.note(question, now())
      if (cache.holdStale(question, now())) given = undefined
    }
    const next = this.#admission.leave(client)
    this.#end(errand, given)
    if (next !== undefined) this.#start(next)
  }

  #end(errand: Errand, given: Given | undefined): void {
    clearTimers(errand)
    this.#errands.delete(errand.key)
    this.#tell(errand, given)
  }

  /** The refresh goes on; those who wait are served what there is. */
  #offerStale(errand: Errand): void {
    const { cache, now } = this.#parts
    errand.staleTimer ??= setTimeout(() => {
      errand.staleTimer = undefined
      if (cache.holdStale(errand.question, now())) this.#tell(errand, undefined)
    }, CLIENT_TIMER_MS)
  }

  #tell(errand: Errand, given: Given | undefined): void {
    const { waiting } = errand
    errand.waiting = []
    this.#waiters -= waiting.length
    for (const done of waiting) done(given)
  }
}

function clearTimers({ staleTimer, queueTimer }: Errand): void {
  clearTimeout(staleTimer)
  clearTimeout(queueTimer)
}
