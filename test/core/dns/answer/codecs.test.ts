import { decode, type Answer } from 'dns-packet'
import { Packet } from 'dns2'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld, query, type QueryParts } from './world.ts'
import { readMessage, type ReadRecord } from './message-reader.ts'

/**
 * Three readers of our octets must agree: ours, dns-packet and dns2. Known of dns2 3.1.1 (dns.md
 * §4.2): it drops options that it does not know, and mangles texts that are not UTF-8; of
 * dns-packet 5.6.1: dots inside labels are lost. Nothing here depends on those.
 */

const world = new DnsWorld()
world.loadZone(
  'example.test.',
  readFileSync(new URL('../../../../zones/example.test.zone', import.meta.url), 'utf8'),
)
world.put(ref('order-service'), [
  at('10.0.0.1', { port: 8080, weight: 1, metadata: { protocol: 'http' } }),
  at('10.1.0.1', { port: 8081, weight: 2.5 }),
  at('2001:db8::1', { port: 8082 }),
  at('db.example.com', { port: 3306 }),
])

const QUESTIONS: [string, Parameters<typeof query>[1], QueryParts?][] = [
  ['_all.order-service.nacos', 'A'],
  ['_all.order-service.nacos', 'AAAA', { edns: 1232 }],
  ['order-service.nacos', 'SRV', { edns: 1232 }],
  ['_http._tcp.Order-Service.default.public.nacos', 'SRV'],
  ['order-service.nacos', 'TXT', { edns: 1232 }],
  ['10-0-0-1.nacos', 'A'],
  ['nacos', 'SOA'],
  ['nacos', 'NS'],
  ['nope.nacos', 'A', { edns: 1232 }],
  ['public.nacos', 'A'],
  ['alias2.example.test', 'A'],
  ['example.test', 'MX'],
  ['example.test', 'SOA', { edns: 1232, options: [0, 3, 0, 0] }],
  ['example.test', 'NS'],
  ['example.test', 'TXT'],
  ['a.sub.example.test', 'A'],
  ['80.2.0.192.in-addr.example.test', 'PTR'],
  ['_none._tcp.example.test', 'SRV'],
  ['other.invalid', 'A', { edns: 512 }],
  ['big.example.test', 'A'],
  ['q.wild.example.test', 'A'],
]

/** `name TYPE ttl data`, without final dots, lower case. */
function spell(owner: string, type: string | number, ttl: number | undefined, data: string) {
  return `${owner} ${type} ${ttl} ${data}`.toLowerCase().replaceAll(/\.(?= |$)/g, '')
}

const NAMES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
}

const ours = ({ owner, type, ttl, data }: ReadRecord): string =>
  spell(owner, NAMES[type] ?? type, ttl, data)

function ofDnsPacket(one: Answer): string {
  const { name } = one
  switch (one.type) {
    case 'A':
      return spell(name, one.type, one.ttl, one.data)
    case 'AAAA':
      return spell(name, one.type, one.ttl, longV6(one.data))
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return spell(name, one.type, one.ttl, one.data)
    case 'MX':
      return spell(name, one.type, one.ttl, `${one.data.preference} ${one.data.exchange}`)
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = one.data
      return spell(name, one.type, one.ttl, `${priority} ${weight} ${port} ${target}`)
    }
    case 'TXT':
      return spell(name, one.type, one.ttl, [one.data].flat().map(String).join('|'))
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = one.data
      const data = [mname, rname, serial, refresh, retry, expire, minimum].join(' ')
      return spell(name, one.type, one.ttl, data)
    }
    default:
      throw new Error(`a type that is not compared: ${one.type}`)
  }
}

/** Eight groups without leading zeros. */
function longV6(text: string): string {
  const [head = '', tail] = text.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map((one) => one.replace(/^0+(?=.)/, '')).join(':')
}

interface Dns2Record {
  readonly name: string
  readonly type: number
  readonly class: number
  readonly ttl: number
  readonly [field: string]: unknown
}

function ofDns2(one: Dns2Record): string {
  const of = (...fields: string[]): string => fields.map((field) => String(one[field])).join(' ')
  const name = NAMES[one.type] ?? one.type
  const at = (data: string): string => spell(one.name, name, one.ttl, data)
  if (one.type === 1) return at(of('address'))
  if (one.type === 28) return at(longV6(of('address')))
  if (one.type === 2) return at(of('ns'))
  if (one.type === 5 || one.type === 12) return at(of('domain'))
  if (one.type === 15) return at(of('priority', 'exchange'))
  if (one.type === 33) return at(of('priority', 'weight', 'port', 'target'))
  if (one.type === 16) return at([one['data']].flat().map(String).join('|'))
  return at(of('primary', 'admin', 'serial', 'refresh', 'retry', 'expiration', 'minimum'))
}

const withoutOpt = (all: readonly Answer[] = []): string[] =>
  all.filter((one) => one.type !== 'OPT').map(ofDnsPacket)

const ofSecond = (all: readonly Dns2Record[] = []): string[] =>
  all.filter((one) => one.type !== 41).map(ofDns2)

describe('our answers as others read them:', () => {
  test.each(QUESTIONS)('%s %s', (name, type, how = {}) => {
    const bytes = world.respond(query(name, type, how)) ?? new Uint8Array()
    const meant = readMessage(bytes)
    const packet = decode(Buffer.from(bytes))
    const sections = [meant.answers, meant.authorities, meant.additionals].map((one) =>
      one.map(ours),
    )
    expect([packet.answers, packet.authorities, packet.additionals].map(withoutOpt)).toEqual(
      sections,
    )
    expect(packet.id).toBe(meant.id)
    const second = Packet.parse(Buffer.from(bytes)) as unknown as Record<string, Dns2Record[]>
    expect([second['answers'], second['authorities'], second['additionals']].map(ofSecond)).toEqual(
      sections,
    )
  })
})
