import type { TransferZones } from '../../../core/dns/transfer/zones.ts'
import type { ServiceRef, Snapshot } from '../../../core/registry/state.ts'
import type { ZonePublisher } from '../../../engine/ports.ts'

/** Changes are gathered this long: one journal entry, and one NOTIFY, for all of them. */
const GATHER_MS = 20
/** Work in one turn of the event loop; the rest comes in the next one. */
const SLICE_MS = 4

export interface FollowerOptions {
  readonly zones: TransferZones
  /** The zones of the registry have a new serial. */
  readonly onAdvance: () => void
}

interface Waiter {
  readonly revision: number
  readonly resolve: () => void
}

/** Keeps what secondaries are sent in step with the registry. */
export class TransferFollower implements ZonePublisher {
  readonly #options: FollowerOptions
  #dirty = new Map<string, ServiceRef>()
  #snapshot: Snapshot | undefined
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #waiters: Waiter[] = []

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void {
    this.#snapshot = snapshot
    for (const ref of touched) {
      this.#dirty.set(`${ref.namespace}\n${ref.group}\n${ref.name}`, ref)
    }
    this.#gather()
  }

  /** Resolves when the zones have at least what the registry has now. */
  async settled(): Promise<void> {
    const revision = this.#snapshot?.revision
    if (revision === undefined || this.#options.zones.revision >= revision) return
    const waiting = Promise.withResolvers<void>()
    this.#waiters.push({ revision, resolve: waiting.resolve })
    if (!this.#isRunning) this.#begin()
    await waiting.promise
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #gather(): void {
    if (this.#isRunning || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#begin(), GATHER_MS)
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const snapshot = this.#snapshot
    if (snapshot === undefined) return
    const refs = [...this.#dirty.values()]
    this.#dirty = new Map()
    this.#isRunning = true
    this.#work(this.#options.zones.advance(snapshot, refs))
  }

  #work(steps: Generator<undefined, void>): void {
    const started = performance.now()
    do {
      if (steps.next().done === true) {
        this.#finish()
        return
      }
    } while (performance.now() - started < SLICE_MS)
    setImmediate(() => this.#work(steps))
  }

  #finish(): void {
    this.#isRunning = false
    const { zones, onAdvance } = this.#options
    const ready = this.#waiters.filter(({ revision }) => revision <= zones.revision)
    this.#waiters = this.#waiters.filter((one) => !ready.includes(one))
    for (const { resolve } of ready) resolve()
    onAdvance()
    if (this.#waiters.length > 0) this.#begin()
    else if (this.#dirty.size > 0) this.#gather()
  }
}
