import { expect, test } from 'vitest'
import { didYouMean, editDistance } from '../../src/app/settings/suggest.ts'

test.each([
  ['', '', 0],
  ['ttl', 'ttl', 0],
  ['ttl', 'tl', 1],
  ['lisen', 'listen', 1],
  ['prot', 'port', 1],
  ['kitten', 'sitting', 3],
])('from %j to %j it is %i', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
  expect(editDistance(b, a)).toBe(distance)
})

test.each([
  ['dns.prot', ', did you mean dns.port?'],
  ['server.ttl', ', did you mean dns.ttl?'],
  ['dns.colour', ''],
  ['x'.repeat(10_000), ''],
])('%.20s is guessed: %j', (name, guess) => {
  expect(didYouMean(name, ['dns.port', 'dns.ttl', 'server.listen'])).toBe(guess)
})
