import {
  parseClusterName,
  parseHost,
  parsePort,
  parseWeight,
  type ClusterName,
  type Host,
  type Kind,
  type Port,
  type Weight,
} from '../registry/ids.ts'
import { parseLeaseTimes } from '../registry/lease-times.ts'
import type { Instance, LeaseTimes, Metadata, ServiceRef } from '../registry/state.ts'
import { firstOf, optional, parseDecimal, parseFlag, required, type Params } from './params.ts'
import { parseMetadata, type MetadataLimits } from './parse-metadata.ts'
import { parseServiceRef } from './parse-service.ts'

/** An instance as a client describes it: what `engine/naming.ts` calls `InstanceSpec`. */
export type ParsedInstance = Omit<Instance, 'key' | 'since' | 'drain'>

/** Which instance is meant, before it is known whether there is one. */
export interface InstanceAddress {
  readonly ref: ServiceRef
  readonly kind: Kind
  readonly ip: Host
  readonly port: Port
  /** Undefined: the request names none. */
  readonly cluster: ClusterName | undefined
}

/** POST and PUT /instance: absent parameters take their defaults, in an update too. */
export function parseInstance(params: Params, limits: MetadataLimits): ParsedInstance {
  const weight = optional(params, 'weight')
  const metadata = parseMetadata(optional(params, 'metadata'), limits)
  return {
    kind: parseKind(optional(params, 'ephemeral')),
    ip: parseHost(required(params, 'ip')),
    port: parsePort(required(params, 'port')),
    cluster: parseClusterName(firstOf(params, 'clusterName', 'cluster')),
    weight: parseWeight(weight === '' ? 1 : parseDecimal(weight)),
    enabled: parseFlag(firstOf(params, 'enabled', 'enable'), true),
    healthy: parseFlag(optional(params, 'healthy'), true),
    metadata,
    times: parseLeaseTimes(metadata),
  }
}

/** DELETE and PATCH /instance. */
export function parseInstanceAddress(params: Params): InstanceAddress {
  return addressOf(params, firstOf(params, 'clusterName', 'cluster'))
}

/** GET /instance, where `cluster` is no synonym. */
export function parseInstanceQuery(params: Params): InstanceAddress {
  return addressOf(params, optional(params, 'clusterName'))
}

function addressOf(params: Params, cluster: string): InstanceAddress {
  return {
    ref: parseServiceRef(params),
    kind: parseKind(optional(params, 'ephemeral')),
    ip: parseHost(required(params, 'ip')),
    port: parsePort(required(params, 'port')),
    cluster: cluster === '' ? undefined : parseClusterName(cluster),
  }
}

/** What a PATCH changes; an absent field stays as it is. */
export interface ParsedPatch {
  readonly weight?: Weight
  readonly enabled?: boolean
  readonly healthy?: boolean
  readonly metadata?: Metadata
  readonly times?: LeaseTimes
}

export function parsePatch(params: Params, limits: MetadataLimits): ParsedPatch {
  const weight = optional(params, 'weight')
  const enabled = firstOf(params, 'enabled', 'enable')
  const healthy = optional(params, 'healthy')
  const text = optional(params, 'metadata')
  const metadata = text === '' ? undefined : parseMetadata(text, limits)
  return {
    ...(weight === '' ? {} : { weight: parseWeight(parseDecimal(weight)) }),
    ...(enabled === '' ? {} : { enabled: parseFlag(enabled, true) }),
    ...(healthy === '' ? {} : { healthy: parseFlag(healthy, true) }),
    ...(metadata === undefined ? {} : { metadata, times: parseLeaseTimes(metadata) }),
  }
}

export function parseKind(ephemeral: string): Kind {
  return parseFlag(ephemeral, true) ? 'ephemeral' : 'persistent'
}
