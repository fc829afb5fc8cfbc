import type { ClusterName } from './ids.ts'
import type { Instance, Service } from './state.ts'
import { byCodePoint } from './step.ts'

const sorted = new WeakMap<object, readonly Instance[]>()

/** All instances of a service in a stable order (address, port, cluster); sorted once per state. */
export function listInstances(service: Service): readonly Instance[] {
  const known = sorted.get(service.instances)
  if (known !== undefined) return known
  const list = [...service.instances.values()].sort(byAddress)
  sorted.set(service.instances, list)
  return list
}

function byAddress(a: Instance, b: Instance): number {
  return byCodePoint(a.ip, b.ip) || a.port - b.port || byCodePoint(a.key, b.key)
}

/** The instances of the named clusters; an empty set of names means all clusters. */
export function inClusters(
  instances: readonly Instance[],
  clusters: ReadonlySet<ClusterName>,
): readonly Instance[] {
  return clusters.size === 0 ? instances : instances.filter((i) => clusters.has(i.cluster))
}

/**
 * The protect rule (Nacos §7.3): at or below the threshold all instances are given, for a herd on
 * the last few helps nobody. With threshold 0 this is fail-open: nobody healthy, all are given.
 */
export function isProtected(healthy: number, total: number, protectThreshold: number): boolean {
  return total > 0 && healthy / total <= protectThreshold
}
