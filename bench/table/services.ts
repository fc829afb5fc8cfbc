import { emptyMap } from '../../src/kernel/persistent-map.ts'
import { millis } from '../../src/kernel/ids.ts'
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
import { Instances } from '../../src/core/registry/instances.ts'
import { DEFAULT_TIMES } from '../../src/core/registry/lease-times.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_GROUP,
  EMPTY_SNAPSHOT,
  NO_METADATA,
  type Instance,
  type Service,
  type Snapshot,
} from '../../src/core/registry/state.ts'

/** Services without a registry behind them, as cheap as they can be had. */

export function serviceOf(name: string, instances: Instances): Service {
  const ref = {
    namespace: parseNamespaceId(''),
    group: parseGroupName(''),
    name: parseServiceName(name),
  }
  return { ref, settings: DEFAULT_SETTINGS, declared: false, instances }
}

/** So many instances, from 10.0.0.0 plus `first` on; equal ones are other objects each time. */
export function instancesOf(first: number, count: number): Instances {
  let all = Instances.EMPTY
  for (let i = 0; i < count; i++) all = all.with(instanceOf(first + i))
  return all
}

function instanceOf(n: number): Instance {
  const ip = parseHost(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`)
  const port = parsePort('8080')
  return {
    kind: 'ephemeral',
    ip,
    port,
    cluster: DEFAULT_CLUSTER,
    key: instanceKey('ephemeral', ip, port, DEFAULT_CLUSTER),
    weight: parseWeight(1),
    enabled: true,
    healthy: true,
    metadata: NO_METADATA,
    times: DEFAULT_TIMES,
    since: millis(1_795_132_800_000),
    drain: undefined,
  }
}

/** A snapshot that holds this one service: all that a publish of it looks at. */
export function snapshotOf(service: Service): Snapshot {
  const { namespace, group, name } = service.ref
  const services = EMPTY_GROUP.services.set(name, service)
  const groups = emptyMap<typeof group, typeof EMPTY_GROUP>().set(group, {
    ...EMPTY_GROUP,
    services,
  })
  const namespaces = EMPTY_SNAPSHOT.namespaces.set(namespace, { groups, serviceCount: 1 })
  return { revision: 1, namespaces }
}
