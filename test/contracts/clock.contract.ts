import { describe, expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import type { Clock } from '../../src/engine/ports.ts'

/** A clock and the means to live through some of its time. */
export interface ClockUnderTest {
  readonly clock: Clock
  /** Resolves when at least `ms` have passed and what was due by then has run. */
  readonly pass: (ms: number) => Promise<void>
  /** The process stands still for `ms`: nothing runs meanwhile. */
  readonly stall: (ms: number) => void
}

/** What every `Clock` promises. Times are short and bounds wide: one of them is a real clock. */
export function clockContract(name: string, make: () => ClockUnderTest): void {
  describe(`${name} keeps the contract of a clock:`, () => {
    test('now grows by what has passed, and never runs backwards', async () => {
      const { clock, pass } = make()
      const before = clock.now()
      await pass(20)
      const after = clock.now()
      expect(after - before).toBeGreaterThanOrEqual(20)
      expect(clock.now()).toBeGreaterThanOrEqual(after)
    })

    test('wall time is a date of our days and goes on with now', async () => {
      const { clock, pass } = make()
      const [wall, now] = [clock.wall(), clock.now()]
      expect(new Date(wall).getUTCFullYear()).toBeGreaterThanOrEqual(2026)
      await pass(20)
      expect(Math.abs(clock.wall() - wall - (clock.now() - now))).toBeLessThan(50)
    })

    test('after runs once, never early, never at once', async () => {
      const { clock, pass } = make()
      const begin = clock.now()
      const rang: number[] = []
      clock.after(millis(10), () => rang.push(clock.now() - begin))
      expect(rang).toEqual([])
      await pass(50)
      expect(rang).toHaveLength(1)
      expect(rang[0]).toBeGreaterThanOrEqual(10)
    })

    test('after no time at all, or less, still runs later', async () => {
      const { clock, pass } = make()
      const rang: string[] = []
      clock.after(millis(0), () => rang.push('zero'))
      clock.after(millis(-5), () => rang.push('less'))
      expect(rang).toEqual([])
      await pass(20)
      expect(rang.toSorted()).toEqual(['less', 'zero'])
    })

    test('the earlier deadline runs first, whoever was set first', async () => {
      const { clock, pass } = make()
      const rang: string[] = []
      clock.after(millis(30), () => rang.push('late'))
      clock.after(millis(10), () => rang.push('early'))
      await pass(60)
      expect(rang).toEqual(['early', 'late'])
    })

    test('what was disposed of does not run, and may be disposed of again', async () => {
      const { clock, pass } = make()
      const rang: string[] = []
      const once = clock.after(millis(10), () => rang.push('after'))
      const often = clock.every(millis(10), () => rang.push('every'))
      for (const timer of [once, often, once, often]) timer[Symbol.dispose]()
      await pass(40)
      expect(rang).toEqual([])
    })

    test('disposing of what has run is harmless', async () => {
      const { clock, pass } = make()
      const timer = clock.after(millis(1), () => {})
      await pass(20)
      expect(() => timer[Symbol.dispose]()).not.toThrow()
    })

    test('every runs at most once per period until it is disposed of', async () => {
      const { clock, pass } = make()
      const begin = clock.now()
      let rounds = 0
      using _ = clock.every(millis(10), () => rounds++)
      await pass(100)
      const periods = (clock.now() - begin) / 10
      expect(rounds).toBeGreaterThanOrEqual(2)
      expect(rounds).toBeLessThanOrEqual(periods)
    })

    test('every may dispose of itself in a round of its own', async () => {
      const { clock, pass } = make()
      let rounds = 0
      const timer = clock.every(millis(5), () => {
        rounds++
        timer[Symbol.dispose]()
      })
      await pass(40)
      expect(rounds).toBe(1)
    })

    test('what runs may set the next', async () => {
      const { clock, pass } = make()
      const rang: string[] = []
      clock.after(millis(5), () => {
        rang.push('first')
        clock.after(millis(5), () => rang.push('second'))
      })
      await pass(60)
      expect(rang).toEqual(['first', 'second'])
    })

    test('a stall is followed by one late round, not by a burst', async () => {
      const { clock, pass, stall } = make()
      let rounds = 0
      using _ = clock.every(millis(20), () => rounds++)
      const begin = clock.now()
      stall(200)
      expect(clock.now() - begin).toBeGreaterThanOrEqual(200)
      await pass(1)
      // The late one, and perhaps the next that is due by now.
      expect(rounds).toBeGreaterThanOrEqual(1)
      expect(rounds).toBeLessThanOrEqual(2)
    })
  })
}
