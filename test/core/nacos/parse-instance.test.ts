import { expect, test } from 'vitest'
import { parseParams } from '../../../src/core/nacos/params.ts'
import {
  parseInstance,
  parseInstanceAddress,
  parseInstanceQuery,
  parsePatch,
} from '../../../src/core/nacos/parse-instance.ts'
import { catchText } from './catch-error.ts'

const LIMITS = { keysMax: 64, bytesMax: 8_192 }
const WHO = 'serviceName=x&ip=1.1.1.1&port=80'

function parse(extra: string): ReturnType<typeof parseInstance> {
  return parseInstance(parseParams(`${WHO}&${extra}`, ''), LIMITS)
}

test('absent parameters take the defaults of Nacos', () => {
  expect(parse('')).toEqual({
    kind: 'ephemeral',
    ip: '1.1.1.1',
    port: 80,
    cluster: 'DEFAULT',
    weight: 1,
    enabled: true,
    healthy: true,
    metadata: new Map(),
    times: { intervalMs: 5_000, unhealthyMs: 15_000, removeMs: 30_000 },
  })
})

test.each([
  ['ephemeral=false', { kind: 'persistent' }],
  ['ephemeral=False', { kind: 'persistent' }],
  ['ephemeral=', { kind: 'ephemeral' }],
  ['ephemeral=True', { kind: 'ephemeral' }],
  ['enable=false', { enabled: false }],
  ['enabled=true&enable=false', { enabled: true }],
  ['enabled=&enable=False', { enabled: false }],
  ['healthy=False', { healthy: false }],
  ['cluster=c', { cluster: 'c' }],
  ['clusterName=a&cluster=b', { cluster: 'a' }],
  ['clusterName=None', { cluster: 'None' }],
  ['weight=100', { weight: 100 }],
  ['weight=1.0', { weight: 1 }],
  ['weight=0', { weight: 0 }],
  ['weight=0.005', { weight: 0.01 }],
  ['weight=', { weight: 1 }],
  ['app=&ak=&udpPort=&junk=1', { weight: 1 }],
  ['metadata=%7B%22a%22%3A1%7D', { metadata: new Map([['a', '1']]) }],
  [
    'metadata=preserved.heart.beat.interval=1000,preserved.ip.delete.timeout=9000',
    { times: { intervalMs: 1_000, unhealthyMs: 15_000, removeMs: 9_000 } },
  ],
])('register with %s', (extra, expected) => {
  expect(parse(extra)).toMatchObject(expected)
})

test.each([
  ['serviceName=x&port=80', "Param 'ip' is required."],
  ['serviceName=x&ip=1.1.1.1', "Param 'port' is required."],
  [`${WHO}&weight=10001`, 'instance format invalid: The weights range from 0.0 to 10000.0'],
  [`${WHO}&weight=-1`, 'instance format invalid: The weights range from 0.0 to 10000.0'],
  [`${WHO}&weight=abc`, 'For input string: "abc"'],
  ['ip=1.1.1&port=1', 'instance format invalid: Your IP address is spelled incorrectly'],
  ['ip=1.1.1.256&port=1', 'instance format invalid: Your IP address is spelled incorrectly'],
  ['ip=host.example&port=abc', 'For input string: "abc"'],
  ['ip=::1&port=65536', "Param 'port' is illegal, the value should be between 0 and 65535.\n"],
  [
    `${WHO}&clusterName=a.b`,
    "Param 'cluster' is illegal, illegal characters should not appear in the param.\n",
  ],
  [
    `${WHO}&metadata=preserved.heart.beat.timeout=1000`,
    "Instance 'heart beat interval' must less than 'heart beat timeout' and 'ip delete timeout'.",
  ],
])('%s is refused', (query, message) => {
  expect(catchText(() => parseInstance(parseParams(query, ''), LIMITS))).toBe(message)
})

test('cluster is a synonym of clusterName, but not where one instance is read', () => {
  const params = parseParams(`${WHO}&cluster=c`, '')
  expect(parseInstanceAddress(params).cluster).toBe('c')
  expect(parseInstanceQuery(params).cluster).toBeUndefined()
})

test('a patch holds what was said and nothing else', () => {
  expect(parsePatch(parseParams(WHO, ''), LIMITS)).toEqual({})
  expect(parsePatch(parseParams(`${WHO}&weight=2&enabled=False&healthy=1`, ''), LIMITS)).toEqual({
    weight: 2,
    enabled: false,
    healthy: true,
  })
  const patch = parsePatch(parseParams(`${WHO}&metadata={}`, ''), LIMITS)
  expect(patch.metadata?.size).toBe(0)
  expect(patch.times?.intervalMs).toBe(5_000)
})
