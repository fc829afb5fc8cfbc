import { assert, unreachable } from '../../kernel/assert.ts'
import { emptyMap } from '../../kernel/persistent-map.ts'
import type { Change } from './changes.ts'
import type { ServiceName } from './ids.ts'
import {
  EMPTY_GROUP,
  emptyService,
  findService,
  type Group,
  type Namespace,
  type Service,
  type ServiceRef,
  type Snapshot,
} from './state.ts'

const EMPTY_NAMESPACE: Namespace = { groups: emptyMap(), serviceCount: 0 }

/** The next snapshot. Cost: a few map paths per change, whatever the size of the registry. */
export function applyChanges(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  let next = snapshot
  for (const change of changes) next = applyChange(next, change)
  return { ...next, revision: snapshot.revision + 1 }
}

function applyChange(snapshot: Snapshot, change: Change): Snapshot {
  switch (change.kind) {
    case 'service_put': {
      const old = findService(snapshot, change.ref) ?? emptyService(change.ref)
      return putService(snapshot, {
        ...old,
        settings: change.settings,
        declared: change.declared,
      })
    }
    case 'service_removed':
      return removeService(snapshot, change.ref)
    case 'instance_put': {
      const service = findService(snapshot, change.ref) ?? emptyService(change.ref)
      const instances = service.instances.with(change.after)
      return putService(snapshot, { ...service, instances })
    }
    case 'instance_removed': {
      const service = findService(snapshot, change.ref)
      assert(service !== undefined, 'an instance is removed from a service that exists')
      return putService(snapshot, { ...service, instances: service.instances.without(change.key) })
    }
    default:
      return unreachable(change)
  }
}

function putService(snapshot: Snapshot, service: Service): Snapshot {
  const { namespace, group, name } = service.ref
  const oldNamespace = snapshot.namespaces.get(namespace) ?? EMPTY_NAMESPACE
  const oldGroup = oldNamespace.groups.get(group) ?? EMPTY_GROUP
  const isNew = !oldGroup.services.has(name)
  const newGroup: Group = {
    services: oldGroup.services.set(name, service),
    names: isNew ? oldGroup.names.set(name, true) : oldGroup.names,
  }
  const newNamespace: Namespace = {
    groups: oldNamespace.groups.set(group, newGroup),
    serviceCount: oldNamespace.serviceCount + (isNew ? 1 : 0),
  }
  return { ...snapshot, namespaces: snapshot.namespaces.set(namespace, newNamespace) }
}

/** Empty groups and namespaces go with their last service: nothing is left behind. */
function removeService(snapshot: Snapshot, ref: ServiceRef): Snapshot {
  const namespace = snapshot.namespaces.get(ref.namespace)
  const group = namespace?.groups.get(ref.group)
  if (namespace === undefined || group === undefined || !group.services.has(ref.name)) {
    return snapshot
  }
  const services = group.services.delete(ref.name)
  const groups =
    services.size === 0
      ? namespace.groups.delete(ref.group)
      : namespace.groups.set(ref.group, { services, names: group.names.delete(ref.name) })
  const namespaces =
    groups.size === 0
      ? snapshot.namespaces.delete(ref.namespace)
      : snapshot.namespaces.set(ref.namespace, {
          groups,
          serviceCount: namespace.serviceCount - 1,
        })
  return { ...snapshot, namespaces }
}

const sortedNames = new WeakMap<object, readonly ServiceName[]>()

/** A group's service names in code-point order; sorted once per set of names, then kept. */
export function listNames(group: Group): readonly ServiceName[] {
  const known = sortedNames.get(group.names)
  if (known !== undefined) return known
  const names = [...group.names.keys()].sort(byCodePoint)
  sortedNames.set(group.names, names)
  return names
}

export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
