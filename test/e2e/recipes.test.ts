import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DecodedPacket } from 'dns-packet'
import { DnsClient, rcodeOf } from './dns-client.ts'
import { MiddleBox } from './middle-box.ts'
import { NacosApi } from './nacos-api.ts'
import { COREDNS, HAS_COREDNS, hasServer } from './recipe.ts'
import { eventually, TestServer } from './server.ts'
import { HAS_UNBOUND, Unbound } from './unbound.ts'

/** The recipes of the READMEs, as they stand there, given to their programs. */

/** After a change: the TTL of 1 s, and time for busy processors. */
const CHANGE_MAX_MS = 4_000
const DRAWS = 400

const BOXES = [
  ['unbound, stub', HAS_UNBOUND, (port: number) => MiddleBox.unbound('unbound-stub', port)],
  ['unbound, forward', HAS_UNBOUND, (port: number) => MiddleBox.unbound('unbound-forward', port)],
  ['dnsmasq', hasServer('dnsmasq', '-v'), (port: number) => MiddleBox.dnsmasq(port)],
  ['BIND', hasServer('named', '-v'), (port: number) => MiddleBox.bind(port)],
  ['CoreDNS', HAS_COREDNS, (port: number) => MiddleBox.coredns('coredns', COREDNS, port)],
  ['CoreDNS, short', HAS_COREDNS, (port: number) => MiddleBox.coredns('corefile', COREDNS, port)],
] as const
for (const [name, isThere] of BOXES) {
  if (!isThere) console.warn(`${name} is not installed: its recipe is not tested`)
}

let server: TestServer
let upstream: Unbound | undefined
beforeAll(async () => {
  if (HAS_UNBOUND) upstream = await Unbound.start(['www.lab.example. 60 IN A 192.0.2.80'])
  const forward = upstream === undefined ? [] : [`--dns.forward=127.0.0.1:${upstream.port}`]
  server = await TestServer.start({
    flags: ['--dns.negative-ttl=1s', '--dns.reverse-zones=10.in-addr.arpa.', ...forward],
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
})

/** The data of the answers. */
function dataOf({ answers = [] }: DecodedPacket): readonly unknown[] {
  return answers.map((one) => ('data' in one ? one.data : undefined))
}

function authorityOf({ authorities = [] }: DecodedPacket): readonly string[] {
  return authorities.map(({ type }) => type)
}

async function followsChanges(dns: DnsClient, service: string): Promise<void> {
  const api = new NacosApi(server.url)
  const early = await dns.ask(`${service}.nacos`, 'A')
  expect([rcodeOf(early), authorityOf(early)]).toEqual(['NXDOMAIN', ['SOA']])
  const metadata = `&metadata=${encodeURIComponent('{"protocol":"http"}')}`
  await api.register(service, '10.20.0.1', 8080, metadata)
  // What is remembered of the name's absence ends.
  await eventually(async () => {
    expect(dataOf(await dns.ask(`${service}.nacos`, 'A'))).toEqual(['10.20.0.1'])
  }, CHANGE_MAX_MS)
  const target = { port: 8080, target: '10-20-0-1.nacos' }
  const srv = await dns.ask(`_http._tcp.${service}.default.public.nacos`, 'SRV')
  expect(dataOf(srv)).toEqual([expect.objectContaining(target)])
  expect(dataOf(await dns.ask('10-20-0-1.nacos', 'A'))).toEqual(['10.20.0.1'])
  const none = await dns.ask(`${service}.nacos`, 'MX')
  expect([rcodeOf(none), authorityOf(none)]).toEqual(['NOERROR', ['SOA']])

  await api.register(service, '10.20.0.2', 8080)
  await api.call('DELETE', `/nacos/v1/ns/instance?serviceName=${service}&ip=10.20.0.1&port=8080`)
  await eventually(async () => {
    expect(dataOf(await dns.ask(`${service}.nacos`, 'A'))).toEqual(['10.20.0.2'])
  }, CHANGE_MAX_MS)
}

/** One instance per answer, so that there is nothing to rotate; TTL 0 makes every answer a draw. */
async function keepsWeights(dns: DnsClient, service: string): Promise<void> {
  const api = new NacosApi(server.url)
  using direct = new DnsClient(server.dns)
  for (const [name, ttl] of [
    [`${service}-cached`, '1'],
    [`${service}-drawn`, '0'],
  ] as const) {
    const metadata = encodeURIComponent(JSON.stringify({ 'dns.ttl': ttl }))
    await api.call('POST', `/nacos/v1/ns/service?serviceName=${name}&metadata=${metadata}`)
    await api.register(name, '10.20.1.1', 80, '&weight=1')
    await api.register(name, '10.20.1.3', 80, '&weight=3')
    // Before the first question: what is not there yet is remembered as absent.
    await eventually(async () => {
      expect(await direct.addresses(`_all.${name}.nacos`)).toHaveLength(2)
    })
  }
  const cached = await dns.ask(`${service}-cached.nacos`, 'A')
  expect(cached.answers).toHaveLength(1)
  let heavy = 0
  for (let i = 0; i < DRAWS; i++) {
    const drawn = dataOf(await dns.ask(`${service}-drawn.nacos`, 'A'))
    expect(drawn).toHaveLength(1)
    if (drawn[0] === '10.20.1.3') heavy++
  }
  // Five times the standard deviation on both sides.
  expect(Math.abs(heavy / DRAWS - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / DRAWS))
}

describe.concurrent('a recipe is followed by', () => {
  for (const [name, isThere, start] of BOXES)
    test.skipIf(!isThere)(`${name}: changes, absence and weights come through`, async () => {
      await using box = await start(server.dns)
      using dns = new DnsClient(box.port)
      const service = name.replaceAll(/\W+/g, '-').toLowerCase()
      await followsChanges(dns, service)
      await keepsWeights(dns, service)
      if (name === 'dnsmasq') {
        const named = await dns.ask('2.0.20.10.in-addr.arpa', 'PTR')
        expect(dataOf(named)).toEqual(['10-20-0-2.nacos'])
      }
      if (name === 'unbound, forward') {
        expect(dataOf(await dns.ask('www.lab.example', 'A'))).toEqual(['192.0.2.80'])
      }
    })
})
