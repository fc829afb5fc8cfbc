import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { fateOf } from '../../../src/core/health/lease.ts'
import { Leases } from '../../../src/core/health/leases.ts'
import type { LeaseTimes } from '../../../src/core/registry/state.ts'
import { instance, ref } from '../registry/build.ts'
import { times } from './build.ts'

/** Deadlines are found at most this much late; ms. */
const SLOT_MS = 100
const ORDERS = ref('orders')

interface NaiveLease {
  times: LeaseTimes
  lastBeat: number
  isBeating: boolean
}

const anyTimes = fc.oneof(
  fc.constantFrom(times(5_000, 15_000, 30_000), times(5_000, 15_000, 10_000)),
  fc.tuple(fc.nat(2_000), fc.nat(70_000)).map(([a, b]) => times(100, 100 + a, 100 + b)),
)

type Op =
  | { readonly kind: 'beat'; readonly n: number; readonly times: LeaseTimes }
  | { readonly kind: 'release'; readonly n: number }
  | { readonly kind: 'look'; readonly afterMs: number }

const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('beat' as const), n: fc.nat(5), times: anyTimes }),
    fc.record({ kind: fc.constant('release' as const), n: fc.nat(5) }),
    fc.record({
      kind: fc.constant('look' as const),
      afterMs: fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(120_000)),
    }),
  ),
  { maxLength: 80 },
)

test('the wheel finds what looking at every lease finds: never early, at most a slot late', () => {
  fc.assert(
    fc.property(ops, fc.nat(10_000), (all, start) => {
      const wheel = new Leases(millis(start))
      const naive = new Map<number, NaiveLease>()
      let now = start
      for (const op of all) {
        if (op.kind === 'look') {
          now += op.afterMs
          holdAgainst(naive, wheel, now)
        } else if (op.kind === 'release') {
          wheel.release(ORDERS, instance(op.n).key)
          naive.delete(op.n)
        } else {
          wheel.beat(ORDERS, instance(op.n).key, op.times, millis(now))
          naive.set(op.n, { times: op.times, lastBeat: now, isBeating: true })
        }
        expect(wheel.size).toBe(naive.size)
      }
    }),
    { numRuns: 500 },
  )
})

test('a bounded look finds the same in the end', () => {
  fc.assert(
    fc.property(fc.array(anyTimes, { minLength: 1, maxLength: 40 }), fc.integer(), (all, seed) => {
      const lookMax = 1 + (Math.abs(seed) % 7)
      const wheel = new Leases(millis(0))
      for (const [n, one] of all.entries()) wheel.beat(ORDERS, instance(n).key, one, millis(0))
      const expired = new Set<string>()
      for (let i = 0; wheel.size > 0; i++) {
        expect(i).toBeLessThan(1_000)
        const before = wheel.looked
        for (const { lease, fate } of wheel.takeDue(millis(200_000), lookMax)) {
          if (fate === 'expired') expired.add(lease.key)
        }
        expect(wheel.looked - before).toBeLessThanOrEqual(lookMax)
      }
      expect(expired.size).toBe(all.length)
    }),
  )
})

function holdAgainst(naive: Map<number, NaiveLease>, wheel: Leases, now: number): void {
  const found = new Map(
    wheel.takeDue(millis(now), 1_000).map(({ lease, fate }) => [lease.key, fate] as const),
  )
  for (const [n, lease] of naive) {
    const fate = found.get(instance(n).key)
    const [right, before] = [fateAt(lease, now), fateAt(lease, now - SLOT_MS)]
    if (fate === undefined) expect(before).toBe('alive')
    else expect(fate).toBe(right)
    if (fate === 'expired') naive.delete(n)
    if (fate === 'silent') lease.isBeating = false
  }
}

function fateAt(lease: NaiveLease, now: number): string {
  return fateOf({ ...lease, lastBeat: millis(lease.lastBeat) }, millis(now))
}
