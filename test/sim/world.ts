import { CairnError } from '../../src/kernel/errors.ts'
import { millis } from '../../src/kernel/ids.ts'
import { instanceKey, type InstanceKey } from '../../src/core/registry/ids.ts'
import {
  DEFAULT_SETTINGS,
  findService,
  type Instance,
  type ServiceRef,
} from '../../src/core/registry/state.ts'
import { createMember, type Member } from '../../src/engine/member.ts'
import type { InstancePatch, InstanceSpec } from '../../src/engine/naming.ts'
import { SimClock } from './clock.ts'
import { Digest } from './digest.ts'
import { checkAgreement, checkLeases, Violation, type Rules } from './invariants.ts'
import { Model, type Expected, type Moment } from './model.ts'
import { SimTelemetry, SimZones } from './ports.ts'

export interface WorldSettings extends Rules {
  readonly instancesPerServiceMax: number
  readonly servicesPerNamespaceMax: number
}

const DEFAULT_WORLD: WorldSettings = {
  expireInstances: true,
  emptyServiceMs: 60_000,
  instancesPerServiceMax: 10_000,
  servicesPerNamespaceMax: 50_000,
}

/** One member over simulated ports. What is said to it is told to the model as well. */
export class World {
  readonly clock: SimClock = new SimClock()
  readonly digest: Digest = new Digest()
  readonly zones: SimZones = new SimZones(this.digest, this.clock)
  readonly telemetry: SimTelemetry = new SimTelemetry(this.digest, this.clock)
  readonly model: Model = new Model()
  readonly member: Member
  readonly #settings: WorldSettings
  #stalledMs = 0
  #stalls = 0
  #events = 0
  #checked: unknown

  constructor(settings: WorldSettings = DEFAULT_WORLD) {
    this.#settings = settings
    const { clock, zones, telemetry } = this
    const { expireInstances, emptyServiceMs } = settings
    this.member = createMember(
      { clock, zones, telemetry },
      { limits: settings, health: { expireInstances, emptyServiceMs: millis(emptyServiceMs) } },
    )
  }

  get events(): number {
    return this.#events
  }

