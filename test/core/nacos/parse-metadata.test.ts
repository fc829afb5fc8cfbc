import { expect, test } from 'vitest'
import { metadataJson } from '../../../src/core/nacos/json.ts'
import { parseMetadata } from '../../../src/core/nacos/parse-metadata.ts'
import { catchText } from './catch-error.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }

function parse(text: string): unknown {
  return Object.fromEntries(parseMetadata(text, LIMITS))
}

test.each([
  ['', {}],
  ['null', {}],
  ['{}', {}],
  ['{"a":"b","c":"d"}', { a: 'b', c: 'd' }],
  [
    '{"a":1,"b":1.0,"c":true,"d":12345678901234567890}',
    { a: '1', b: '1.0', c: 'true', d: '12345678901234567890' },
  ],
  ['{"a":null,"b":"x"}', { b: 'x' }],
  ['{"a":"x","a":"y"}', { a: 'y' }],
  ['a=b', { a: 'b' }],
  ['a=b,c=d,', { a: 'b', c: 'd' }],
  ['a = b , c = d', { a: 'b', c: 'd' }],
  ['=b', { '': 'b' }],
])('metadata %s', (text, expected) => {
  expect(parse(text)).toEqual(expected)
})

test.each([
  ['abc', 'metadata format incorrect:abc'],
  ['a=b=c', 'metadata format incorrect:a=b=c'],
  ['a=', 'metadata format incorrect:a='],
  ['a=b,,c=d', 'metadata format incorrect:a=b,,c=d'],
  ['{"a":', 'metadata format incorrect:{"a":'],
  ['[1]', 'metadata format incorrect:[1]'],
  ['{"a":{"b":1}}', 'metadata format incorrect:a'],
  ['{"a":["b"]}', 'metadata format incorrect:a'],
])('metadata %s is refused', (text, message) => {
  expect(catchText(() => parse(text))).toBe(message)
})

function keys(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v'])))
}

test('64 keys and 8 KiB are allowed, one more is not', () => {
  expect(catchText(() => parse(keys(64)))).toBeUndefined()
  expect(catchText(() => parse(keys(65)))).toMatch(/not have more than 64 keys/)
  expect(catchText(() => parse(JSON.stringify({ a: 'x'.repeat(8_191) })))).toBeUndefined()
  expect(catchText(() => parse(JSON.stringify({ a: 'x'.repeat(8_192) })))).toBe(
    "Param 'metadata' is illegal, the param length should not exceed 8192.\n",
  )
})

test.each([
  ['é', 2],
  ['中', 3],
  ['😀', 4],
])('the limit counts bytes of UTF-8: %s is %d', (sign, bytes) => {
  const count = Math.floor((8_192 - 1) / bytes)
  expect(catchText(() => parse(JSON.stringify({ a: sign.repeat(count) })))).toBeUndefined()
  expect(catchText(() => parse(JSON.stringify({ a: sign.repeat(count + 1) })))).toBeDefined()
})

test('what cannot fit is refused before it is read', () => {
  expect(catchText(() => parse('{'.repeat(1_000_000)))).toMatch(/should not exceed 8192/)
})

test('keys of the prototype are data: they go in and come out, and change no object', () => {
  const text = '{"__proto__":"x","constructor":"y","toString":"z"}'
  const metadata = parseMetadata(text, LIMITS)
  expect(metadataJson(metadata)).toBe(text)
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect(catchText(() => parseMetadata('{"__proto__":{"polluted":1}}', LIMITS))).toBe(
    'metadata format incorrect:__proto__',
  )
})
