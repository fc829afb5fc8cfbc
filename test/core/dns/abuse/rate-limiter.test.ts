import { expect, test } from 'vitest'
import { Client } from '../../../../src/core/dns/answer/client.ts'
import {
  LIMIT,
  RATE_TABLE_BYTES,
  RateLimiter,
} from '../../../../src/core/dns/abuse/rate-limiter.ts'
import { parseIPv4, parseIPv6 } from '../../../../src/kernel/ip.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'

const NOW = 1_700_000_000_000

function clientAt(address: string): Client {
  const client = new Client()
  const v6 = parseIPv6(address)
  if (v6 === undefined) client.setV4(parseIPv4(address) ?? 0)
  else client.setV6(v6)
  return client
}

function limiter(perSecond: number, slip: number = 2): RateLimiter {
  return new RateLimiter(new SharedArrayBuffer(RATE_TABLE_BYTES), { perSecond, slip, seed: [5, 9] })
}

/** Sent, slipped, dropped of `count` answers spread over `ms` from `from` on. */
function flood(
  rates: RateLimiter,
  client: Client,
  { count, ms, from = NOW, kind = 1, value = 77, cost = 1 }: FloodParts,
): readonly number[] {
  const seen = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    client.nowMs = from + (i * ms) / count
    const did = rates.decide(client, kind, value, cost)
    seen[did] = (seen[did] ?? 0) + 1
  }
  return seen
}

interface FloodParts {
  readonly count: number
  readonly ms: number
  readonly from?: number
  readonly kind?: number
  readonly value?: number
  readonly cost?: number
}

test('2,000 a second: the limit gets through, half of the rest slips', () => {
  const [sent = 0, slipped = 0, dropped = 0] = flood(limiter(100), clientAt('203.0.113.9'), {
    count: 20_000,
    ms: 10_000,
  })
  // One second's worth at once, then the rate.
  expect(sent).toBeGreaterThanOrEqual(1_099)
  expect(sent).toBeLessThanOrEqual(1_101)
  expect(Math.abs(slipped - dropped)).toBeLessThanOrEqual(1)
})

test('a client below the limit is never limited', () => {
  const seen = flood(limiter(100), clientAt('203.0.113.9'), { count: 9_900, ms: 100_000 })
  expect(seen).toEqual([9_900, 0, 0])
})

test.each([
  [0, [0, 900]],
  [1, [900, 0]],
  [3, [300, 600]],
])('slip %i', (slip, rest) => {
  const seen = flood(limiter(100, slip), clientAt('203.0.113.9'), { count: 1_000, ms: 0 })
  expect(seen).toEqual([100, ...rest])
})

test('neighbours share a bucket, others do not', () => {
  const rates = limiter(100)
  flood(rates, clientAt('203.0.113.9'), { count: 1_000, ms: 0 })
  const once = { count: 1, ms: 0 }
  expect(flood(rates, clientAt('203.0.113.200'), once)[0]).toBe(0)
  expect(flood(rates, clientAt('203.0.114.9'), once)).toEqual([1, 0, 0])
  flood(rates, clientAt('2001:db8:1:200::1'), { count: 1_000, ms: 0 })
  expect(flood(rates, clientAt('2001:db8:1:2ff::1'), once)[0]).toBe(0)
  expect(flood(rates, clientAt('2001:db8:1:300::1'), once)[0]).toBe(1)
  // Another class of the flooded network.
  expect(flood(rates, clientAt('203.0.113.9'), { ...once, kind: 2 })[0]).toBe(1)
  expect(flood(rates, clientAt('203.0.113.9'), { ...once, value: 78 })[0]).toBe(1)
})

test('a bucket is full again after a second, and after any number of them', () => {
  for (const pause of [1_000, 60_000, 35 * 60_000, 36 * 60_000, 70 * 60_000, 86_400_000]) {
    const rates = limiter(100)
    const client = clientAt('203.0.113.9')
    flood(rates, client, { count: 1_000, ms: 0 })
    expect(flood(rates, client, { count: 100, ms: 0, from: NOW + pause })).toEqual([100, 0, 0])
  }
})

test('a million forged networks do not free one that is limited', () => {
  const rates = limiter(100)
  const victim = clientAt('203.0.113.9')
  const rng = new SeededRng(3)
  const forged = new Client()
  let sent = 0
  for (let i = 0; i < 1_000_000; i++) {
    const now = NOW + i / 100
    forged.setV4(rng.u32())
    forged.nowMs = now
    victim.nowMs = now
    rates.decide(forged, 1, 77, 1)
    if (i % 50 === 0 && rates.decide(victim, 1, 77, 1) === LIMIT.SEND) sent++
  }
  // 2,000 a second for 10 s.
  expect(sent).toBeLessThanOrEqual(1_101)
})

test('an attack is over ten seconds after the last answer that was limited', () => {
  const rates = limiter(100)
  expect(rates.isUnderAttack(NOW)).toBe(false)
  flood(rates, clientAt('203.0.113.9'), { count: 1_000, ms: 0 })
  expect(rates.isUnderAttack(NOW + 9_999)).toBe(true)
  expect(rates.isUnderAttack(NOW + 10_001)).toBe(false)
})

test('two threads on one table keep one limit', () => {
  const table = new SharedArrayBuffer(RATE_TABLE_BYTES)
  const settings = { perSecond: 100, slip: 0, seed: [5, 9] as const }
  const one = new RateLimiter(table, settings)
  const two = new RateLimiter(table, settings)
  const client = clientAt('203.0.113.9')
  const [a = 0] = flood(one, client, { count: 500, ms: 0 })
  const [b = 0] = flood(two, client, { count: 500, ms: 0 })
  expect(a + b).toBe(100)
})

test('low and high limits are counted right', () => {
  for (const rate of [7, 1_000, 100_000]) {
    const [sent = 0] = flood(limiter(rate), clientAt('203.0.113.9'), {
      count: rate * 20,
      ms: 10_000,
    })
    expect(sent / (rate * 11)).toBeCloseTo(1, 1)
  }
})

test('what costs more is sent less often, and yet at least once', () => {
  const [sent = 0] = flood(limiter(100), clientAt('203.0.113.9'), {
    count: 9_999,
    ms: 9_999,
    cost: 4,
  })
  expect(sent).toBeCloseTo(275, -1)
  const [once = 0] = flood(limiter(2), clientAt('203.0.113.9'), { count: 9, ms: 0, cost: 3 })
  expect(once).toBe(1)
})
