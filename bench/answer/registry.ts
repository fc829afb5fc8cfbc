import {
  DEFAULT_CLUSTER,
  instanceKey,
  parseGroupName,
  parseHost,
  parseNamespaceId,
  parsePort,
  parseServiceName,
  parseWeight,
} from '../../src/core/registry/ids.ts'
import { DEFAULT_TIMES } from '../../src/core/registry/lease-times.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_SNAPSHOT,
  NO_METADATA,
  type Instance,
  type ServiceRef,
  type Snapshot,
} from '../../src/core/registry/state.ts'
import { applyChanges } from '../../src/core/registry/step.ts'
import type { Change } from '../../src/core/registry/changes.ts'
import { millis } from '../../src/kernel/ids.ts'

/** `svc-00042` of group `g42`. */
export function refOf(n: number): ServiceRef {
  return {
    namespace: parseNamespaceId(''),
    group: parseGroupName(`g${n % 100}`),
    name: parseServiceName(`svc-${String(n).padStart(5, '0')}`),
  }
}

/** So many services of so many healthy instances each. */
export function snapshotOf(services: number, instances: number): Snapshot {
  let snapshot = EMPTY_SNAPSHOT
  for (let n = 0; n < services; n++) {
    const ref = refOf(n)
    const changes: Change[] = [
      { kind: 'service_put', ref, settings: DEFAULT_SETTINGS, declared: true },
    ]
    for (let i = 0; i < instances; i++) {
      changes.push({ kind: 'instance_put', ref, after: instanceOf(n * instances + i) } as Change)
    }
    snapshot = applyChanges(snapshot, changes)
  }
  return snapshot
}

function instanceOf(n: number): Instance {
  const ip = parseHost(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`)
  const port = parsePort('8080')
  const kind = 'ephemeral'
  return {
    kind,
    ip,
    port,
    cluster: DEFAULT_CLUSTER,
    key: instanceKey(kind, ip, port, DEFAULT_CLUSTER),
    weight: parseWeight(1),
    enabled: true,
    healthy: true,
    metadata: NO_METADATA,
    times: DEFAULT_TIMES,
    since: millis(0),
    drain: undefined,
  }
}
