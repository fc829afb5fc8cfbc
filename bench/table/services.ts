import { emptyMap } from '../../src/kernel/persistent-map.ts'
import { Instances } from '../../src/core/registry/instances.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_GROUP,
  EMPTY_SNAPSHOT,
  type Service,
  type Snapshot,
} from '../../src/core/registry/state.ts'
import { instance, ref } from '../../test/core/registry/build.ts'

/** Services without a registry behind them, as cheap as they can be had. */

export function serviceOf(name: string, instances: Instances, group = ''): Service {
  return { ref: ref(name, group), settings: DEFAULT_SETTINGS, declared: false, instances }
}

/** So many instances, from 10.0.0.0 plus `first` on; equal ones are other objects each time. */
export function instancesOf(first: number, count: number): Instances {
  let all = Instances.EMPTY
  for (let i = 0; i < count; i++) all = all.with(instance(first + i))
  return all
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
