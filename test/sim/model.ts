import type { InstanceKey } from '../../src/core/registry/ids.ts'
import type { Instance, LeaseTimes, ServiceRef } from '../../src/core/registry/state.ts'

/**
 * How late a deadline may be noticed while the process runs: a tick of 100 ms, a slot of the wheel
 * of 100 ms, and a little. The product promises seconds; a tight bound finds more bugs.
 */
export const LATE_MAX_MS = 250
/** What a stall may cost a lease, at most: the gap between two looks that is no stall yet. */
const STALL_SHARE_MS = 500

/** A point in time as the world knows it, kept without looking at the member's own clock. */
export interface Moment {
  readonly now: number
  /** Time in which the process stood still, and how often. */
  readonly stalledMs: number
  readonly stalls: number
}

/** Bounds of the silence that a right member may have measured since `then`. */
export function silenceBetween(then: Moment, now: Moment): { leastMs: number; mostMs: number } {
  const wallMs = now.now - then.now
  const leastMs = wallMs - (now.stalledMs - then.stalledMs)
  const mostMs = Math.min(wallMs, leastMs + STALL_SHARE_MS * (now.stalls - then.stalls))
  return { leastMs, mostMs }
}

/** What the world knows of one instance that was registered and not deregistered. */
export interface Expected {
  readonly ref: ServiceRef
  readonly key: InstanceKey
  readonly kind: Instance['kind']
  times: LeaseTimes
  heard: Moment
  /** Somebody said that it is unhealthy; only a beat takes that back. */
  isSaidDown: boolean
  /** Its client beats in time, so it may be neither silent nor expired. */
  isBeating: boolean
}

export interface ExpectedService {
  readonly ref: ServiceRef
  isDeclared: boolean
  readonly instances: Map<InstanceKey, Expected>
  /** Since when it has no instance. */
  emptySince: Moment
}

/** What a right member must hold, told by what was said to it and nothing else. */
export class Model {
  readonly services: Map<string, ExpectedService> = new Map()

  find(ref: ServiceRef, key: InstanceKey): Expected | undefined {
    return this.services.get(idOf(ref))?.instances.get(key)
  }

  /** The member heard of an instance; says nothing of its health. */
  heard(ref: ServiceRef, instance: Pick<Instance, 'key' | 'kind' | 'times'>, at: Moment): Expected {
    const service = this.service(ref, at)
    const known = service.instances.get(instance.key)
    if (known !== undefined) {
      known.heard = at
      known.times = instance.times
      return known
    }
    const { key, kind, times } = instance
    const fresh = { ref, key, kind, times, heard: at, isSaidDown: false, isBeating: false }
    service.instances.set(key, fresh)
    return fresh
  }

  gone(ref: ServiceRef, key: InstanceKey, at: Moment): void {
    const service = this.services.get(idOf(ref))
    if (service?.instances.delete(key) === true) service.emptySince = at
  }

  /** Somebody deleted a service; it must have been empty. */
  forget(ref: ServiceRef): void {
    this.services.delete(idOf(ref))
  }

  service(ref: ServiceRef, at: Moment): ExpectedService {
    const known = this.services.get(idOf(ref))
    if (known !== undefined) return known
    const fresh = { ref, isDeclared: false, instances: new Map(), emptySince: at }
    this.services.set(idOf(ref), fresh)
    return fresh
  }
}

export function idOf(ref: ServiceRef): string {
  return `${ref.namespace} ${ref.group}@@${ref.name}`
}
