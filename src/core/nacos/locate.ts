import {
  DEFAULT_CLUSTER,
  instanceKey,
  type ClusterName,
  type InstanceKey,
  type Kind,
} from '../registry/ids.ts'
import type { Instance, Service } from '../registry/state.ts'
import type { InstanceAddress } from './parse-instance.ts'

/** The instance at an address, of either kind: GET, PATCH and beats do not tell them apart. */
export function findInstance(
  service: Service | undefined,
  address: InstanceAddress,
  cluster: ClusterName,
): Instance | undefined {
  if (service === undefined) return undefined
  const { kind, ip, port } = address
  const other: Kind = kind === 'ephemeral' ? 'persistent' : 'ephemeral'
  return (
    service.instances.get(instanceKey(kind, ip, port, cluster)) ??
    service.instances.get(instanceKey(other, ip, port, cluster))
  )
}

/**
 * The cluster that a request means. One that names none means `DEFAULT`; but if the address is not
 * there and stands in exactly one other cluster, it means that one. Python clients register with a
 * cluster and beat without (Nacos would then show a second instance).
 */
export function clusterOf(service: Service | undefined, address: InstanceAddress): ClusterName {
  if (address.cluster !== undefined) return address.cluster
  if (service === undefined) return DEFAULT_CLUSTER
  if (findInstance(service, address, DEFAULT_CLUSTER) !== undefined) return DEFAULT_CLUSTER
  let found: ClusterName | undefined
  for (const { ip, port, cluster } of service.instances.list) {
    if (port !== address.port || ip !== address.ip || cluster === found) continue
    if (found !== undefined) return DEFAULT_CLUSTER
    found = cluster
  }
  return found ?? DEFAULT_CLUSTER
}

/** The key of the one instance, of the kind it names, that a DELETE means. */
export function keyToDelete(service: Service | undefined, address: InstanceAddress): InstanceKey {
  return instanceKey(address.kind, address.ip, address.port, clusterOf(service, address))
}
