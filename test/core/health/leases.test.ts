import { describe, expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { Leases } from '../../../src/core/health/leases.ts'
import { DEFAULT_TIMES } from '../../../src/core/registry/lease-times.ts'
import { instance, ref } from '../registry/build.ts'
import { times } from './build.ts'

const ORDERS = ref('orders')
const NO_LIMIT = 1_000_000

/** Looks every 100 ms from `from` to `to`; what became due, with the time at which it was found. */
function watch(leases: Leases, from: number, to: number, lookMax = NO_LIMIT): readonly string[] {
  const found: string[] = []
  for (let now = from; now <= to; now += 100) {
    for (const { lease, fate } of leases.takeDue(millis(now), lookMax)) {
      found.push(`${now} ${lease.key} ${fate}`)
    }
  }
  return found
}

function leasesWith(count: number): Leases {
  const leases = new Leases(millis(0))
  for (let n = 1; n <= count; n++) leases.beat(ORDERS, instance(n).key, DEFAULT_TIMES, millis(0))
  return leases
}

describe('leases', () => {
  test('that are not renewed are found silent after 15 s and expired after 30 s', () => {
    const leases = leasesWith(1)
    const { key } = instance(1)
    expect(watch(leases, 0, 40_000)).toEqual([`15100 ${key} silent`, `30100 ${key} expired`])
    expect(leases.size).toBe(0)
  })

  test('that are renewed are never found', () => {
    const leases = leasesWith(1)
    for (let now = 0; now <= 600_000; now += 5_000) {
      leases.beat(ORDERS, instance(1).key, DEFAULT_TIMES, millis(now))
      expect(watch(leases, now, now + 4_900)).toEqual([])
    }
    expect(leases.size).toBe(1)
  })

  test('are looked at about once per 15 s, whatever the number of beats', () => {
    const leases = leasesWith(1_000)
    for (let now = 0; now <= 60_000; now += 100) {
      for (let n = 1; n <= 1_000; n++) {
        leases.beat(ORDERS, instance(n).key, DEFAULT_TIMES, millis(now))
      }
      leases.takeDue(millis(now), NO_LIMIT)
    }
    expect(leases.looked).toBeLessThanOrEqual(4_000)
  })

  test('that a beat revived are found silent again, not removed by the old silence', () => {
    const leases = leasesWith(1)
    const { key } = instance(1)
    watch(leases, 0, 20_000)
    leases.beat(ORDERS, key, DEFAULT_TIMES, millis(20_000))
    expect(watch(leases, 20_100, 60_000)).toEqual([`35100 ${key} silent`, `50100 ${key} expired`])
  })

  test('that were released are not found, and make room for new ones of the same name', () => {
    const leases = leasesWith(1)
    const { key } = instance(1)
    leases.release(ORDERS, key)
    expect(leases.size).toBe(0)
    leases.beat(ORDERS, key, DEFAULT_TIMES, millis(10_000))
    expect(watch(leases, 10_000, 26_000)).toEqual([`25100 ${key} silent`])
  })

  test('that nobody knows are released without a word', () => {
    const leases = leasesWith(1)
    leases.release(ORDERS, instance(2).key)
    leases.release(ref('ghost'), instance(1).key)
    expect(leases.size).toBe(1)
  })

  test('of one instance key in two services are two', () => {
    const leases = leasesWith(1)
    const { key } = instance(1)
    leases.beat(ref('orders', 'g'), key, DEFAULT_TIMES, millis(10_000))
    expect(leases.size).toBe(2)
    expect(watch(leases, 10_000, 16_000)).toEqual([`15100 ${key} silent`])
  })

  test('whose times were cut short are found by the new times', () => {
    const leases = leasesWith(1)
    const { key } = instance(1)
    leases.beat(ORDERS, key, times(500, 1_000, 2_000), millis(100))
    expect(watch(leases, 100, 3_000)).toEqual([`1200 ${key} silent`, `2200 ${key} expired`])
  })

  test('whose times reach farther than a turn of the wheel are found all the same', () => {
    const leases = new Leases(millis(0))
    const { key } = instance(1)
    leases.beat(ORDERS, key, times(5_000, 600_000, 3_600_000), millis(0))
    expect(watch(leases, 0, 3_700_000)).toEqual([`600100 ${key} silent`, `3600100 ${key} expired`])
  })

  test('with a removal before the unhealthy time are removed without being silent first', () => {
    const leases = new Leases(millis(0))
    const { key } = instance(1)
    leases.beat(ORDERS, key, times(5_000, 15_000, 10_000), millis(0))
    expect(watch(leases, 0, 40_000)).toEqual([`10100 ${key} expired`])
  })

  test('that were not looked at for long are found by one look, with their last fate', () => {
    const leases = leasesWith(3)
    const due = leases.takeDue(millis(3_600_000), NO_LIMIT)
    expect(due.map(({ fate }) => fate)).toEqual(['expired', 'expired', 'expired'])
  })
})

describe('one tick', () => {
  test('looks at no more leases than it may; the rest waits for the next', () => {
    const leases = leasesWith(1_000)
    const found = new Set<string>()
    for (let tick = 1; tick <= 100; tick++) {
      const due = leases.takeDue(millis(15_200), 10)
      expect(leases.looked).toBe(tick * 10)
      for (const { lease } of due) found.add(lease.key)
    }
    expect(found.size).toBe(1_000)
  })

  test('finds no more due leases than it may; no look is lost', () => {
    const leases = leasesWith(25)
    const take = () => leases.takeDue(millis(15_200), NO_LIMIT, 10).length
    expect([take(), take(), take(), take()]).toEqual([10, 10, 5, 0])
    expect(leases.looked).toBe(25)
  })

  test('that may look at nothing finds nothing and loses nothing', () => {
    const leases = leasesWith(5)
    expect(leases.takeDue(millis(20_000), 0)).toEqual([])
    expect(leases.takeDue(millis(20_000), NO_LIMIT)).toHaveLength(5)
  })

  test('costs nothing for leases that are not due', () => {
    const leases = leasesWith(10_000)
    watch(leases, 0, 14_900)
    expect(leases.looked).toBe(0)
  })
})
