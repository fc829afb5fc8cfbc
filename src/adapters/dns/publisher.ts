import { CairnError } from '../../kernel/errors.ts'
import type { ZoneTable } from '../../core/dns/compile/zone-table.ts'
import type { ServiceRef, Snapshot } from '../../core/registry/state.ts'
import type { Telemetry, ZonePublisher } from '../../engine/ports.ts'

/** A service whose compilation takes this long is compiled at most every second millisecond. */
const HEAVY_MS = 1
/** So much time per compile time passes before a heavy service is compiled again. */
const REST_FACTOR = 2
const REST_MAX_MS = 15
/** A service that found no room in the table is tried again after this. */
const RETRY_MS = 1_000
/** While replaced blocks wait for workers to leave them, and nothing is published, so often. */
const SWEEP_MS = 50
/** A sweep frees so many times what one publish frees: well below a millisecond. */
const SWEEP_TIMES = 8
/** One round stops here, so that the loop serves others; the rest comes in the next round. */
const ROUND_MS = 8

export interface PublisherOptions {
  readonly table: ZoneTable
  readonly telemetry: Pick<Telemetry, 'event'>
  /** Seconds from a commit to its answers. */
  readonly observeDelay: (seconds: number) => void
}

interface Dirty {
  readonly ref: ServiceRef
  /** When the commit came that is not compiled yet, and its revision. */
  readonly since: number
  readonly revision: number
  /** The table had no room for it. */
  readonly hasFailed: boolean
}

/**
 * Compiles what commits touched, at the end of the turn of the event loop: many changes of one
 * service in one turn cost one compilation. Huge services are compiled less often, never starved.
 */
export class TablePublisher implements ZonePublisher {
  readonly #options: PublisherOptions
  readonly #dirty = new Map<string, Dirty>()
  /** Heavy services: not before this time again. */
  readonly #restUntil = new Map<string, number>()
  #snapshot: Snapshot | undefined
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #sweepTimer: NodeJS.Timeout | undefined
  #isFull = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Services that wait to be compiled. */
  get backlog(): number {
    return this.#dirty.size
  }

  /** Seconds that the change which is first in line waits; 0 when none does. */
  lagSeconds(now: number = performance.now()): number {
    for (const { since } of this.#dirty.values()) return (now - since) / 1_000
    return 0
  }

  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void {
    this.#snapshot = snapshot
    const now = performance.now()
    for (const ref of touched) {
      const id = `${ref.namespace}\n${ref.group}\n${ref.name}`
      const waiting = this.#dirty.get(id)
      // It may fit now that it changed.
      if (waiting?.hasFailed === true) this.#restUntil.delete(id)
      if (waiting !== undefined) continue
      this.#dirty.set(id, { ref, since: now, revision: snapshot.revision, hasFailed: false })
    }
    this.#schedule(0)
  }

  /** A round at the end of this turn, or after a rest that a new change cuts short. */
  #schedule(delayMs: number): void {
    if (this.#isScheduled) return
    clearTimeout(this.#timer)
    if (delayMs > 0) {
      this.#timer = setTimeout(() => this.#round(), delayMs)
      return
    }
    this.#isScheduled = true
    setImmediate(() => this.#round())
  }

  #round(): void {
    this.#isScheduled = false
    const snapshot = this.#snapshot
    if (snapshot === undefined) return
    const started = performance.now()
    let now = started
    for (const [id, dirty] of this.#dirty) {
      if ((this.#restUntil.get(id) ?? 0) > now) continue
      this.#dirty.delete(id)
      const isDone = this.#compile(dirty.ref, snapshot)
      const done = performance.now()
      this.#noteCost(id, done, isDone ? done - now : RETRY_MS)
      if (isDone) this.#options.observeDelay((done - dirty.since) / 1000)
      else this.#dirty.set(id, { ...dirty, hasFailed: true })
      now = done
      if (now - started > ROUND_MS) break
    }
    this.#forgetRests(now)
    this.#options.table.settle(this.#settled(snapshot.revision))
    if (this.#dirty.size > 0) this.#schedule(now - started > ROUND_MS ? 0 : this.#restMs(now))
    this.#sweepLater()
  }

  /** A last burst must not hold its memory until something else is published. */
  #sweepLater(): void {
    clearTimeout(this.#sweepTimer)
    if (this.#options.table.waitingBytes === 0) return
    this.#sweepTimer = setTimeout(() => this.#sweep(), SWEEP_MS)
    this.#sweepTimer.unref()
  }

  #sweep(): void {
    for (let i = 0; i < SWEEP_TIMES; i++) this.#options.table.reclaim()
    this.#sweepLater()
  }

  /** How long all that waits still rests; at least 1 ms, so that nothing spins. */
  #restMs(now: number): number {
    let until = Number.POSITIVE_INFINITY
    for (const id of this.#dirty.keys()) until = Math.min(until, this.#restUntil.get(id) ?? now)
    return Math.max(1, until - now)
  }

  /** The revision that all answers stand for: one serial must not mean two contents. */
  #settled(latest: number): number {
    let settled = latest
    for (const { revision, hasFailed } of this.#dirty.values()) {
      // What finds no room must not hold the serial back for all others.
      if (!hasFailed) settled = Math.min(settled, revision - 1)
    }
    return settled
  }

  /** Few services are heavy at a time; what has rested, or is gone, is forgotten. */
  #forgetRests(now: number): void {
    for (const [id, until] of this.#restUntil) if (until <= now) this.#restUntil.delete(id)
  }

  #noteCost(id: string, done: number, costMs: number): void {
    if (costMs >= HEAVY_MS) {
      const restMs = costMs === RETRY_MS ? RETRY_MS : Math.min(REST_MAX_MS, costMs * REST_FACTOR)
      this.#restUntil.set(id, done + restMs)
    }
  }

  /** A full table keeps what it has; false: the service is tried again later. */
  #compile(ref: ServiceRef, snapshot: Snapshot): boolean {
    try {
      this.#options.table.publish(ref, snapshot)
      this.#isFull = false
      return true
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      if (!this.#isFull)
        this.#options.telemetry.event('error', 'table_full', { message: error.message })
      this.#isFull = true
      return false
    }
  }
}
