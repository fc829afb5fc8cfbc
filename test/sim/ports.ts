import {
  findService,
  type Service,
  type ServiceRef,
  type Snapshot,
} from '../../src/core/registry/state.ts'
import type {
  Clock,
  Counter,
  Facts,
  Level,
  Telemetry,
  ZonePublisher,
} from '../../src/engine/ports.ts'
import type { Digest } from './digest.ts'
import { idOf } from './model.ts'

/** The published zone: what DNS workers would answer from, fed by nothing but `publish`. */
export class SimZones implements ZonePublisher {
  readonly published: Map<string, Service> = new Map()
  /** Of the snapshot that was published last. */
  revision = 0
  publishCount = 0
  /** Set when a revision did not grow by one. */
  fault: string | undefined
  readonly #digest: Digest
  readonly #clock: Clock

  constructor(digest: Digest, clock: Clock) {
    this.#digest = digest
    this.#clock = clock
  }

  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void {
    if (snapshot.revision !== this.revision + 1) {
      this.fault = `revision ${snapshot.revision} follows ${this.revision}`
    }
    this.revision = snapshot.revision
    this.publishCount++
    for (const ref of touched) {
      const service = findService(snapshot, ref)
      if (service === undefined) this.published.delete(idOf(ref))
      else this.published.set(idOf(ref), service)
      this.#digest.add(
        `${this.#clock.now()} publish ${snapshot.revision} ${idOf(ref)} ${service?.instances.size}`,
      )
    }
  }
}

/** The log and the counters of a run, folded into its digest. */
export class SimTelemetry implements Telemetry {
  readonly counters: Map<string, number> = new Map()
  readonly #digest: Digest
  readonly #clock: Clock

  constructor(digest: Digest, clock: Clock) {
    this.#digest = digest
    this.#clock = clock
  }

  event(level: Level, name: string, facts: Facts): void {
    this.#digest.add(`${this.#clock.now()} ${level} ${name} ${JSON.stringify(facts)}`)
  }

  count(counter: Counter, label: string, by: number): void {
    const key = `${counter} ${label}`
    this.counters.set(key, (this.counters.get(key) ?? 0) + by)
  }
}
