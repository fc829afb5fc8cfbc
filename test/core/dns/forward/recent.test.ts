import { expect, test } from 'vitest'
import { Cached } from '../../../../src/core/dns/forward/cache.ts'
import { NO_ENTRY } from '../../../../src/core/dns/forward/entry.ts'
import { questionKey } from '../../../../src/core/dns/forward/question.ts'
import { markOf, Recent } from '../../../../src/core/dns/forward/recent.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { hashName } from '../../../../src/core/dns/table/name-hash.ts'

const NAME = parseName('www.example.')
const A = markOf(1, false, false)

function keyOf(name: Uint8Array): DataView {
  const key = new Uint8Array(264)
  key.set(name)
  return new DataView(key.buffer)
}

function noted(): { recent: Recent; cached: Cached; hash: number; key: DataView } {
  const key = keyOf(NAME)
  const question = { name: NAME, type: 1, isDnssec: false, isUnchecked: false }
  const cached = new Cached(questionKey(question), NO_ENTRY, 0, 0)
  const recent = new Recent(1, 2)
  recent.note(cached, A, key, NAME.length)
  return { recent, cached, hash: hashName(key, 0, NAME.length, 1, 2), key }
}

test('a question is found by its hash', () => {
  const { recent, cached, hash, key } = noted()
  expect(recent.find(hash, A, key, NAME.length)).toBe(cached)
})

test('another name with the same hash is not', () => {
  const { recent, hash } = noted()
  for (const name of ['wwx.example.', 'www.example.org.', 'w.'].map((text) => parseName(text))) {
    expect(recent.find(hash, A, keyOf(name), name.length)).toBeUndefined()
  }
})

test('nor is another type, though it has the same slot', () => {
  const { recent, hash, key } = noted()
  const slots = 65_536
  for (let mark = A + 1; mark <= A + slots; mark++) {
    expect(recent.find(hash, mark, key, NAME.length)).toBeUndefined()
  }
})

test('two questions share a pair of slots, a third takes a place', () => {
  const recent = new Recent(1, 2)
  const key = keyOf(NAME)
  const hash = hashName(key, 0, NAME.length, 1, 2)
  const make = (type: number): Cached => {
    const question = { name: NAME, type, isDnssec: false, isUnchecked: false }
    return new Cached(questionKey(question), NO_ENTRY, 0, 0)
  }
  // Types so far apart that their slots are the same.
  const types = [1, 1 + 16_384, 1 + 32_768]
  const found = (): number =>
    types.filter((type) => recent.find(hash, markOf(type, false, false), key, NAME.length)).length
  for (const [i, type] of types.entries()) {
    recent.note(make(type), markOf(type, false, false), key, NAME.length)
    expect(found()).toBe(Math.min(i + 1, 2))
  }
  // Told again, who shares a pair stays beside the other.
  for (const type of [1, 1 + 16_384, 1, 1 + 16_384, 1 + 16_384, 1]) {
    recent.note(make(type), markOf(type, false, false), key, NAME.length)
  }
  expect(recent.find(hash, markOf(1, false, false), key, NAME.length)).toBeDefined()
  expect(recent.find(hash, markOf(1 + 16_384, false, false), key, NAME.length)).toBeDefined()
})

test('what was given up is forgotten', () => {
  const { recent, cached, hash, key } = noted()
  cached.giveUp()
  expect(recent.find(hash, A, key, NAME.length)).toBeUndefined()
})
