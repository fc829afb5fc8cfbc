import { describe, expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { Sampler } from '../../../../src/core/dns/answer/sample.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from './world.ts'

/** Running sums as the table has them. */
function sumsOf(weights: readonly number[]): DataView {
  const view = new DataView(new ArrayBuffer(weights.length * 8))
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    sum += weight
    view.setFloat64(i * 8, sum, true)
  }
  return view
}

/** Chi-square of counts against expected shares; the bound is the 99.9th percentile for `df`. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0)
  return counts.reduce((sum, count, i) => {
    const expected = total * (shares[i] ?? 0)
    return sum + (count - expected) ** 2 / expected
  }, 0)
}

/** Wilson and Hilferty, 1931. */
function boundOf(df: number): number {
  const c = 2 / (9 * df)
  return df * (1 - c + 3.09 * Math.sqrt(c)) ** 3
}

/** Every ordered choice of `k` of n, with its chance when drawn one after the other by weight. */
function ordered(weights: readonly number[], k: number): Map<string, number> {
  const found = new Map<string, number>()
  const go = (picked: readonly number[], chance: number): void => {
    if (picked.length === k) {
      found.set(picked.join(), chance)
      return
    }
    const left = weights.reduce((sum, weight, i) => (picked.includes(i) ? sum : sum + weight), 0)
    for (const [i, weight] of weights.entries()) {
      if (!picked.includes(i)) go([...picked, i], (chance * weight) / left)
    }
  }
  go([], 1)
  return found
}

describe('weighted choice', () => {
  const draws = 40_000

  test.each([
    ['equal weights', [1, 1, 1, 1, 1], 1],
    ['three of five equals', [2, 2, 2, 2, 2], 3],
    ['all of four equals', [1, 1, 1, 1], 4],
    ['1:1:2:4', [1, 1, 2, 4], 1],
    ['very unequal', [0.01, 1, 99], 1],
    ['two of four', [1, 1, 2, 4], 2],
    ['three of four', [4, 2, 1, 1], 3],
    ['all of three, in weighted order', [1, 2, 3], 3],
    ['two of six, drawn with throwing away', [1, 2, 3, 4, 5, 6], 2],
    ['three of seven', [1, 1, 1, 10, 10, 1, 1], 3],
  ])('%s: as if drawn one after the other', (_, weights, k) => {
    const sampler = new Sampler(new SeededRng(20_261_101))
    const table = sumsOf(weights)
    const expected = ordered(weights, k)
    const counts = new Map<string, number>()
    for (let i = 0; i < draws; i++) {
      expect(sampler.pick(table, 0, weights.length, k)).toBe(k)
      const id = sampler.picked.slice(0, k).join()
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    expect([...counts.keys()].filter((id) => !expected.has(id))).toEqual([])
    const keys = [...expected.keys()].filter((id) => (expected.get(id) ?? 0) * draws >= 5)
    const chi = chiSquare(
      keys.map((id) => counts.get(id) ?? 0),
      keys.map((id) => expected.get(id) ?? 0),
    )
    expect(chi).toBeLessThan(boundOf(keys.length - 1))
  })

  test.each([
    [0, 5, 0],
    [1, 5, 1],
    [5, 5, 5],
    [9, 5, 5],
    [-1, 5, 0],
    [3, 0, 0],
  ])('%i of %i are %i, and each once', (count, size, picked) => {
    const sampler = new Sampler(new SeededRng(1))
    const n = sampler.pick(sumsOf(Array<number>(size).fill(1)), 0, size, count)
    expect(n).toBe(picked)
    expect(new Set(sampler.picked.slice(0, n)).size).toBe(n)
  })

  test('ten thousand in order take a bounded time, each once', () => {
    const sampler = new Sampler(new SeededRng(1))
    const size = 10_000
    const table = sumsOf(Array.from({ length: size }, (_, i) => 1 + (i % 7)))
    const started = performance.now()
    for (const count of [1, 8, 100, 4_999, 5_000, 5_001, 10_000]) {
      expect(sampler.pick(table, 0, size, count)).toBe(count)
      expect(new Set(sampler.picked.slice(0, count)).size).toBe(count)
    }
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('through names', () => {
  test('weights 1:3 become answers 1:3, one at a time', () => {
    const world = new DnsWorld()
    world.put(ref('w'), [at('10.1.0.1', { weight: 1 }), at('10.2.0.1', { weight: 3 })])
    const counts = [0, 0]
    for (let i = 0; i < 10_000; i++) {
      const which = world.look('w.nacos') === '10.1.0.1' ? 0 : 1
      counts[which] = (counts[which] ?? 0) + 1
    }
    expect(chiSquare(counts, [0.25, 0.75])).toBeLessThan(boundOf(1))
  })

  test('two ports on one address weigh as much as one of twice the weight', () => {
    const world = new DnsWorld()
    world.put(ref('w'), [
      at('10.1.0.1', { port: 1 }),
      at('10.1.0.1', { port: 2 }),
      at('10.2.0.1', { weight: 6 }),
    ])
    const counts = [0, 0]
    for (let i = 0; i < 10_000; i++) {
      const which = world.look('w.nacos') === '10.1.0.1' ? 0 : 1
      counts[which] = (counts[which] ?? 0) + 1
    }
    expect(chiSquare(counts, [0.25, 0.75])).toBeLessThan(boundOf(1))
  })

  test('of equals, each is first equally often, and eight of twelve are given', () => {
    const world = new DnsWorld()
    const ips = Array.from({ length: 12 }, (_, i) => `10.${i}.0.1`)
    world.put(
      ref('w'),
      ips.map((ip) => at(ip)),
    )
    const first = Array<number>(12).fill(0)
    const given = Array<number>(12).fill(0)
    for (let i = 0; i < 6_000; i++) {
      for (const [k, { data }] of world.ask('w.nacos').answers.entries()) {
        const which = ips.indexOf(data)
        given[which] = (given[which] ?? 0) + 1
        if (k === 0) first[which] = (first[which] ?? 0) + 1
      }
    }
    const even = Array<number>(12).fill(1 / 12)
    expect(chiSquare(first, even)).toBeLessThan(boundOf(11))
    expect(chiSquare(given, even)).toBeLessThan(boundOf(11))
  })

  test('the first SRV is a weighted pick, too', () => {
    const world = new DnsWorld()
    world.put(ref('w'), [at('10.1.0.1', { weight: 1 }), at('10.2.0.1', { weight: 4 })])
    const counts = [0, 0]
    for (let i = 0; i < 5_000; i++) {
      const which = world.ask('w.nacos', 'SRV').answers[0]?.data.includes('10-1-0-1') ? 0 : 1
      counts[which] = (counts[which] ?? 0) + 1
    }
    expect(chiSquare(counts, [0.2, 0.8])).toBeLessThan(boundOf(1))
  })
})
