import { describe, expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { fateOf, nextDeadline } from '../../../src/core/health/lease.ts'
import { DEFAULT_TIMES } from '../../../src/core/registry/lease-times.ts'
import { instance, ref } from '../registry/build.ts'
import { times } from './build.ts'

const REMOVED_FIRST = times(5_000, 15_000, 10_000)

describe('the fate of a lease', () => {
  test.each([
    [0, true, 'alive'],
    [14_999, true, 'alive'],
    [15_000, true, 'alive'],
    [15_001, true, 'silent'],
    [30_000, true, 'silent'],
    [30_001, true, 'expired'],
    [1e12, true, 'expired'],
    // Found silent before: the next thing to happen is its removal.
    [15_001, false, 'alive'],
    [30_000, false, 'alive'],
    [30_001, false, 'expired'],
  ])('after %d ms of silence, beating before: %s: %s', (silentMs, isBeating, fate) => {
    const lease = { lastBeat: millis(1_000), times: DEFAULT_TIMES, isBeating }
    expect(fateOf(lease, millis(1_000 + silentMs))).toBe(fate)
  })

  test.each([
    [10_000, 'alive'],
    [10_001, 'expired'],
    [15_001, 'expired'],
  ])('with a removal before the unhealthy time, after %d ms: %s', (silentMs, fate) => {
    const lease = { lastBeat: millis(0), times: REMOVED_FIRST, isBeating: true }
    expect(fateOf(lease, millis(silentMs))).toBe(fate)
  })

  test.each([
    [DEFAULT_TIMES, true, 16_000],
    [DEFAULT_TIMES, false, 31_000],
    [REMOVED_FIRST, true, 11_000],
    [REMOVED_FIRST, false, 11_000],
  ])('changes no sooner than its next deadline: %j, beating: %s', (leaseTimes, isBeating, at) => {
    const lease = {
      ref: ref('orders'),
      key: instance(1).key,
      times: leaseTimes,
      lastBeat: millis(1_000),
      isBeating,
      isReleased: false,
    }
    expect(nextDeadline(lease)).toBe(at)
    expect(fateOf(lease, millis(at))).toBe('alive')
    expect(fateOf(lease, millis(at + 1))).not.toBe('alive')
  })
})
