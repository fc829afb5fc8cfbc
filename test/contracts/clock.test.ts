import { expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { SystemClock } from '../../src/adapters/clock/system-clock.ts'
import { SimClock } from '../sim/clock.ts'
import { clockContract } from './clock.contract.ts'

clockContract('the simulated clock', () => {
  const clock = new SimClock()
  return {
    clock,
    pass: (ms) => {
      clock.pass(ms)
      return Promise.resolve()
    },
    stall: (ms) => clock.stall(ms),
  }
})

clockContract('the clock of the system', () => {
  const clock = new SystemClock()
  return {
    clock,
    pass: (ms) => new Promise((resolve) => clock.after(millis(ms), resolve)),
    stall: (ms) => {
      const until = performance.now() + ms
      while (performance.now() < until);
    },
  }
})

test('the simulated clock stands still while nobody moves it', async () => {
  const clock = new SimClock()
  const before = clock.now()
  await new Promise(setImmediate)
  expect(clock.now()).toBe(before)
})

test('on the simulated clock, what is due at one moment runs in the order in which it was set', () => {
  const clock = new SimClock()
  const rang: number[] = []
  for (let i = 0; i < 100; i++) clock.after(millis(7), () => rang.push(i))
  clock.pass(7)
  expect(rang).toEqual(Array.from({ length: 100 }, (_, i) => i))
})
