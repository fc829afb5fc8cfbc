import { expect, test } from 'vitest'
import {
  firstOf,
  optional,
  parseDecimal,
  parseFlag,
  parseInteger,
  parseParams,
  required,
} from '../../../src/core/nacos/params.ts'
import { catchCode, catchText } from './catch-error.ts'

test.each([
  ['the query goes before the form', 'a=1', 'a=2&b=3', { a: '1', b: '3' }],
  ['the first of repeated names wins', 'a=1&a=2', '', { a: '1' }],
  ['a plus is a blank', 'a=x+y', '', { a: 'x y' }],
  ['percent escapes are UTF-8', 'a=%C3%A9%20%E4%B8%AD', '', { a: 'é 中' }],
  ['a stray percent is itself', 'a=50%&b=%zz&c=%4', '', { a: '50%', b: '%zz', c: '%4' }],
  ['a stray percent spoils no neighbour', 'a=100%+%41%zz', '', { a: '100% A%zz' }],
  ['bytes that are no UTF-8 become replacement signs', 'a=%ff%41', '', { a: '\uFFFDA' }],
  ['only the first equals sign divides', 'a=b=c', '', { a: 'b=c' }],
  ['a name without equals sign is blank', 'verbose&a=1', '', { verbose: '', a: '1' }],
  ['names are decoded too', '%61=1', '', { a: '1' }],
  ['empty pieces are skipped', '&&a=1&&', '&b=2&', { a: '1', b: '2' }],
  [
    'a form of Go 1.x is not encoded at all',
    '',
    'beat={"ip":"1.1.1.1","metadata":{"a":"b%"}}&namespaceId=public',
    { beat: '{"ip":"1.1.1.1","metadata":{"a":"b%"}}', namespaceId: 'public' },
  ],
])('%s', (_name, query, form, expected) => {
  expect(Object.fromEntries(parseParams(query, form))).toEqual(expected)
})

test('__proto__ is a name like any other', () => {
  const params = parseParams('__proto__=x&constructor=y', '')
  expect(params.get('__proto__')).toBe('x')
  expect(params.get('constructor')).toBe('y')
  expect(params.get('toString')).toBeUndefined()
})

test('a form of more than ten thousand pairs is refused', () => {
  expect(catchCode(() => parseParams('a', 'a&'.repeat(10_000)))).toBe('too_large')
  expect(parseParams('', 'a&'.repeat(10_000)).size).toBe(1)
})

test('a form of ten megabytes without a single equals sign is read in one pass', () => {
  const form = `${'a'.repeat(2_000)}&`.repeat(5_000)
  expect(parseParams('', form).size).toBe(1)
})

test('blank is absent, and values are trimmed', () => {
  const params = parseParams('a=++&b=+x+&c=', '')
  expect(optional(params, 'a')).toBe('')
  expect(optional(params, 'b')).toBe('x')
  expect(optional(params, 'gone')).toBe('')
  expect(catchText(() => required(params, 'c'))).toBe("Param 'c' is required.")
  expect(firstOf(params, 'a', 'b')).toBe('x')
})

test.each([
  ['true', true],
  ['True', true],
  ['ON', true],
  ['yes', true],
  ['t', true],
  ['Y', true],
  ['1', true],
  ['false', false],
  ['False', false],
  ['0', false],
  ['truee', false],
  ['off', false],
])('the flag %s is %s', (text, expected) => {
  expect(parseFlag(text, !expected)).toBe(expected)
})

test('an absent flag is its default', () => {
  expect(parseFlag('', true)).toBe(true)
  expect(parseFlag('', false)).toBe(false)
})

test.each([
  ['2147483647', 2_147_483_647],
  ['-1', -1],
  ['+7', 7],
])('the integer %s is read as Java reads it', (text, expected) => {
  expect(parseInteger(text)).toBe(expected)
})

test.each(['2147483648', '1.0', 'x', '0x10', ''])('%j is no integer', (text) => {
  expect(catchText(() => parseInteger(text))).toBe(`For input string: "${text}"`)
})

test.each([
  ['1', 1],
  ['1.0', 1],
  ['.5', 0.5],
  ['1e2', 100],
  ['-0.5', -0.5],
])('the decimal %s is %d', (text, expected) => {
  expect(parseDecimal(text)).toBe(expected)
})

const NO_DECIMALS = ['NaN', 'Infinity', '0x1', '1,0', '1 0', 'e1', '1e999', '-1e999']

test.each(NO_DECIMALS)('%s is no decimal', (text) => {
  expect(catchText(() => parseDecimal(text))).toBe(`For input string: "${text}"`)
})
