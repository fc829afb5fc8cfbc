import { millis, type Millis } from '../kernel/ids.ts'
import { LeaseClock } from '../core/health/lease-clock.ts'
import { Leases, type Due } from '../core/health/leases.ts'
import type { Change } from '../core/registry/changes.ts'
import type { InstanceKey } from '../core/registry/ids.ts'
import { findService, type Instance, type ServiceRef } from '../core/registry/state.ts'
import type { Registry } from './commit.ts'
import type { Ports } from './ports.ts'

/** How often due leases are looked for. */
const TICK_MS = millis(100)
/** A tick later than this was our own stall, not the clients' silence. */
const STALL_MS = millis(500)
/** Leases looked at per tick; a look costs some 50 ns, so this bounds a calm tick to 1 ms. */
const LOOKS_PER_TICK = 20_000
/** Changes made per tick; one costs some 10 µs with all that follows from it, so 10 ms a tick. */
const CHANGES_PER_TICK = 1_000

export interface HealthOptions {
  /** False: a silent instance stays unhealthy for ever (`nacos.naming.expireInstance`). */
  readonly expireInstances: boolean
  /** An undeclared service that stays empty this long is removed. */
  readonly emptyServiceMs: Millis
}

/** Turns silence into changes: the driver of `core/health`. */
export class HealthDriver {
  readonly #ports: Ports
  readonly #registry: Registry
  readonly #options: HealthOptions
  readonly #clock: LeaseClock
  readonly #leases: Leases
  /** Undeclared services seen empty, oldest first, and since when. */
  readonly #empty = new Map<string, { readonly ref: ServiceRef; readonly since: Millis }>()
  #reportedStallMs = 0

  constructor(ports: Ports, registry: Registry, options: HealthOptions) {
    this.#ports = ports
    this.#registry = registry
    this.#options = options
    this.#clock = new LeaseClock(ports.clock.now(), STALL_MS)
    this.#leases = new Leases(this.#now())
  }

  start(): Disposable {
    return this.#ports.clock.every(TICK_MS, () => this.tick())
  }

  get leaseCount(): number {
    return this.#leases.size
  }

  /** The instance is alive at this moment. */
  beat(ref: ServiceRef, instance: Pick<Instance, 'key' | 'times'>): void {
    this.#leases.beat(ref, instance.key, instance.times, this.#now())
  }

  release(ref: ServiceRef, key: InstanceKey): void {
    this.#leases.release(ref, key)
    this.noteEmpty(ref)
  }

  /** Remembers a service that may have become empty; `tick` removes it if it stays so. */
  noteEmpty(ref: ServiceRef): void {
    const id = `${ref.namespace}\n${ref.group}\n${ref.name}`
    this.#empty.delete(id)
    this.#empty.set(id, { ref, since: this.#now() })
  }

  /** One round of expiry, bounded in looks and in changes; what is left waits for the next. */
  tick(): void {
    const now = this.#now()
    const lookedBefore = this.#leases.looked
    const due = this.#leases.takeDue(now, LOOKS_PER_TICK, CHANGES_PER_TICK)
    this.#registry.commit(due.flatMap((one) => this.#changeFor(one)))
    this.#registry.commit(this.#emptyServices(now))
    this.#count(this.#leases.looked - lookedBefore)
  }

  #changeFor({ lease, fate }: Due): readonly Change[] {
    const { ref, key } = lease
    const before = findService(this.#registry.snapshot, ref)?.instances.get(key)
    if (before === undefined) return []
    if (fate === 'expired' && this.#options.expireInstances) {
      this.noteEmpty(ref)
      return [{ kind: 'instance_removed', ref, key, before, reason: 'expired' }]
    }
    if (!before.healthy) return []
    const after = { ...before, healthy: false, since: this.#ports.clock.wall() }
    return [{ kind: 'instance_put', ref, before, after, reason: 'silent' }]
  }

  #emptyServices(now: Millis): readonly Change[] {
    const changes: Change[] = []
    let left = CHANGES_PER_TICK
    for (const [id, { ref, since }] of this.#empty) {
      if (now - since < this.#options.emptyServiceMs || left-- === 0) break
      this.#empty.delete(id)
      const service = findService(this.#registry.snapshot, ref)
      if (service !== undefined && service.instances.size === 0 && !service.declared) {
        changes.push({ kind: 'service_removed', ref })
      }
    }
    return changes
  }

  #count(looks: number): void {
    const { telemetry } = this.#ports
    if (looks > 0) telemetry.count('expiry_looks', 'lease', looks)
    const stalledMs = this.#clock.stalledMs
    if (stalledMs === this.#reportedStallMs) return
    const byMs = stalledMs - this.#reportedStallMs
    telemetry.count('stalled_ms', 'lease', byMs)
    telemetry.event('warn', 'leases_given_time_back', { stalledMs: Math.round(byMs) })
    this.#reportedStallMs = stalledMs
  }

  #now(): Millis {
    return this.#clock.at(this.#ports.clock.now())
  }
}
