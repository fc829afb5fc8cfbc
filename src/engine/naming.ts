import { CairnError } from '../kernel/errors.ts'
import type { Millis } from '../kernel/ids.ts'
import type { Change, PutReason } from '../core/registry/changes.ts'
import { instanceKey, type InstanceKey } from '../core/registry/ids.ts'
import {
  emptyService,
  findService,
  groupedName,
  standsAlike,
  type Drain,
  type Instance,
  type Metadata,
  type ServiceRef,
  type ServiceSettings,
  type Snapshot,
} from '../core/registry/state.ts'
import type { Registry } from './commit.ts'
import { DRAIN_KEY, type Drains } from './drains.ts'
import type { HealthDriver } from './health-driver.ts'
import type { Clock } from './ports.ts'

/** What a registration or a full beat says of an instance; the rest is the member's own. */
export type InstanceSpec = Omit<Instance, 'key' | 'since' | 'drain'>

/** What a PATCH may change; an absent field stays as it is. */
export interface InstancePatch {
  readonly weight?: Instance['weight']
  readonly enabled?: boolean
  readonly healthy?: boolean
  readonly metadata?: Metadata
  readonly times?: Instance['times']
}

/** Bounds of what clients may fill; over a bound is an error, never a silent cut. */
export interface NamingLimits {
  readonly instancesPerServiceMax: number
  readonly servicesPerNamespaceMax: number
}

export type BeatOutcome =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly intervalMs: Millis }

export interface NamingParts {
  readonly registry: Registry
  readonly health: HealthDriver
  readonly drains: Drains
  readonly clock: Pick<Clock, 'wall'>
  readonly limits: NamingLimits
}

/** The registry's use cases, one set for all fronts. Synchronous: the answer is the commit. */
export class Naming {
  readonly #registry: Registry
  readonly #health: HealthDriver
  readonly #drains: Drains
  readonly #clock: Pick<Clock, 'wall'>
  readonly #limits: NamingLimits

  constructor({ registry, health, drains, clock, limits }: NamingParts) {
    this.#registry = registry
    this.#health = health
    this.#drains = drains
    this.#clock = clock
    this.#limits = limits
  }

  get snapshot(): Snapshot {
    return this.#registry.snapshot
  }

  /**
   * Registers or replaces one instance; counts as a beat. An ephemeral one is healthy at once, a
   * known persistent one keeps the health its probes found.
   */
  register(ref: ServiceRef, spec: InstanceSpec): void {
    const key = keyOf(spec)
    const before = this.#find(ref, key)
    const healthy = isEphemeral(spec) && before !== undefined ? true : (before ?? spec).healthy
    this.#put(ref, before, { ...spec, key, healthy }, before ? 'updated' : 'registered')
  }

  /** False when there was no such instance; that is no error to a Nacos client. */
  deregister(ref: ServiceRef, key: InstanceKey): boolean {
    const before = this.#find(ref, key)
    if (before === undefined) return false
    this.#health.release(ref, key)
    this.#drains.forget(ref, key)
    const change: Change = {
      kind: 'instance_removed',
      ref,
      key,
      before,
      reason: 'deregistered',
    }
    this.#registry.commit([change])
    return true
  }

  /** Changes the given fields of a known instance; counts as a beat. */
  patch(ref: ServiceRef, key: InstanceKey, patch: InstancePatch): 'patched' | 'no_instance' {
    const before = this.#find(ref, key)
    if (before === undefined) return 'no_instance'
    this.#put(ref, before, { ...before, ...patch }, 'updated')
    return 'patched'
  }

  /** A beat without a body: only a known instance has a lease to renew. */
  lightBeat(ref: ServiceRef, key: InstanceKey): BeatOutcome {
    const known = this.#find(ref, key)
    if (known === undefined) return { kind: 'unknown' }
    this.#renew(ref, known)
    return { kind: 'known', intervalMs: known.times.intervalMs }
  }

  /** A beat with a body registers an unknown instance; a known one keeps what it came with. */
  fullBeat(ref: ServiceRef, spec: InstanceSpec): BeatOutcome {
    const key = keyOf(spec)
    const known = this.#find(ref, key)
    if (known === undefined) this.#put(ref, undefined, { ...spec, key }, 'beat')
    else this.#renew(ref, known)
    return { kind: 'known', intervalMs: (known ?? spec).times.intervalMs }
  }

