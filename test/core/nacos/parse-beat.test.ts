import { expect, test } from 'vitest'
import { parseParams } from '../../../src/core/nacos/params.ts'
import { instanceOfBeat, isFull, parseBeat, type Beat } from '../../../src/core/nacos/parse-beat.ts'
import { parseClusterName } from '../../../src/core/registry/ids.ts'
import { catchText } from './catch-error.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }
const CLUSTER = parseClusterName('c')

function parse(json: string, extra = ''): Beat {
  return parseBeat(parseParams(`serviceName=x${extra}&beat=${encodeURIComponent(json)}`, ''))
}

test('the beat goes before the parameters, but never names the service', () => {
  const json = '{"serviceName":"g@@other","ip":"2.2.2.2","port":"81","cluster":"b"}'
  expect(parse(json, '&ip=1.1.1.1&port=80&clusterName=a')).toMatchObject({
    ref: { group: 'DEFAULT_GROUP', name: 'x' },
    ip: '2.2.2.2',
    port: 81,
    cluster: 'b',
    kind: 'ephemeral',
  })
})

test('a blank cluster in the beat leaves the parameter, and none at all is none', () => {
  expect(parse('{"ip":"2.2.2.2","port":1,"cluster":""}', '&clusterName=a').cluster).toBe('a')
  expect(parse('{"ip":"2.2.2.2","port":1}').cluster).toBeUndefined()
})

test('a light beat has its address in the parameters', () => {
  const beat = parseBeat(parseParams('serviceName=x&ip=1.1.1.1&port=80&beat=', ''))
  expect(beat).toMatchObject({ ip: '1.1.1.1', port: 80 })
  expect(isFull(beat)).toBe(false)
})

test('what a full beat says is what it registers', () => {
  const beat = parse(
    '{"ip":"2.2.2.2","port":1,"weight":2.5,"ephemeral":false,"metadata":{"v":1.0}}',
  )
  expect(isFull(beat)).toBe(true)
  expect(instanceOfBeat(beat, CLUSTER, LIMITS)).toMatchObject({
    kind: 'persistent',
    weight: 2.5,
    enabled: true,
    healthy: true,
    cluster: 'c',
    metadata: new Map([['v', '1.0']]),
  })
})

test.each(['{"metadata":null}', '{"metadata":{}}', '{"load":1,"mem":{"x":1},"scheduled":false}'])(
  'words that nobody needs are ignored: %s',
  (json) => {
    const beat = parse(json, '&ip=1.1.1.1&port=80')
    expect(instanceOfBeat(beat, CLUSTER, LIMITS).metadata.size).toBe(0)
  },
)

test.each([
  ['{"ip":"1.1.1.1","po', /^Param 'beat' is illegal/],
  ['[]', /^Param 'beat' is illegal/],
  ['"x"', /^Param 'beat' is illegal/],
  ['{}', /^Param 'ip' is required/],
  ['{"ip":{},"port":1}', /^Param 'ip' is required/],
  ['{"ip":"1.1.1.1"}', /^Param 'port' is required/],
  ['{"ip":"1.1.1.1","port":-1}', /^Param 'port' is illegal/],
])('the beat %s is refused', (json, message) => {
  expect(catchText(() => parse(json))).toMatch(message)
})

test.each([
  ['{"metadata":{"a":{}}}', 'metadata format incorrect:a'],
  ['{"metadata":"a=b"}', "Param 'beat' is illegal, it should be a JSON object."],
  ['{"weight":20000}', 'instance format invalid: The weights range from 0.0 to 10000.0'],
])('a beat that would register %s is refused', (json, message) => {
  const beat = parse(json, '&ip=1.1.1.1&port=80')
  expect(catchText(() => instanceOfBeat(beat, CLUSTER, LIMITS))).toBe(message)
})

test('a beat nested a hundred thousand deep is refused and breaks nothing', () => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  const beat = parse(`{"ip":"1.1.1.1","port":1,"metadata":${deep}}`)
  expect(catchText(() => instanceOfBeat(beat, CLUSTER, LIMITS))).toBeDefined()
})
