import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { LeaseClock } from '../../../src/core/health/lease-clock.ts'

const GAP_MAX = 500

function clock(now = 0): LeaseClock {
  return new LeaseClock(millis(now), millis(GAP_MAX))
}

describe('lease time', () => {
  test('is clock time while the process runs', () => {
    const lease = clock(1_000)
    for (let now = 1_000; now <= 60_000; now += 100) expect(lease.at(millis(now))).toBe(now)
    expect(lease.stalledMs).toBe(0)
  })

  test.each([
    [500, 0],
    [501, 1],
    [20_000, 19_500],
    [86_400_000, 86_399_500],
  ])('gives back all of a gap of %d ms but what is no stall yet', (gap, givenBack) => {
    const lease = clock()
    expect(lease.at(millis(gap))).toBe(gap - givenBack)
    expect(lease.stalledMs).toBe(givenBack)
  })

  test('goes on after a stall from where it stood', () => {
    const lease = clock()
    lease.at(millis(60_000))
    expect(lease.at(millis(60_100))).toBe(600)
  })

  test('does not go back when the clock is asked about the past', () => {
    const lease = clock()
    lease.at(millis(400))
    expect(lease.at(millis(300))).toBe(400)
    expect(lease.at(millis(600))).toBe(600)
  })

  test('never runs backwards, never faster than the clock, and at least half a second per gap', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000)), (gaps) => {
        const lease = clock()
        let [now, last] = [0, 0]
        for (const gap of gaps) {
          now += gap
          const at = lease.at(millis(now))
          expect(at - last).toBe(Math.min(gap, GAP_MAX))
          last = at
        }
        expect(last + lease.stalledMs).toBe(now)
      }),
    )
  })
})
