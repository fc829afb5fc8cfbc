import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  concatNames,
  countLabels,
  formatName,
  isSubdomain,
  lowerName,
  nameKey,
  parentName,
  parseName,
  prefixName,
  ROOT,
  sameName,
  splitLabels,
} from '../../../src/core/dns/name.ts'

const label = fc.uint8Array({ minLength: 1, maxLength: 63 })
/** Any legal wire name: labels of arbitrary octets, at most 255 octets in all. */
const wireName = fc.array(label, { maxLength: 127 }).map((labels) => {
  const wire: number[] = []
  for (const one of labels) {
    if (wire.length + 1 + one.length < 255) wire.push(one.length, ...one)
  }
  return Uint8Array.from([...wire, 0])
})

function bytes(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number' ? [part] : Array.from(part, (c) => c.charCodeAt(0)),
    ),
  )
}

const ORIGIN = parseName('example.test.')

describe('presentation to wire', () => {
  test.each([
    ['.', bytes(0)],
    ['a.', bytes(1, 'a', 0)],
    ['WwW.Example.', bytes(3, 'WwW', 7, 'Example', 0)],
    ['a\\.b.', bytes(3, 'a.b', 0)],
    ['a\\\\.', bytes(2, 'a\\', 0)],
    ['\\000\\255.', bytes(2, 0, 255, 0)],
    ['\\046.', bytes(1, '.', 0)],
    ['é.', bytes(2, 0xc3, 0xa9, 0)],
    ['www', bytes(3, 'www', 7, 'example', 4, 'test', 0)],
    ['@', bytes(7, 'example', 4, 'test', 0)],
    ['\\@', bytes(1, '@', 7, 'example', 4, 'test', 0)],
    ['a\\.', bytes(2, 'a.', 7, 'example', 4, 'test', 0)],
    [`${'x'.repeat(63)}.`, bytes(63, 'x'.repeat(63), 0)],
  ])('%s is read', (text, wire) => {
    expect(parseName(text, ORIGIN)).toEqual(wire)
  })

  test.each([
    ['', 'empty'],
    ['..', 'empty label'],
    ['.a', 'empty label'],
    ['a..b', 'empty label'],
    ['a..', 'empty label'],
    [`${'x'.repeat(64)}.`, 'longer than 63'],
    ['x.'.repeat(128), 'longer than 255'],
    ['x'.repeat(1_000_000), 'longer than 255'],
    [`${'x.'.repeat(121)}x`, 'longer than 255'],
    ['a\\', 'backslash'],
    ['a\\2', 'three digits'],
    ['a\\25x', 'three digits'],
    ['a\\256', 'beyond 255'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseName(text, ORIGIN)).toThrow(why)
  })

  test('a name of exactly 255 octets is read', () => {
    expect(parseName('x.'.repeat(127))).toHaveLength(255)
  })

  test('without an origin a relative name stands below the root', () => {
    expect(parseName('nacos.internal')).toEqual(parseName('nacos.internal.'))
  })
})

describe('wire to presentation', () => {
  test('specials and what does not print are escaped', () => {
    expect(formatName(bytes(9, 'a.;\\()@$"', 3, ' ~', 127, 0))).toBe(
      'a\\.\\;\\\\\\(\\)\\@\\$\\".\\032~\\127.',
    )
  })

  test('a name that is written and read again is the same', () => {
    fc.assert(
      fc.property(wireName, (wire) => {
        expect(parseName(formatName(wire))).toEqual(wire)
      }),
      { numRuns: 2000 },
    )
  })

  test('a text that is read and written again settles at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (text) => {
        let wire: Uint8Array
        try {
          wire = parseName(text, ORIGIN)
        } catch {
          return
        }
        const written = formatName(wire)
        expect(formatName(parseName(written))).toBe(written)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('arithmetic of names', () => {
  test('case folds ASCII letters only', () => {
    const wire = bytes(4, 'A[Z', 0xc9, 0)
    expect(lowerName(wire)).toEqual(bytes(4, 'a[z', 0xc9, 0))
    expect(nameKey(wire)).toBe('\u0004a[z\u00c9\u0000')
  })

  test('parents lead to the root and end there', () => {
    const chain: string[] = []
    for (let n: Uint8Array | undefined = ORIGIN; n !== undefined; n = parentName(n)) {
      chain.push(formatName(n))
    }
    expect(chain).toEqual(['example.test.', 'test.', '.'])
  })

  test.each([
    ['www.EXAMPLE.test.', 'example.TEST.', true],
    ['example.test.', 'example.test.', true],
    ['example.test.', '.', true],
    ['test.', 'example.test.', false],
    ['badexample.test.', 'example.test.', false],
    // The octets end alike, the labels do not.
    ['\\007example.test.', 'example.test.', false],
    ['www.example.org.', 'example.test.', false],
  ])('%s within %s: %s', (child, parent, expected) => {
    expect(isSubdomain(parseName(child), parseName(parent))).toBe(expected)
  })

  test('labels split and join', () => {
    fc.assert(
      fc.property(wireName, (wire) => {
        const labels = splitLabels(wire)
        expect(labels).toHaveLength(countLabels(wire))
        expect(prefixName(labels, ROOT)).toEqual(wire)
        expect(sameName(concatNames(wire, ROOT), lowerName(wire))).toBe(true)
      }),
    )
  })

  test('a name that would grow too long is refused', () => {
    const long = parseName('x.'.repeat(122))
    expect(() => concatNames(long, ORIGIN)).toThrow('longer than 255')
    expect(() => prefixName([''], ORIGIN)).toThrow('empty label')
    expect(() => prefixName(['y'.repeat(64)], ORIGIN)).toThrow('longer than 63')
  })
})