  moment(): Moment {
    return { now: this.clock.now(), stalledMs: this.#stalledMs, stalls: this.#stalls }
  }

  stall(byMs: number): void {
    this.#stalledMs += byMs
    this.#stalls++
    this.clock.stall(byMs)
  }

  /** Runs until a virtual time; after each event promises settle, then every invariant is held. */
  async runUntil(until: number): Promise<void> {
    while (this.clock.step(until)) {
      this.#events++
      await settled()
      this.check()
    }
  }

  check(): void {
    const { snapshot, tally } = this.member.registry
    checkLeases(snapshot, this.model, this.#settings, this.moment())
    if (this.#checked === snapshot) return
    this.#checked = snapshot
    if (this.zones.fault !== undefined) throw new Violation(this.zones.fault)
    checkAgreement(snapshot, this.zones, tally.rows())
    this.#checkLeaseCount()
  }

  /** True unless a limit refused it. */
  register(ref: ServiceRef, spec: InstanceSpec): boolean {
    const key = keyOf(spec)
    const known = this.model.find(ref, key)
    if (!this.#isTaken(ref, known, () => this.member.naming.register(ref, spec))) return false
    this.#hear(ref, known, { ...spec, key })
    return true
  }

  fullBeat(ref: ServiceRef, spec: InstanceSpec): boolean {
    const key = keyOf(spec)
    const known = this.model.find(ref, key)
    if (!this.#isTaken(ref, known, () => this.member.naming.fullBeat(ref, spec))) return false
    this.#hear(ref, known, { ...(known ?? spec), key, healthy: spec.healthy })
    return true
  }

  /** False when the member does not know the instance (any more). */
  lightBeat(ref: ServiceRef, key: InstanceKey): boolean {
    const isKnown = this.member.naming.lightBeat(ref, key).kind === 'known'
    const known = this.model.find(ref, key)
    if (!isKnown) return false
    if (known === undefined) throw new Violation(`${key} is known and was never registered`)
    this.#hear(ref, known, { ...known, healthy: true })
    return true
  }

  deregister(ref: ServiceRef, key: InstanceKey): void {
    const wasThere = this.member.naming.deregister(ref, key)
    if (wasThere !== (this.model.find(ref, key) !== undefined)) {
      throw new Violation(`${key} was deregistered: ${wasThere}, and the world knows better`)
    }
    this.model.gone(ref, key, this.moment())
  }

  patch(ref: ServiceRef, key: InstanceKey, patch: InstancePatch): void {
    const before = this.#found(ref, key)
    const outcome = this.member.naming.patch(ref, key, patch)
    const known = this.model.find(ref, key)
    if ((outcome === 'patched') !== (known !== undefined)) throw new Violation(`patch: ${outcome}`)
    if (known === undefined || before === undefined) return
    const times = patch.times ?? known.times
    const expected = this.model.heard(ref, { ...known, times }, this.moment())
    expected.isSaidDown = !(patch.healthy ?? before.healthy)
  }

  declareService(ref: ServiceRef): void {
    const { naming } = this.member
    const known = findService(naming.snapshot, ref)
    const isDone = this.#isTaken(ref, known, () => naming.createService(ref, DEFAULT_SETTINGS))
    if (!isDone) return
    if (known !== undefined) naming.updateService(ref, DEFAULT_SETTINGS)
    this.model.service(ref, this.moment()).isDeclared = true
  }

  deleteService(ref: ServiceRef): void {
    const isEmpty = findService(this.member.naming.snapshot, ref)?.instances.size === 0
    const outcome = this.member.naming.deleteService(ref)
    if (isEmpty !== (outcome === 'deleted')) throw new Violation(`delete: ${outcome}`)
    if (outcome === 'deleted') this.model.forget(ref)
  }

  /** A registration or a beat: an ephemeral instance is up again, a known persistent one stays. */
  #hear(
    ref: ServiceRef,
    known: Expected | undefined,
    said: Pick<Instance, 'key' | 'kind' | 'times' | 'healthy'>,
  ): void {
    const expected = this.model.heard(ref, said, this.moment())
    if (known === undefined) expected.isSaidDown = !said.healthy
    else if (said.kind === 'ephemeral') expected.isSaidDown = false
  }

  #found(ref: ServiceRef, key: InstanceKey): Instance | undefined {
    return findService(this.member.naming.snapshot, ref)?.instances.get(key)
  }

  /** Runs a registration; it may be refused only where a limit really is reached. */
  #isTaken(ref: ServiceRef, known: unknown, run: () => void): boolean {
    const isFull = known === undefined && this.#isFull(ref)
    try {
      run()
    } catch (error) {
      if (isFull && error instanceof CairnError && error.code === 'too_large') return false
      throw error
    }
    if (isFull) throw new Violation('a limit was passed over')
    return true
  }

  #isFull(ref: ServiceRef): boolean {
    const { snapshot } = this.member.naming
    const service = findService(snapshot, ref)
    const { instancesPerServiceMax, servicesPerNamespaceMax } = this.#settings
    if (service !== undefined) return service.instances.size >= instancesPerServiceMax
    const count = snapshot.namespaces.get(ref.namespace)?.serviceCount ?? 0
    return count >= servicesPerNamespaceMax
  }

  /** Every ephemeral instance has one lease, and no lease is left behind. */
  #checkLeaseCount(): void {
    if (!this.#settings.expireInstances) return
    let ephemeral = 0
    for (const [, kind, , count] of this.member.registry.tally.rows()) {
      if (kind === 'ephemeral') ephemeral += count
    }
    const { leaseCount } = this.member.health
    if (leaseCount !== ephemeral) {
      throw new Violation(`${leaseCount} leases for ${ephemeral} ephemeral instances`)
    }
  }
}

export function keyOf(spec: InstanceSpec): InstanceKey {
  return instanceKey(spec.kind, spec.ip, spec.port, spec.cluster)
}

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
