import { describe, expect, test } from 'vitest'
import { Admission } from '../../../../src/core/dns/forward/admission.ts'
import { Cache } from '../../../../src/core/dns/forward/cache.ts'
import { EntryBuilder, type Entry } from '../../../../src/core/dns/forward/entry.ts'
import { Failures } from '../../../../src/core/dns/forward/failures.ts'
import type { Question } from '../../../../src/core/dns/forward/question.ts'
import { parseName } from '../../../../src/core/dns/name.ts'

function question(name: string, more: Partial<Question> = {}): Question {
  return { name: parseName(name), type: 1, isDnssec: false, isUnchecked: false, ...more }
}

/** One record with so many octets of data. */
function entry(bytes = 4, ttl = 300, rcode = 0): Entry {
  const builder = new EntryBuilder()
  const data = new Uint8Array(bytes)
  builder.addAnswer({ owner: new Uint8Array(1), type: 16, class: 1, ttl, data }, 0, 0)
  const built = builder.build({ rcode, isAuthentic: false, isOpen: false, ttl })
  if (built === undefined) throw new Error('too large')
  return built
}

describe('the cache', () => {
  test('keeps within its bytes, and gives up what was used least recently', () => {
    const cache = new Cache({ bytesMax: 100_000, staleMs: 0 })
    for (let i = 0; i < 1_000; i++) {
      cache.put(question(`n${i}.example.`), entry(500), 0)
      // One that is asked for all the time stays.
      expect(cache.find(question('n0.example.'), 0)).toBeDefined()
      expect(cache.bytes).toBeLessThanOrEqual(100_000)
    }
    expect(cache.size).toBeGreaterThan(50)
    expect(cache.evictions).toBe(1_000 - cache.size)
    expect(cache.find(question('n1.example.'), 0)).toBeUndefined()
    expect(cache.find(question('n999.example.'), 0)).toBeDefined()
  })

  test('counts nothing twice when an entry is replaced, and nothing that has run out', () => {
    const cache = new Cache({ bytesMax: 100_000, staleMs: 1_000 })
    for (let i = 0; i < 100; i++) cache.put(question('a.example.'), entry(100 + i), 0)
    expect(cache.size).toBe(1)
    expect(cache.find(question('a.example.'), 300_999)).toBeDefined()
    expect(cache.find(question('a.example.'), 301_000)).toBeUndefined()
    expect([cache.size, cache.bytes]).toEqual([0, 0])
  })

  test('takes nothing that is larger than itself', () => {
    const cache = new Cache({ bytesMax: 1_000, staleMs: 0 })
    cache.put(question('a.example.'), entry(600), 0)
    expect(cache.size).toBe(0)
  })

  test('tells names, types, DO and CD apart, but not upper from lower case', () => {
    const cache = new Cache({ bytesMax: 100_000, staleMs: 0 })
    const asked = [
      question('a.example.'),
      question('a.example.', { type: 28 }),
      question('a.example.', { isDnssec: true }),
      question('a.example.', { isUnchecked: true }),
      question('b.example.'),
      question('a\\000.example.'),
    ]
    for (const one of asked) cache.put(one, entry(), 0)
    expect(cache.size).toBe(asked.length)
  })

  test('an answer larger than a message is none', () => {
    const builder = new EntryBuilder()
    const data = new Uint8Array(40_000)
    const record = { owner: new Uint8Array(1), type: 16, class: 1, ttl: 1, data }
    builder.addAnswer(record, 0, 0)
    builder.addAnswer(record, 0, 0)
    const facts = { rcode: 0, isAuthentic: false, isOpen: false, ttl: 1 }
    expect(builder.build(facts)).toBeUndefined()
  })
})

// RFC 9520 §3.2: at least a second, at most five minutes; here five seconds.
test('a failure is remembered longer the more often it repeats', () => {
  const failures = new Failures()
  const asked = question('a.example.')
  const kept: number[] = []
  let now = 0
  for (let i = 0; i < 5; i++) {
    failures.note(asked, now)
    const since = now
    while (failures.has(asked, now)) now += 100
    kept.push(now - since)
  }
  expect(kept).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  failures.note(asked, now + 60_000)
  expect(failures.has(asked, now + 60_999)).toBe(true)
  expect(failures.has(asked, now + 61_000)).toBe(false)
  failures.note(asked, now)
  failures.forget(asked)
  expect(failures.has(asked, now)).toBe(false)
})

test('failures are bounded', () => {
  const failures = new Failures()
  for (let i = 0; i < 10_001; i++) failures.note(question(`n${i}.example.`), 0)
  expect(failures.has(question('n0.example.'), 0)).toBe(false)
  expect(failures.has(question('n1.example.'), 0)).toBe(true)
})

describe('admission', () => {
  test('a busy client waits, another one passes', () => {
    const admission = new Admission<string>({ inFlightMax: 3, perClientMax: 2, queueMax: 2 })
    const verdicts = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map((task) =>
      admission.enter(task.charAt(0), task),
    )
    expect(verdicts).toEqual(['go', 'go', 'queued', 'go', 'queued', 'full'])
    // b has room, a has as well once one of its own is back.
    expect(admission.leave('b')).toBe('b2')
    expect(admission.leave('a')).toBe('a3')
    expect([admission.inFlight, admission.queued]).toEqual([3, 0])
    expect(admission.leave('a')).toBeUndefined()
  })

  test('who gave up waiting takes no turn', () => {
    const admission = new Admission<string>({ inFlightMax: 1, perClientMax: 1, queueMax: 2 })
    for (const task of ['a1', 'a2', 'a3']) admission.enter('a', task)
    admission.cancel('a2')
    admission.cancel('nobody')
    expect(admission.leave('a')).toBe('a3')
  })
})
