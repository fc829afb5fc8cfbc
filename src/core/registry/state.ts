import type { Millis } from '../../kernel/ids.ts'
import { emptyMap, type PersistentMap } from '../../kernel/persistent-map.ts'
import { Instances } from './instances.ts'
import type {
  ClusterName,
  GroupName,
  Host,
  InstanceKey,
  Kind,
  NamespaceId,
  Port,
  ServiceName,
  Weight,
} from './ids.ts'

export interface ServiceRef {
  readonly namespace: NamespaceId
  readonly group: GroupName
  readonly name: ServiceName
}

/** Keys and values as the client sent them, in its order. */
export type Metadata = ReadonlyMap<string, string>

export const NO_METADATA: Metadata = new Map()

/** How long silence is borne; defaults in `lease-times.ts`, overridden by preserved metadata. */
export interface LeaseTimes {
  /** How often the client is asked to beat. */
  readonly intervalMs: Millis
  /** Silence after which an instance is unhealthy. */
  readonly unhealthyMs: Millis
  /** Silence after which an instance is removed. */
  readonly removeMs: Millis
}

/** An instance on its way out of the DNS answers; it stays registered and listed. Wall time. */
export interface Drain {
  readonly by: 'operator' | 'metadata'
  /** `leaving`: still answered, with a short TTL. `drained`: answered no more. */
  readonly phase: 'leaving' | 'drained'
  /** When the answers stop naming it. */
  readonly outAt: Millis
  /** After this no well-behaved cache can hold it. */
  readonly clearAt: Millis
}

export interface Instance {
  readonly key: InstanceKey
  readonly kind: Kind
  readonly ip: Host
  readonly port: Port
  readonly cluster: ClusterName
  readonly weight: Weight
  /** False: an operator took it out of traffic. */
  readonly enabled: boolean
  readonly healthy: boolean
  readonly metadata: Metadata
  readonly times: LeaseTimes
  /** Wall time since which it stands as it does: healthy or not, in traffic or not. */
  readonly since: Millis
  readonly drain: Drain | undefined
}

/** Whether both are in or out of traffic for the same cause, so that `since` is the same. */
export function standsAlike(
  a: Pick<Instance, 'healthy' | 'enabled' | 'weight' | 'drain'>,
  b: Pick<Instance, 'healthy' | 'enabled' | 'weight' | 'drain'>,
): boolean {
  return (
    a.healthy === b.healthy &&
    a.enabled === b.enabled &&
    a.weight > 0 === b.weight > 0 &&
    a.drain?.phase === b.drain?.phase
  )
}

/** What an operator may say of a service through the service API. */
export interface ServiceSettings {
  /** 0 … 1: at or below this share of healthy instances, all are answered (Nacos §7.3). */
  readonly protectThreshold: number
  readonly metadata: Metadata
  /** The selector's JSON as it came; without a CMDB it has no effect. */
  readonly selector: string
}

export const DEFAULT_SETTINGS: ServiceSettings = {
  protectThreshold: 0,
  metadata: NO_METADATA,
  selector: '{"type":"none"}',
}

export interface Service {
  readonly ref: ServiceRef
  readonly settings: ServiceSettings
  /** True when the service API made or changed it: such a service is kept when it is empty. */
  readonly declared: boolean
  readonly instances: Instances
}

/** One group's services. `names` changes only when a service comes or goes. */
export interface Group {
  readonly services: PersistentMap<ServiceName, Service>
  readonly names: PersistentMap<ServiceName, true>
}

export interface Namespace {
  readonly groups: PersistentMap<GroupName, Group>
  readonly serviceCount: number
}

/** The whole registry at one moment. Immutable; a change shares all that it does not touch. */
export interface Snapshot {
  /** Grows by one with every commit; its low 32 bits are the SOA serial of the dynamic zone. */
  readonly revision: number
  readonly namespaces: PersistentMap<NamespaceId, Namespace>
}

export const EMPTY_SNAPSHOT: Snapshot = { revision: 0, namespaces: emptyMap() }

export const EMPTY_GROUP: Group = { services: emptyMap(), names: emptyMap() }

export function emptyService(ref: ServiceRef): Service {
  return { ref, settings: DEFAULT_SETTINGS, declared: false, instances: Instances.EMPTY }
}

export function findService(snapshot: Snapshot, ref: ServiceRef): Service | undefined {
  return findGroup(snapshot, ref.namespace, ref.group)?.services.get(ref.name)
}

export function findGroup(
  snapshot: Snapshot,
  namespace: NamespaceId,
  group: GroupName,
): Group | undefined {
  return snapshot.namespaces.get(namespace)?.groups.get(group)
}

/** The name of a service on the Nacos wire: `GROUP@@name`. */
export function groupedName(ref: ServiceRef): string {
  return `${ref.group}@@${ref.name}`
}
