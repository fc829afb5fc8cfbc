import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CairnError } from '../../../src/kernel/errors.ts'
import { parseClusterName } from '../../../src/core/registry/ids.ts'
import { metadataJson } from '../../../src/core/nacos/json.ts'
import { parseParams, type Params } from '../../../src/core/nacos/params.ts'
import { instanceOfBeat, parseBeat } from '../../../src/core/nacos/parse-beat.ts'
import {
  parseInstance,
  parseInstanceAddress,
  parsePatch,
} from '../../../src/core/nacos/parse-instance.ts'
import { parseMetadata } from '../../../src/core/nacos/parse-metadata.ts'
import {
  parseListQuery,
  parseNewService,
  parseServicePageQuery,
  parseServiceRef,
} from '../../../src/core/nacos/parse-service.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }
const CLUSTER = parseClusterName('')

const PARSERS: readonly ((params: Params) => unknown)[] = [
  parseServiceRef,
  parseListQuery,
  parseServicePageQuery,
  parseInstanceAddress,
  (params) => parseInstance(params, LIMITS),
  (params) => parsePatch(params, LIMITS),
  (params) => parseNewService(params, LIMITS),
  (params) => instanceOfBeat(parseBeat(params), CLUSTER, LIMITS),
]

const NAMES = [
  'serviceName groupName namespaceId ip port weight enabled enable healthy ephemeral clusterName',
  'cluster clusters metadata beat selector protectThreshold pageNo pageSize healthyOnly __proto__',
]
  .join(' ')
  .split(' ')

/** Values near the right ones, so that the parsers are entered deeply. */
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.integer().map(String),
  fc.double().map(String),
  fc.ipV4(),
  fc.constantFrom(
    'a@@b',
    '{"ip":"1.1.1.1","port":1}',
    '{"__proto__":{"x":1}}',
    '%',
    '%zz%41',
    'NaN',
  ),
  fc.record({ ip: fc.jsonValue(), port: fc.jsonValue(), metadata: fc.jsonValue() }).map((beat) => {
    return JSON.stringify(beat)
  }),
)

function throwsOnlyOurs(params: Params): void {
  for (const parse of PARSERS) {
    try {
      parse(params)
    } catch (error) {
      expect(error).toBeInstanceOf(CairnError)
    }
  }
}

test('whatever the text, reading parameters throws nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (query, form) => {
      throwsOnlyOurs(parseParams(query, form))
    }),
  )
})

test('whatever the values, parsers throw nothing but CairnError', () => {
  const params = fc.dictionary(fc.constantFrom(...NAMES), value, { noNullPrototype: true })
  fc.assert(
    fc.property(params, (said) => throwsOnlyOurs(new Map(Object.entries(said)))),
    { numRuns: 2_000 },
  )
})

test('what is form-encoded is read back', () => {
  const texts = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, texts)), (pairs) => {
      const expected = new Map<string, string>()
      for (const [name, text] of pairs) {
        if ((name !== '' || text !== '') && !expected.has(name)) expected.set(name, text)
      }
      const wellFormed = new URLSearchParams([...expected]).toString()
      expect(parseParams(wellFormed, '')).toEqual(expected)
      expect(parseParams('', wellFormed)).toEqual(expected)
    }),
  )
})

test('metadata comes back as it was sent, prototype keys included', () => {
  const key = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom('__proto__', 'constructor', 'prototype', 'hasOwnProperty', '0'),
  )
  const texts = fc.string({ unit: 'binary', maxLength: 50 })
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, texts), { selector: ([k]) => k }), (pairs) => {
      const json = metadataJson(new Map(pairs))
      const metadata = parseMetadata(json, LIMITS)
      expect(Object.fromEntries(metadata)).toEqual(Object.fromEntries(pairs))
      expect(JSON.parse(json)).toEqual(JSON.parse(metadataJson(metadata)))
    }),
  )
  expect(Object.keys(Object.prototype)).toEqual([])
})
