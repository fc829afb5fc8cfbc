import { array, assert, integer, nat, property, tuple, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { readAnswer } from '../../../../src/core/dns/forward/read-answer.ts'
import { matchAnswer, writeRequest } from '../../../../src/core/dns/forward/request.ts'
import { sift } from '../../../../src/core/dns/forward/sift.ts'
import { answerTo } from './upstream-message.ts'

const QUESTION = {
  name: parseName('www.example.'),
  type: 1,
  isDnssec: true,
  isUnchecked: false,
}
const STYLE = { isMixed: true, hasEdns: true, wantsAuthentic: false }
const RULES = {
  isTrusted: false,
  ttlMax: 100,
  negativeTtlMax: 100,
  isInBailiwick: () => true,
}

const good = answerTo(writeRequest(QUESTION, STYLE, new SeededRng(1)).packet, {
  answers: ['www.example. 9 CNAME a.example.', 'a.example. 9 A 192.0.2.1'],
  authorities: ['example. 9 SOA a.example. b.example. 5'],
})

test('random octets never throw', () => {
  assert(
    property(uint8Array({ maxLength: 600 }), (bytes) => {
      const answer = readAnswer(bytes)
      if (answer !== undefined) sift(answer, QUESTION, RULES)
    }),
    { numRuns: 2_000 },
  )
})

test('a good answer with some octets changed never throws, and stays within its bounds', () => {
  const change = tuple(nat(good.length - 1), nat(255))
  assert(
    property(array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = good.slice()
      for (const [at, octet] of changes) bytes[at] = octet
      const answer = readAnswer(bytes)
      const entry = answer && sift(answer, QUESTION, RULES)
      if (entry !== undefined) expect(entry.ttl).toBeLessThanOrEqual(100)
    }),
    { numRuns: 3_000 },
  )
})

test('a request is answered by its own answer only', () => {
  assert(
    property(integer(), integer(), (a, b) => {
      const [one, other] = [a, b].map((seed) => writeRequest(QUESTION, STYLE, new SeededRng(seed)))
      if (one === undefined || other === undefined) return
      const answer = answerTo(one.packet)
      expect(matchAnswer(one, answer)).toBe(1)
      const isSame = one.packet.every((octet, i) => octet === other.packet[i])
      expect(matchAnswer(other, answer) === 1).toBe(isSame)
    }),
  )
})

/** An answer whose one record begins with these octets. */
function withOwner(octets: readonly number[], count = 1): Uint8Array {
  const record = [...octets, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]
  const header = [0, 0, 0x81, 0x80, 0, 0, count >> 8, count & 255, 0, 0, 0, 0]
  return Uint8Array.from([...header, ...Array.from({ length: count }, () => record).flat()])
}

test.each<[string, Uint8Array]>([
  ['a pointer to itself', withOwner([0xc0, 12])],
  ['a pointer forwards', withOwner([0xc0, 40])],
  ['a pointer into the header', withOwner([0xc0, 4])],
  ['a label of an unknown kind', withOwner([0x40, 0])],
  ['more records than any answer has', withOwner([0], 4_097)],
  ['an address of three octets', withOwner([0]).with(22, 3).subarray(0, -1)],
  ['a record beyond the end', withOwner([0]).subarray(0, -1)],
  ['a count beyond the end', withOwner([0]).with(7, 2)],
])('%s is no answer', (_, bytes) => {
  expect(readAnswer(bytes)).toBeUndefined()
})

test('the longest answer is read in a few milliseconds', () => {
  const bytes = withOwner([0], 4_000)
  const started = performance.now()
  for (let i = 0; i < 5; i++) expect(readAnswer(bytes)?.answers).toHaveLength(4_000)
  expect((performance.now() - started) / 5).toBeLessThan(100)
})
