import type { Instance } from '../../registry/state.ts'

/**
 * How one instance stands by itself, before anybody asks: the first half of every reason. Numbers,
 * for they stand in the shared table.
 */
export const STANDING = {
  HEALTHY: 0,
  /** On its way out, still answered. */
  LEAVING: 1,
  /** Ephemeral, and it does not beat. */
  SILENT: 2,
  /** Persistent, and its probes say so, or somebody did. */
  UNHEALTHY: 3,
  DISABLED: 4,
  WEIGHT_ZERO: 5,
  DRAINED: 6,
} as const

type Judged = Pick<Instance, 'enabled' | 'weight' | 'drain' | 'healthy' | 'kind'>

export function standingOf(one: Judged): number {
  if (!one.enabled) return STANDING.DISABLED
  if (!(one.weight > 0)) return STANDING.WEIGHT_ZERO
  if (one.drain?.phase === 'drained') return STANDING.DRAINED
  if (!one.healthy) return one.kind === 'ephemeral' ? STANDING.SILENT : STANDING.UNHEALTHY
  return one.drain === undefined ? STANDING.HEALTHY : STANDING.LEAVING
}

/** In traffic, healthy or not: what the protect rule counts (dns.md §2.4). */
export function isCandidate(standing: number): boolean {
  return standing <= STANDING.UNHEALTHY
}

export function isHealthy(standing: number): boolean {
  return standing <= STANDING.LEAVING
}

/** Whether it is answered, where the protect rule is in force or is not. */
export function isAnswered(standing: number, isProtected: boolean): boolean {
  return isProtected ? isCandidate(standing) : isHealthy(standing)
}
