import type { ClusterName } from './ids.ts'
import type { Instance } from './state.ts'

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
