import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DohBodies } from '../../../src/adapters/dns/doh-bodies.ts'

const DEADLINE_MS = 5_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function begin(bodies: DohBodies, client: string, count: number): number {
  return Array.from({ length: count }, () => bodies.begin(client, () => undefined)).filter(
    (body) => body !== undefined,
  ).length
}

test('a client has a hundred bodies under way, all together a thousand', () => {
  const bodies = new DohBodies(DEADLINE_MS)
  expect(begin(bodies, '192.0.2.1', 1_000)).toBe(100)
  expect(begin(bodies, '192.0.2.2', 1)).toBe(1)
  for (let i = 3; i < 13; i++) begin(bodies, `192.0.2.${i}`, 100)
  expect(begin(bodies, '192.0.2.99', 1)).toBe(0)
})

test('each is cut after its own deadline, and gives its place back once', () => {
  const bodies = new DohBodies(DEADLINE_MS)
  const cut: number[] = []
  bodies.begin('192.0.2.1', () => cut.push(1))
  vi.advanceTimersByTime(3_000)
  bodies.begin('192.0.2.1', () => cut.push(2))
  const whole = bodies.begin('192.0.2.1', () => cut.push(3))
  if (whole !== undefined) bodies.end(whole)
  if (whole !== undefined) bodies.end(whole)
  vi.advanceTimersByTime(2_001)
  bodies.sweep()
  expect(cut).toEqual([1])
  vi.advanceTimersByTime(3_000)
  bodies.sweep()
  expect(cut).toEqual([1, 2])
  expect(begin(bodies, '192.0.2.1', 200)).toBe(100)
})