  /** Takes a known instance out of the answers, caches in mind; again, it changes nothing. */
  drain(ref: ServiceRef, key: InstanceKey): Drain | undefined {
    const before = this.#find(ref, key)
    if (before === undefined || before.drain?.by === 'operator') return before?.drain
    const drain: Drain = before.drain
      ? { ...before.drain, by: 'operator' }
      : this.#drains.plan(ref, 'operator')
    this.#move(ref, before, { ...before, drain, since: this.#clock.wall() }, 'draining')
    return drain
  }

  /** Answers the instance again, whoever took it out. */
  undrain(ref: ServiceRef, key: InstanceKey): 'undrained' | 'not_draining' | 'no_instance' {
    const before = this.#find(ref, key)
    if (before === undefined) return 'no_instance'
    if (before.drain === undefined) return 'not_draining'
    const metadata = new Map(before.metadata)
    metadata.delete(DRAIN_KEY)
    const after = { ...before, metadata, drain: undefined, since: this.#clock.wall() }
    this.#move(ref, before, after, 'undrained')
    return 'undrained'
  }

  createService(ref: ServiceRef, settings: ServiceSettings): 'created' | 'exists' {
    if (findService(this.snapshot, ref) !== undefined) return 'exists'
    this.#checkServiceCount(ref)
    this.#registry.commit([{ kind: 'service_put', ref, settings, declared: true }])
    return 'created'
  }

  updateService(ref: ServiceRef, settings: ServiceSettings): 'updated' | 'not_found' {
    const service = findService(this.snapshot, ref)
    if (service === undefined) return 'not_found'
    this.#drains.noteSettings(ref, service.settings, settings)
    this.#registry.commit([{ kind: 'service_put', ref, settings, declared: true }])
    return 'updated'
  }

  /** A service with instances is not deleted: refusing is safer, and what Nacos 2.x does. */
  deleteService(ref: ServiceRef): 'deleted' | 'not_found' | 'not_empty' {
    const service = findService(this.snapshot, ref)
    if (service === undefined) return 'not_found'
    if (service.instances.size > 0) return 'not_empty'
    this.#registry.commit([{ kind: 'service_removed', ref }])
    return 'deleted'
  }

  #find(ref: ServiceRef, key: InstanceKey): Instance | undefined {
    return findService(this.snapshot, ref)?.instances.get(key)
  }

  #renew(ref: ServiceRef, known: Instance): void {
    if (!isEphemeral(known)) return
    if (known.healthy) this.#health.beat(ref, known)
    else this.#put(ref, known, { ...known, healthy: true }, 'recovered')
  }

  #put(ref: ServiceRef, before: Instance | undefined, said: Said, reason: PutReason): void {
    if (before === undefined) this.#checkRoom(ref)
    const drain = this.#drains.next(ref, before, said.metadata)
    const after = { ...said, since: this.#clock.wall(), drain }
    if (isEphemeral(after)) this.#health.beat(ref, after)
    this.#move(ref, before, after, reason)
  }

  /** Commits one instance; `since` stays as long as it stands as it did. */
  #move(ref: ServiceRef, before: Instance | undefined, now: Instance, reason: PutReason): void {
    const isSame = before !== undefined && standsAlike(before, now)
    const after = isSame ? { ...now, since: before.since } : now
    this.#registry.commit([{ kind: 'instance_put', ref, before, after, reason }])
    this.#drains.follow(ref, after)
  }

  #checkRoom(ref: ServiceRef): void {
    const service = findService(this.snapshot, ref)
    if (service === undefined) this.#checkServiceCount(ref)
    const { instancesPerServiceMax } = this.#limits
    if ((service ?? emptyService(ref)).instances.size < instancesPerServiceMax) return
    throw new CairnError(
      'too_large',
      `service ${groupedName(ref)} holds ${instancesPerServiceMax} instances, ` +
        'the limit naming.instances_per_service_max',
    )
  }

  #checkServiceCount(ref: ServiceRef): void {
    const { servicesPerNamespaceMax } = this.#limits
    const count = this.snapshot.namespaces.get(ref.namespace)?.serviceCount ?? 0
    if (count < servicesPerNamespaceMax) return
    throw new CairnError(
      'too_large',
      `namespace ${ref.namespace} holds ${servicesPerNamespaceMax} services, ` +
        'the limit naming.services_per_namespace_max',
    )
  }
}

/** An instance as it will be, but for what the member itself keeps. */
type Said = Omit<Instance, 'since' | 'drain'>

function isEphemeral(instance: Pick<Instance, 'kind'>): boolean {
  return instance.kind === 'ephemeral'
}

function keyOf(spec: InstanceSpec): InstanceKey {
  return instanceKey(spec.kind, spec.ip, spec.port, spec.cluster)
}
