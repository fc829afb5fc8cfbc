import { millis } from '../../../src/kernel/ids.ts'
import {
  DEFAULT_CLUSTER,
  instanceKey,
  parseGroupName,
  parseHost,
  parseNamespaceId,
  parsePort,
  parseServiceName,
  parseWeight,
} from '../../../src/core/registry/ids.ts'
import { DEFAULT_TIMES } from '../../../src/core/registry/lease-times.ts'
import { NO_METADATA, type Instance, type ServiceRef } from '../../../src/core/registry/state.ts'

/** A service of the public namespace, or of `namespace` and `group`. */
export function ref(name: string, group = '', namespace = ''): ServiceRef {
  return {
    namespace: parseNamespaceId(namespace),
    group: parseGroupName(group),
    name: parseServiceName(name),
  }
}

/** A healthy ephemeral instance at 10.0.0.n:8080, or what `other` makes of it. */
export function instance(n: number, other: Partial<Instance> = {}): Instance {
  const ip = other.ip ?? parseHost(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
  const port = other.port ?? parsePort('8080')
  const kind = other.kind ?? 'ephemeral'
  const cluster = other.cluster ?? DEFAULT_CLUSTER
  return {
    kind,
    ip,
    port,
    cluster,
    key: instanceKey(kind, ip, port, cluster),
    weight: parseWeight(1),
    enabled: true,
    healthy: true,
    metadata: NO_METADATA,
    times: DEFAULT_TIMES,
    // When the simulated clock begins.
    since: millis(1_795_132_800_000),
    drain: undefined,
    ...other,
  }
}
