import { CairnError } from '../../kernel/errors.ts'
import type { ZoneTable } from '../../core/dns/compile/zone-table.ts'
import type { ServiceRef, Snapshot } from '../../core/registry/state.ts'
import type { Telemetry, ZonePublisher } from '../../engine/ports.ts'

/** A service whose compilation takes this long is compiled at most every second millisecond. */
const HEAVY_MS = 1
/** So much time per compile time passes before a heavy service is compiled again. */
const REST_FACTOR = 2
const REST_MAX_MS = 15
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
  readonly since: number
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
  #isFull = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  /** Services that wait to be compiled. */
  get backlog(): number {
    return this.#dirty.size
  }

  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void {
    this.#snapshot = snapshot
    const now = performance.now()
    for (const ref of touched) {
      const id = `${ref.namespace}\n${ref.group}\n${ref.name}`
      if (!this.#dirty.has(id)) this.#dirty.set(id, { ref, since: now })
    }
    if (!this.#isScheduled) this.#schedule(0)
  }

  #schedule(delayMs: number): void {
    this.#isScheduled = true
    if (delayMs === 0) setImmediate(() => this.#round())
    else setTimeout(() => this.#round(), delayMs)
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
      this.#compile(dirty.ref, snapshot)
      const done = performance.now()
      this.#noteCost(id, done, done - now)
      this.#options.observeDelay((done - dirty.since) / 1000)
      now = done
      if (now - started > ROUND_MS) break
    }
    this.#options.table.settle(snapshot.revision)
    if (this.#dirty.size > 0) this.#schedule(now - started > ROUND_MS ? 0 : 1)
  }

  #noteCost(id: string, done: number, costMs: number): void {
    if (costMs >= HEAVY_MS) {
      this.#restUntil.set(id, done + Math.min(REST_MAX_MS, costMs * REST_FACTOR))
    } else {
      this.#restUntil.delete(id)
    }
  }

  /** A full table keeps what it has; the service is tried again with its next change. */
  #compile(ref: ServiceRef, snapshot: Snapshot): void {
    try {
      this.#options.table.publish(ref, snapshot)
      this.#isFull = false
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      if (!this.#isFull)
        this.#options.telemetry.event('error', 'table_full', { message: error.message })
      this.#isFull = true
    }
  }
}
