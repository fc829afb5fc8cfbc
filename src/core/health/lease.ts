import type { Millis } from '../../kernel/ids.ts'
import type { InstanceKey } from '../registry/ids.ts'
import type { LeaseTimes, ServiceRef } from '../registry/state.ts'

/** The promise of one ephemeral instance to beat. Points in time are lease time (`LeaseClock`). */
export interface Lease {
  readonly ref: ServiceRef
  readonly key: InstanceKey
  times: LeaseTimes
  lastBeat: Millis
  /** False once it was found silent; a beat sets it again. */
  isBeating: boolean
  /** True once it left the table: the wheel drops it when it comes by. */
  isReleased: boolean
}

export type Fate = 'alive' | 'silent' | 'expired'

/** The comparison is strict, as in Nacos: exactly 15,000 ms of silence is still alive. */
export function fateOf(lease: Pick<Lease, 'lastBeat' | 'times' | 'isBeating'>, now: Millis): Fate {
  const silentMs = now - lease.lastBeat
  if (silentMs > lease.times.removeMs) return 'expired'
  if (lease.isBeating && silentMs > lease.times.unhealthyMs) return 'silent'
  return 'alive'
}

/** The next lease time at which the fate may change without a beat. */
export function nextDeadline(lease: Lease): number {
  const { unhealthyMs, removeMs } = lease.times
  // removeMs may be the smaller one: preserved metadata does not order them.
  return lease.lastBeat + (lease.isBeating ? Math.min(unhealthyMs, removeMs) : removeMs)
}
