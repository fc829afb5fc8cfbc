import { expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { encodeList } from '../../../src/core/nacos/encode-list.ts'
import { parseParams } from '../../../src/core/nacos/params.ts'
import { parseInstance } from '../../../src/core/nacos/parse-instance.ts'
import { parseListQuery, parseServiceRef } from '../../../src/core/nacos/parse-service.ts'
import { instanceKey } from '../../../src/core/registry/ids.ts'
import { emptyService, type Instance, type Service } from '../../../src/core/registry/state.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }
const REF = parseServiceRef(parseParams('serviceName=x', ''))
const AT = millis(1_700_000_000_000)

function instance(query: string): Instance {
  const parsed = parseInstance(parseParams(`port=80&${query}`, ''), LIMITS)
  const key = instanceKey(parsed.kind, parsed.ip, parsed.port, parsed.cluster)
  return { ...parsed, key, since: AT, drain: undefined }
}

function service(threshold: number, ...instances: readonly Instance[]): Service {
  const empty = emptyService(REF)
  return {
    ...empty,
    settings: { ...empty.settings, protectThreshold: threshold },
    instances: instances.reduce((all, one) => all.with(one), empty.instances),
  }
}

interface Answer {
  readonly [field: string]: unknown
  readonly hosts: readonly {
    readonly ip: string
    readonly healthy: boolean
    readonly valid: boolean
  }[]
}

function list(of: Service | undefined, query = ''): Answer {
  const parsed = parseListQuery(parseParams(`serviceName=x&${query}`, ''))
  return JSON.parse(encodeList(of, parsed, AT)) as Answer
}

/** `ip+` for healthy and `ip-` for unhealthy hosts. */
function hosts(of: Service, query = ''): string {
  const { hosts } = list(of, query)
  for (const host of hosts) expect(host.valid).toBe(host.healthy)
  return hosts.map((host) => `${host.ip}${host.healthy ? '+' : '-'}`).join(' ')
}

const UP = instance('ip=1.1.1.1')
const DOWN = instance('ip=1.1.1.2&healthy=false')
const OFF = instance('ip=1.1.1.3&enabled=false')
const OFF_DOWN = instance('ip=1.1.1.4&enabled=false&healthy=false')

test('a list has the fields of Nacos 1.x and of 2.x', () => {
  expect(
    encodeList(
      service(0, instance('ip=1.1.1.1&weight=2&metadata=a=b')),
      parseListQuery(parseParams('serviceName=x&clusters=DEFAULT', '')),
      AT,
    ),
  ).toBe(
    '{"name":"DEFAULT_GROUP@@x","groupName":"DEFAULT_GROUP","clusters":"DEFAULT",' +
      '"cacheMillis":3000,"hosts":[{"instanceId":"1.1.1.1#80#DEFAULT#DEFAULT_GROUP@@x",' +
      '"ip":"1.1.1.1","port":80,"weight":2.0,"healthy":true,"enabled":true,"ephemeral":true,' +
      '"clusterName":"DEFAULT","serviceName":"DEFAULT_GROUP@@x","metadata":{"a":"b"},' +
      '"instanceHeartBeatInterval":5000,"instanceHeartBeatTimeOut":15000,' +
      '"ipDeleteTimeout":30000,"instanceIdGenerator":"simple","valid":true,"marked":false}],' +
      '"lastRefTime":1700000000000,"checksum":"","allIPs":false,' +
      '"reachProtectionThreshold":false,"valid":true,"dom":"DEFAULT_GROUP@@x",' +
      '"useSpecifiedURL":false,"env":"","metadata":{}}',
  )
})

test('an unknown service and an empty one are lists without hosts', () => {
  const expected = {
    name: 'DEFAULT_GROUP@@x',
    clusters: 'a,b',
    cacheMillis: 3_000,
    hosts: [],
    reachProtectionThreshold: false,
  }
  expect(list(undefined, 'clusters=a,b')).toMatchObject(expected)
  expect(list(service(1), 'clusters=a,b')).toMatchObject(expected)
})

test('disabled instances are left out, unhealthy ones are not', () => {
  expect(hosts(service(0, UP, DOWN, OFF))).toBe('1.1.1.1+ 1.1.1.2-')
  expect(hosts(service(0, UP, DOWN, OFF), 'healthyOnly=true')).toBe('1.1.1.1+')
})

test.each([
  ['at the threshold all are given as healthy', 0.5, [UP, DOWN], '1.1.1.1+ 1.1.1.2+'],
  ['above the threshold nothing is protected', 0.49, [UP, DOWN], '1.1.1.1+ 1.1.1.2-'],
  ['threshold 0 protects when nobody is healthy', 0, [DOWN], '1.1.1.2+'],
  ['disabled ones count in the ratio', 0.5, [UP, DOWN, OFF], '1.1.1.1+ 1.1.1.2-'],
  ['disabled unhealthy ones too', 0.5, [UP, DOWN, OFF_DOWN], '1.1.1.1+ 1.1.1.2+'],
  ['disabled ones are never given', 1, [UP, OFF], '1.1.1.1+'],
])('%s', (_name, threshold, instances, expected) => {
  expect(hosts(service(threshold, ...instances))).toBe(expected)
})

test('protection goes before healthyOnly, as in Nacos 1.x', () => {
  expect(hosts(service(0, DOWN), 'healthyOnly=true')).toBe('1.1.1.2+')
  expect(list(service(0, DOWN), 'healthyOnly=true')['reachProtectionThreshold']).toBe(true)
})

test('the ratio is the one of the chosen clusters', () => {
  const far = instance('ip=2.2.2.2&clusterName=far&healthy=false')
  expect(hosts(service(0, UP, far), 'clusters=far')).toBe('2.2.2.2+')
  expect(hosts(service(0, UP, far), 'clusters=DEFAULT,far')).toBe('1.1.1.1+ 2.2.2.2-')
  expect(hosts(service(0, UP, far), 'clusters=none')).toBe('')
})

test('answers that are kept are those of their question and their state', () => {
  const before = service(0, UP, DOWN)
  for (let i = 0; i < 12; i++) {
    const clusters = `clusters=DEFAULT${',c'.repeat(i % 6)}`
    expect(list(before, clusters)['clusters']).toBe(clusters.slice('clusters='.length))
    expect(hosts(before, `${clusters}&healthyOnly=true`)).toBe('1.1.1.1+')
    expect(hosts(before, clusters)).toBe('1.1.1.1+ 1.1.1.2-')
  }
  expect(hosts(service(0, UP))).toBe('1.1.1.1+')
  expect(list(before)['lastRefTime']).toBe(AT)
})

test('signs that JSON must escape are escaped', () => {
  const odd = instance(
    `ip=${encodeURIComponent('a"b\\')}&metadata=${encodeURIComponent('{"\\u0000\\"":"\\ud800"}')}`,
  )
  const answer = JSON.parse(
    encodeList(service(0, odd), parseListQuery(parseParams('serviceName=x%22', '')), AT),
  ) as Answer
  expect(answer['name']).toBe('DEFAULT_GROUP@@x"')
  expect(answer.hosts[0]).toMatchObject({ ip: 'a"b\\', metadata: { '\u0000"': '\ud800' } })
})
