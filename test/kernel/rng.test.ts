import { describe, expect, test } from 'vitest'
import { SeededRng } from '../../src/kernel/rng.ts'

const DRAWS = 100_000

describe('seeded chance', () => {
  test('is the same for the same seed', () => {
    const [a, b] = [new SeededRng(42), new SeededRng(42)]
    for (let i = 0; i < 1_000; i++) expect(a.u32()).toBe(b.u32())
  })

  test('differs for neighbouring seeds from the first draw on', () => {
    const firsts = new Set(Array.from({ length: 1_000 }, (_, seed) => new SeededRng(seed).u32()))
    expect(firsts.size).toBe(1_000)
  })

  test.each([0, -1, 2 ** 31, 2 ** 32, 1.5])('takes any number as a seed: %d', (seed) => {
    const rng = new SeededRng(seed)
    expect(new Set([rng.u32(), rng.u32(), rng.u32()]).size).toBe(3)
  })

  test('draws whole numbers of 32 bits', () => {
    const rng = new SeededRng(7)
    for (let i = 0; i < 10_000; i++) {
      const draw = rng.u32()
      expect(Number.isInteger(draw) && draw >= 0 && draw < 2 ** 32).toBe(true)
    }
  })

  test('fills [0, 1) evenly', () => {
    const rng = new SeededRng(1)
    const buckets = Array<number>(20).fill(0)
    for (let i = 0; i < DRAWS; i++) {
      const bucket = Math.floor(rng.f64() * 20)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    // 5,000 are expected in each; 5 standard deviations are some 345.
    for (const count of buckets) expect(Math.abs(count - DRAWS / 20)).toBeLessThan(345)
    expect(buckets.reduce((a, b) => a + b)).toBe(DRAWS)
  })

  test('sets every bit about half of the time', () => {
    const rng = new SeededRng(2)
    const ones = Array<number>(32).fill(0)
    for (let i = 0; i < DRAWS; i++) {
      const draw = rng.u32()
      for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] ?? 0) + ((draw >>> bit) & 1)
    }
    // 5 standard deviations of 100,000 coins are some 790.
    for (const count of ones) expect(Math.abs(count - DRAWS / 2)).toBeLessThan(790)
  })

  test('shows no link between a draw and the next', () => {
    const rng = new SeededRng(3)
    let sum = 0
    let last = rng.f64()
    for (let i = 0; i < DRAWS; i++) {
      const next = rng.f64()
      sum += (last - 0.5) * (next - 0.5)
      last = next
    }
    // Correlation: variance of uniform draws is 1/12; 5 deviations at 100,000 draws.
    expect(Math.abs((sum / DRAWS) * 12)).toBeLessThan(5 / Math.sqrt(DRAWS))
  })
})
