import { expect, test } from 'vitest'
import { CryptoRng } from '../../../../src/adapters/dns/forward/crypto-rng.ts'
import { FakeUpstream } from './fake-upstream.ts'
import { ForwarderWorld } from './forwarder-world.ts'

const QUERIES = 10_000
const BINS = 32
/** χ² with 31 degrees of freedom is above it once in a million times. */
const CHI_SQUARE_MAX = 80

/** χ² of values that should fall evenly into bins over `[low, high)`. */
function chiSquare(values: readonly number[], low: number, high: number): number {
  const bins = Array<number>(BINS).fill(0)
  for (const value of values) {
    const bin = Math.floor(((value - low) * BINS) / (high - low))
    bins[bin] = (bins[bin] ?? 0) + 1
  }
  const expected = values.length / BINS
  return bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

// RFC 5452 §9: what a forger must guess.
test('ID, port and case are different with every query, and even over their range', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  for (let i = 0; i < QUERIES / 50; i++) {
    const batch = Array.from({ length: 50 }, (_, j) => world.ask(`n${i}x${j}.entropy.example.`))
    await Promise.all(batch)
  }
  const ids = upstream.heard.map(({ id }) => id)
  const ports = upstream.heard.map(({ port }) => port)
  const mixed = upstream.heard.flatMap(({ name }) => name.slice(-17).match(/[a-z]/gi) ?? [])
  expect(ids.length).toBeGreaterThanOrEqual(QUERIES)
  expect(chiSquare(ids, 0, 65_536)).toBeLessThan(CHI_SQUARE_MAX)
  // Of the system, say 32,768 … 60,999; Linux gives even ones first to those who do not bind.
  const [low, high] = [Math.min(...ports), Math.max(...ports) + 1]
  expect(high - low).toBeGreaterThan(16_000)
  expect(chiSquare(ports, low, high)).toBeLessThan(CHI_SQUARE_MAX)
  expect(new Set(ports).size).toBeGreaterThan(QUERIES * 0.8)
  const upper = mixed.filter((letter) => letter < 'a').length
  expect(Math.abs(upper / mixed.length - 0.5)).toBeLessThan(0.02)
  // Neither follows from the one before.
  expect(Math.abs(correlation(ids))).toBeLessThan(0.1)
  expect(Math.abs(correlation(ports))).toBeLessThan(0.1)
})

/** Of each value with the next one. */
function correlation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let [together, alone] = [0, 0]
  for (const [i, value] of values.entries()) {
    alone += (value - mean) ** 2
    together += (value - mean) * ((values[i + 1] ?? mean) - mean)
  }
  return together / alone
}

test('the chance itself is even in every bit', () => {
  const rng = new CryptoRng()
  const bits = Array<number>(32).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const drawn = rng.u32()
    for (let bit = 0; bit < 32; bit++) if (drawn & (1 << bit)) bits[bit] = (bits[bit] ?? 0) + 1
  }
  for (const count of bits) expect(Math.abs(count - 5_000)).toBeLessThan(300)
})
