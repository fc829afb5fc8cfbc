import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/** All of 127.0.0.0/8 is this machine: clients of every network can be had. */
let server: TestServer
let api: NacosApi

beforeAll(async () => {
  server = await TestServer.start({
    flags: [
      '--dns.localities=127.1.0.0/16=bj,127.2.0.0/16=sh,10.1.0.0/16=bj,10.2.0.0/16=sh',
      '--dns.ecs-trusted=127.9.0.0/16',
      '--dns.namespace-ttl=slow=600s',
      '--dns.namespace-answers=slow=1',
    ],
  })
  api = new NacosApi(server.url)
  for (const service of ['orders', 'own']) {
    await api.register(service, '172.16.0.1', 80, '&clusterName=bj')
    await api.register(service, '172.17.0.1', 80, '&clusterName=sh')
  }
  const only = encodeURIComponent('{"dns.locality":"only"}')
  await api.call('PUT', `/nacos/v1/ns/service?serviceName=own&protectThreshold=0&metadata=${only}`)
  await api.register('orders', '172.18.0.1', 80, '&namespaceId=slow')
  await api.register('orders', '172.19.0.1', 80, '&namespaceId=slow')
  // What is told over HTTP is what the workers see; the last word was on `slow`.
  await eventually(async () => {
    const query = 'name=_all.orders.default.slow.nacos'
    const told = await api.call('GET', `/cairn/v1/dns/explain?${query}`)
    expect(told).toContain('"in":2')
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

function dig(from: string, ...question: readonly string[]): string {
  const where = ['@127.0.0.1', '-b', from, '-p', String(server.dns), '+tries=1']
  return spawnSync('dig', [...where, ...question], { encoding: 'utf8' }).stdout
}

function addresses(text: string): string {
  const found = [...text.matchAll(/\sIN\s+A\s+(\S+)$/gm)].map(([, address = '']) => address)
  return found.toSorted().join(' ')
}

const hasDig = spawnSync('dig', ['-v']).error === undefined
const NOTICE = '(skipped without dig: apt-get install bind9-dnsutils)'
const ALL = '172.16.0.1 172.17.0.1'

describe.skipIf(!hasDig)(`with dig ${NOTICE}`, () => {
  test.each([
    ['127.1.2.3', 'orders.nacos', '172.16.0.1'],
    ['127.2.2.3', 'orders.nacos', '172.17.0.1'],
    ['127.3.2.3', 'orders.nacos', ALL],
    ['127.2.2.3', '_all.orders.nacos', ALL],
    ['127.2.2.3', '_c-bj.orders.nacos', '172.16.0.1'],
    ['127.2.2.3', 'own.nacos', '172.17.0.1'],
  ])('a client at %s gets of %s %s', (from, name, expected) => {
    expect(addresses(dig(from, name))).toBe(expected)
  })

  test('SRV ranks: 0 the own cluster, 10 the rest', () => {
    expect(dig('127.2.2.3', 'orders.nacos', 'SRV', '+short').trim().split('\n')).toEqual([
      '0 1 80 172-17-0-1.nacos.',
      '10 1 80 172-16-0-1.nacos.',
    ])
  })

  test('a trusted forwarder speaks for its client, and nobody else does', () => {
    const told = dig('127.9.0.1', 'orders.nacos', '+subnet=10.2.3.0/24')
    expect(addresses(told)).toBe('172.17.0.1')
    expect(told).toContain('CLIENT-SUBNET: 10.2.3.0/24/16')
    const opted = dig('127.9.0.1', 'orders.nacos', '+subnet=0.0.0.0/0')
    expect(addresses(opted)).toBe(ALL)
    expect(opted).toContain('CLIENT-SUBNET: 0.0.0.0/0/0')
    const stranger = dig('127.1.0.1', 'orders.nacos', '+subnet=10.2.3.0/24')
    expect(addresses(stranger)).toBe('172.16.0.1')
    expect(stranger).not.toContain('CLIENT-SUBNET')
  })

  test('a malformed subnet is FORMERR from a trusted forwarder alone', () => {
    // 10.2/8: an octet too many.
    const malformed = '+ednsopt=8:000108000a02'
    expect(dig('127.9.0.1', 'orders.nacos', malformed)).toContain('status: FORMERR')
    expect(dig('127.1.0.1', 'orders.nacos', malformed)).toContain('status: NOERROR')
  })

  test('a cluster that is gone is left: near at first, then far, and it says so', async () => {
    await api.call(
      'DELETE',
      '/nacos/v1/ns/instance?serviceName=orders&ip=172.17.0.1&port=80&clusterName=sh',
    )
    await eventually(() => expect(addresses(dig('127.2.0.1', 'orders.nacos'))).toBe('172.16.0.1'))
    expect(dig('127.2.0.1', 'orders.nacos')).toContain('answered from beyond the local cluster')
    expect(dig('127.2.0.1', '_why.orders.nacos', 'TXT')).toContain('"A=1/1 only_one beyond"')
  })

  test('TTL and number of answers by namespace', () => {
    const told = dig('127.3.0.1', 'orders.default.slow.nacos')
    expect(told).toMatch(/\s600\s+IN\s+A\s/)
    expect(addresses(told).split(' ')).toHaveLength(1)
  })
})

test('the counters tell where answers came from', async () => {
  const text = await api.call('GET', '/metrics')
  expect(text).toMatch(/^cairn_dns_locality_total\{area="local"\} [1-9]/m)
  expect(text).toMatch(/^cairn_dns_ecs_total\{outcome="used"\} [1-9]/m)
  expect(text).toMatch(/^cairn_dns_ecs_total\{outcome="malformed"\} [1-9]/m)
  expect(text).toMatch(/^cairn_dns_ecs_total\{outcome="untrusted"\} [1-9]/m)
})
