import { describe, expect, test } from 'vitest'
import { CairnError } from '../../../src/kernel/errors.ts'
import {
  instanceKey,
  parseClusterName,
  parseGroupName,
  parseHost,
  parseNamespaceId,
  parsePort,
  parseServiceName,
  parseWeight,
} from '../../../src/core/registry/ids.ts'

describe('a name', () => {
  test.each<[string, string, string, (raw: string) => string]>([
    ['a namespace', '', 'public', parseNamespaceId],
    ['a namespace', 'public', 'public', parseNamespaceId],
    ['a namespace', 'a1b2-C3_d4', 'a1b2-C3_d4', parseNamespaceId],
    ['a group', '', 'DEFAULT_GROUP', parseGroupName],
    ['a group', 'billing.v1:a_b-c', 'billing.v1:a_b-c', parseGroupName],
    ['a service', 'com.example.Orders:1.0', 'com.example.Orders:1.0', parseServiceName],
    ['a service', 'a@b', 'a@b', parseServiceName],
    ['a service', 'ä#%/', 'ä#%/', parseServiceName],
    ['a cluster', '', 'DEFAULT', parseClusterName],
    ['a cluster', 'hz-1_a', 'hz-1_a', parseClusterName],
    ['an address', '10.0.0.1', '10.0.0.1', parseHost],
    ['an address', '2001:db8::1', '2001:db8::1', parseHost],
    ['an address', 'db.example.com', 'db.example.com', parseHost],
  ])('of %s is taken as it is, or as the default: %j', (_, raw, value, parse) => {
    expect(parse(raw)).toBe(value)
  })

  test.each<[string, string, string, (raw: string) => string]>([
    ['a namespace', 'a b', "'namespaceId' is illegal, illegal characters", parseNamespaceId],
    ['a namespace', 'a\nb', 'illegal characters', parseNamespaceId],
    ['a namespace', 'a'.repeat(65), 'should not exceed 64', parseNamespaceId],
    ['a group', 'a@b', "'group' is illegal", parseGroupName],
    ['a group', 'a'.repeat(129), 'should not exceed 128', parseGroupName],
    ['a service', '', "'serviceName' is illegal", parseServiceName],
    ['a service', '@orders', "'serviceName' is illegal", parseServiceName],
    ['a service', 'a@@b', "'serviceName' is illegal", parseServiceName],
    ['a service', 'a b', "'serviceName' is illegal", parseServiceName],
    ['a service', 'a\n', "'serviceName' is illegal", parseServiceName],
    ['a service', '订单', "'serviceName' is illegal", parseServiceName],
    ['a service', 'a'.repeat(513), 'should not exceed 512', parseServiceName],
    ['a cluster', 'a.b', "'cluster' is illegal", parseClusterName],
    ['a cluster', 'a'.repeat(65), 'should not exceed 64', parseClusterName],
    ['an address', '', "'ip' is illegal", parseHost],
    ['an address', '10.0.0.256', 'IP address is spelled incorrectly', parseHost],
    ['an address', '1.2.3', 'IP address is spelled incorrectly', parseHost],
    ['an address', 'a b', "'ip' is illegal", parseHost],
    ['an address', 'a'.repeat(129), 'should not exceed 128', parseHost],
  ])('of %s is refused in words that a Nacos user knows: %j', (_, raw, words, parse) => {
    expect(() => parse(raw)).toThrow(CairnError)
    expect(() => parse(raw)).toThrow(words)
  })
})

describe('a port', () => {
  test.each([
    ['0', 0],
    ['80', 80],
    ['+80', 80],
    ['-0', 0],
    ['0080', 80],
    ['65535', 65_535],
  ])('%s is read as Java reads it: %d', (raw, port) => {
    expect(parsePort(raw)).toBe(port)
  })

  test.each(['', 'http', '8080.5', '1e3', '0x50', ' 80', '65536', '-1', '99999999999999999999'])(
    '%j is refused',
    (raw) => {
      expect(() => parsePort(raw)).toThrow(CairnError)
    },
  )
})

describe('a weight', () => {
  test.each([
    [0, 0],
    [0.001, 0.01],
    [0.01, 0.01],
    [1, 1],
    [10_000, 10_000],
  ])('%d counts as %d', (raw, weight) => {
    expect(parseWeight(raw)).toBe(weight)
  })

  test.each([-0.1, 10_000.1, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused', (raw) => {
    expect(() => parseWeight(raw)).toThrow('range from 0.0 to 10000.0')
  })
})

test('the key of an instance tells kinds, addresses, ports and clusters apart', () => {
  const parts = ['ephemeral', 'persistent'].flatMap((kind) =>
    ['10.0.0.1', 'a#80'].flatMap((ip) =>
      ['80', '8080'].flatMap((port) => ['', 'b'].map((cluster) => ({ kind, ip, port, cluster }))),
    ),
  )
  const keys = parts.map(({ kind, ip, port, cluster }) =>
    instanceKey(
      kind === 'ephemeral' ? 'ephemeral' : 'persistent',
      parseHost(ip),
      parsePort(port),
      parseClusterName(cluster),
    ),
  )
  expect(new Set(keys).size).toBe(parts.length)
})
