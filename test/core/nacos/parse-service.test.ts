import { expect, test } from 'vitest'
import { parseParams } from '../../../src/core/nacos/params.ts'
import {
  parseListQuery,
  parseNewService,
  parseServicePageQuery,
  parseServiceRef,
  parseServiceUpdate,
} from '../../../src/core/nacos/parse-service.ts'
import { groupedName } from '../../../src/core/registry/state.ts'
import { catchText } from './catch-error.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }

test.each([
  ['serviceName=x', 'public', 'DEFAULT_GROUP@@x'],
  ['serviceName=x&groupName=g', 'public', 'g@@x'],
  ['serviceName=x&groupName=', 'public', 'DEFAULT_GROUP@@x'],
  ['serviceName=g@@x', 'public', 'g@@x'],
  ['serviceName=g%40%40x&groupName=other', 'public', 'g@@x'],
  ['serviceName=g@@x&groupName=g@@g', 'public', 'g@@x'],
  ['serviceName=x&namespaceId=', 'public', 'DEFAULT_GROUP@@x'],
  ['serviceName=x&namespaceId=public', 'public', 'DEFAULT_GROUP@@x'],
  ['serviceName=x&namespaceId=dev', 'dev', 'DEFAULT_GROUP@@x'],
  ['serviceName=+com.example:api:1.0+', 'public', 'DEFAULT_GROUP@@com.example:api:1.0'],
])('%s means %s %s', (query, namespace, grouped) => {
  const ref = parseServiceRef(parseParams(query, ''))
  expect([ref.namespace, groupedName(ref)]).toEqual([namespace, grouped])
})

const FORM = "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'"
const CHARACTERS = 'is illegal, illegal characters should not appear in the param.\n'

test.each([
  ['', "Param 'serviceName' is required."],
  ['serviceName=++', "Param 'serviceName' is required."],
  ['serviceName=g@@', FORM],
  ['serviceName=a@@b@@c', FORM],
  ['serviceName=@@x', "Param 'serviceName' is illegal, groupName can't be empty"],
  ['serviceName=@x', `Param 'serviceName' ${CHARACTERS}`],
  ['serviceName=服务', `Param 'serviceName' ${CHARACTERS}`],
  ['serviceName=a+b', `Param 'serviceName' ${CHARACTERS}`],
  ['serviceName=x&groupName=a/b', `Param 'group' ${CHARACTERS}`],
  ['serviceName=x&namespaceId=a.b', `Param 'namespaceId' ${CHARACTERS}`],
])('%s is refused', (query, message) => {
  expect(catchText(() => parseServiceRef(parseParams(query, '')))).toBe(message)
})

test('clusters are echoed as they came, and read as a set', () => {
  const query = parseListQuery(parseParams('serviceName=x&clusters=b,+a,,b&healthyOnly=True', ''))
  expect(query.clustersText).toBe('b, a,,b')
  expect([...query.clusters]).toEqual(['b', 'a'])
  expect(query.healthyOnly).toBe(true)
})

test('blank clusters and a blank udpPort are absent', () => {
  const query = parseListQuery(parseParams('serviceName=x&clusters=&udpPort=&healthyOnly=', ''))
  expect(query.clusters.size).toBe(0)
  expect(query.clustersText).toBe('')
  expect(query.healthyOnly).toBe(false)
})

test.each([
  ['pageNo=1&pageSize=10', { group: 'DEFAULT_GROUP', pageNo: 1, pageSize: 10 }],
  ['pageNo=0&pageSize=2147483647', { pageNo: 1, pageSize: 2_147_483_647 }],
  ['pageNo=-3&pageSize=-1', { pageNo: 1, pageSize: 0 }],
  ['pageNo=1&pageSize=10&groupName=*', { group: undefined }],
  ['pageNo=1&pageSize=10&groupName=g&namespaceId=n', { group: 'g', namespace: 'n' }],
])('the page %s', (query, expected) => {
  expect(parseServicePageQuery(parseParams(query, ''))).toMatchObject(expected)
})

test.each([
  ['pageSize=10', "Param 'pageNo' is required."],
  ['pageNo=1', "Param 'pageSize' is required."],
  ['pageNo=x&pageSize=1', 'For input string: "x"'],
  ['pageNo=1&pageSize=2147483648', 'For input string: "2147483648"'],
])('the page %s is refused', (query, message) => {
  expect(catchText(() => parseServicePageQuery(parseParams(query, '')))).toBe(message)
})

test('a new service has the defaults of Nacos', () => {
  const settings = parseNewService(parseParams('serviceName=x', ''), LIMITS)
  expect(settings).toEqual({
    protectThreshold: 0,
    metadata: new Map(),
    selector: '{"type":"none"}',
  })
})

test('an update must name the threshold', () => {
  expect(catchText(() => parseServiceUpdate(parseParams('serviceName=x', ''), LIMITS))).toBe(
    "Param 'protectThreshold' is required.",
  )
  const update = parseServiceUpdate(parseParams('protectThreshold=0.5', ''), LIMITS)
  expect(update.protectThreshold).toBe(0.5)
})

test.each([
  ['{"type":"none"}', '{"type":"none"}'],
  [encodeURIComponent('{"type":"none"}'), '{"type":"none"}'],
  ['{"type":"none","junk":{"__proto__":1}}', '{"type":"none"}'],
  ['{"type":"label","expression":"A = B"}', '{"type":"label","expression":"A = B"}'],
])('the selector %s', (selector, expected) => {
  const query = `selector=${encodeURIComponent(selector)}`
  expect(parseNewService(parseParams(query, ''), LIMITS).selector).toBe(expected)
})

test.each(['{', '[]', '1', '{"type":"x"}', '{}', `{"type":"none","a":"${'x'.repeat(5_000)}"}`])(
  'the selector %.20s is refused',
  (selector) => {
    const query = `selector=${encodeURIComponent(selector)}`
    const text = catchText(() => parseNewService(parseParams(query, ''), LIMITS))
    expect(text).toMatch(/^Param 'selector' is illegal/)
  },
)
