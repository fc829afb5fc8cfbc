import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { millis } from '../../../src/kernel/ids.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('what is to come after a delay comes once, and not early', () => {
  const clock = new SystemClock()
  const start = clock.now()
  const rings: number[] = []
  clock.after(millis(100.4), () => rings.push(clock.now() - start))
  vi.advanceTimersByTime(100)
  expect(rings).toEqual([])
  vi.advanceTimersByTime(1_000)
  expect(rings).toHaveLength(1)
  expect(rings[0]).toBeGreaterThanOrEqual(100.4)
})

test('a delay beyond what a timer holds is waited for in full', () => {
  const clock = new SystemClock()
  const ring = vi.fn()
  const fortyDaysMs = 40 * 86_400_000
  clock.after(millis(fortyDaysMs), ring)
  vi.advanceTimersByTime(fortyDaysMs - 1)
  expect(ring).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(ring).toHaveBeenCalledOnce()
})

test('ticks stand at whole periods from the start', () => {
  const clock = new SystemClock()
  const start = clock.now()
  const ticks: number[] = []
  using _ticking = clock.every(millis(100), () => ticks.push(clock.now() - start))
  vi.advanceTimersByTime(1_000)
  expect(ticks).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000])
})

test('a stall gives one late tick, then the old rhythm', () => {
  const clock = new SystemClock()
  const start = clock.now()
  const ticks: number[] = []
  using _ticking = clock.every(millis(100), () => {
    ticks.push(clock.now() - start)
    // The process stands still for 350 ms within its second tick.
    if (ticks.length === 2) vi.spyOn(performance, 'now').mockReturnValue(start + 550)
  })
  vi.advanceTimersByTime(200)
  vi.restoreAllMocks()
  vi.advanceTimersByTime(800)
  expect(ticks.slice(0, 2)).toEqual([100, 200])
  expect(ticks.slice(2)).toEqual([600, 700, 800, 900, 1_000])
})

test('a wait that is no number is a bug, not an endless one', () => {
  const clock = new SystemClock()
  expect(() => clock.after(millis(Number.NaN), vi.fn())).toThrow('wait')
  expect(() => clock.every(millis(0), vi.fn())).toThrow('period')
})

test('nothing rings after it was disposed of, also from within', () => {
  const clock = new SystemClock()
  const ring = vi.fn()
  clock.after(millis(10), ring)[Symbol.dispose]()
  const ticking = clock.every(millis(10), () => {
    ring()
    ticking[Symbol.dispose]()
  })
  vi.advanceTimersByTime(1_000)
  expect(ring).toHaveBeenCalledOnce()
})

test('the clock on real timers moves forward and agrees with the wall', async () => {
  vi.useRealTimers()
  const clock = new SystemClock()
  const [before, wall] = [clock.now(), clock.wall()]
  await new Promise<void>((resolve) => {
    clock.after(millis(20), resolve)
  })
  expect(clock.now() - before).toBeGreaterThanOrEqual(20)
  expect(Math.abs(clock.wall() - wall)).toBeLessThan(10_000)
})
