import { describe, expect, test } from 'vitest'
import type { LocalityMode } from '../../../../src/core/dns/compile/answer-policy.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld, u16 } from '../answer/world.ts'

const LOCALITIES = [
  { octets: Uint8Array.of(10, 1, 0, 0), bits: 16, cluster: 'bj' },
  { octets: Uint8Array.of(10, 1, 9, 0), bits: 24, cluster: 'sh' },
  { octets: Uint8Array.of(10, 3, 0, 0), bits: 16, cluster: 'nowhere' },
  {
    octets: Uint8Array.from({ length: 16 }, (_, i) => [0x20, 1, 0xd, 0xb8][i] ?? 0),
    bits: 32,
    cluster: 'BJ',
  },
]
const BJ = 0x0a01_0203
const SH = 0x0a01_0903
const NOWHERE = 0x0a03_0003
const STRANGER = 0xcb00_7105
const FORWARDER = 0xc000_0235

const BEYOND = Buffer.from('answered from beyond the local cluster').toString('hex')
const NO_LOCAL = Buffer.from('no local instance, and only local ones may answer').toString('hex')

function world(mode: LocalityMode, metadata = ''): DnsWorld {
  const dns = new DnsWorld({
    table: { locality: mode },
    responder: { localities: LOCALITIES, ecsTrusted: ['192.0.2.0/24'] },
  })
  const settings = metadata === '' ? {} : { metadata: new Map([['dns.locality', metadata]]) }
  dns.put(
    ref('orders'),
    [
      at('172.16.0.1', { cluster: 'bj' }),
      at('172.17.0.1', { cluster: 'sh' }),
      at('172.18.0.1', { cluster: 'sh', healthy: false }),
    ],
    settings,
  )
  return dns
}

function look(
  dns: DnsWorld,
  client: number,
  name = 'orders.nacos',
  type: 'A' | 'SRV' = 'A',
): string {
  dns.responder.client.setV4(client)
  const { answers, rcode } = dns.ask(name, type)
  return rcode === 0
    ? answers
        .map(({ data }) => data)
        .toSorted()
        .join(' ') || '-'
    : `rcode ${rcode}`
}

const ALL = '172.16.0.1 172.17.0.1'

describe('by the address of the client', () => {
  test.each<[LocalityMode, number, string]>([
    ['prefer', BJ, '172.16.0.1'],
    ['prefer', SH, '172.17.0.1'],
    ['prefer', NOWHERE, ALL],
    ['prefer', STRANGER, ALL],
    ['only', BJ, '172.16.0.1'],
    ['only', NOWHERE, '-'],
    ['only', STRANGER, ALL],
    ['off', BJ, ALL],
    ['spill', BJ, '172.16.0.1'],
  ])('mode %s, client %i: %s', (mode, client, expected) => {
    expect(look(world(mode), client)).toBe(expected)
  })

  test('a service says otherwise than the server, in both directions', () => {
    expect(look(world('prefer', 'off'), BJ)).toBe(ALL)
    expect(look(world('off', 'only'), NOWHERE)).toBe('-')
    expect(look(world('prefer', 'nonsense'), BJ)).toBe('172.16.0.1')
  })

  test('selectors overrule it: a named cluster, and all', () => {
    const dns = world('only')
    expect(look(dns, BJ, '_c-sh.orders.nacos')).toBe('172.17.0.1')
    expect(look(dns, BJ, '_all.orders.nacos')).toBe(ALL)
    expect(look(dns, BJ, '_one.orders.nacos')).toBe('172.16.0.1')
  })

  test('clients over IPv6 have clusters, too, in any spelling', () => {
    const dns = world('prefer')
    dns.responder.client.setV6(
      Uint8Array.from({ length: 16 }, (_, i) => [0x20, 1, 0xd, 0xb8][i] ?? 7),
    )
    expect(dns.look('orders.nacos')).toBe('172.16.0.1')
  })
})

/** Half of the client's cluster is not healthy. */
function sick(mode: LocalityMode, threshold: number): DnsWorld {
  const dns = world(mode)
  const local = [true, true, false, false].map((healthy, i) =>
    at(`172.16.0.${i + 1}`, { cluster: 'bj', healthy }),
  )
  dns.put(ref('orders'), [...local, at('172.17.0.1', { cluster: 'sh' })], {
    protectThreshold: threshold,
  })
  return dns
}

describe('a cluster that is not well', () => {
  test('is preferred above its protect threshold only', () => {
    expect(look(sick('prefer', 0.4), BJ)).toBe('172.16.0.1 172.16.0.2')
    expect(look(sick('prefer', 0.5), BJ)).toBe('172.16.0.1 172.16.0.2 172.17.0.1')
    // Only local: then its own protect rule holds.
    expect(look(sick('only', 0.5), BJ)).toBe('172.16.0.1 172.16.0.2 172.16.0.3 172.16.0.4')
  })

  test('spills what it cannot bear: with half of its weight, 30 % of the answers', () => {
    const dns = sick('spill', 0)
    let local = 0
    for (let i = 0; i < 4_000; i++) if (look(dns, BJ) === '172.16.0.1 172.16.0.2') local++
    expect(local / 4_000).toBeGreaterThan(0.67)
    expect(local / 4_000).toBeLessThan(0.73)
  })

  test('without an address of the family all are answered: better far than not at all', () => {
    const dns = world('prefer')
    dns.put(ref('orders'), [
      at('172.16.0.1', { cluster: 'bj' }),
      at('2001:db8::1', { cluster: 'sh' }),
    ])
    dns.responder.client.setV4(BJ)
    expect(dns.ask('orders.nacos', 'AAAA').answers).toHaveLength(1)
  })
})

describe('SRV', () => {
  test('tells all, the local ones first: priority 0 before 10', () => {
    const dns = world('prefer')
    for (let i = 0; i < 20; i++) {
      dns.responder.client.setV4(SH)
      const { answers } = dns.ask('orders.nacos', 'SRV')
      expect(answers.map(({ data }) => data)).toEqual([
        '0 1 8080 172-17-0-1.nacos.',
        '10 1 8080 172-16-0-1.nacos.',
      ])
    }
    expect(look(dns, SH, '_one.orders.nacos', 'SRV')).toBe('0 1 8080 172-17-0-1.nacos.')
    expect(look(dns, SH, '_8080._tcp.orders.nacos', 'SRV')).toContain('10 1 8080 172-16-0-1.nacos.')
  })

  test('has one priority where locality has no say, and only the local ones in mode only', () => {
    expect(look(world('prefer'), STRANGER, 'orders.nacos', 'SRV')).not.toContain('10 1 8080')
    expect(look(world('prefer'), NOWHERE, 'orders.nacos', 'SRV')).not.toContain('10 1 8080')
    expect(look(world('only'), SH, 'orders.nacos', 'SRV')).toBe('0 1 8080 172-17-0-1.nacos.')
  })

  test('is cut behind the local ones when it does not fit', () => {
    const dns = world('prefer')
    const far = Array.from({ length: 60 }, (_, i) => at(`172.16.1.${i}`, { cluster: 'bj' }))
    dns.put(ref('orders'), [...far, at('172.17.0.1', { cluster: 'sh' })])
    dns.responder.client.setV4(SH)
    const { answers, isTruncated } = dns.ask('orders.nacos', 'SRV', { edns: 1232 })
    expect(isTruncated).toBe(true)
    expect(answers[0]?.data).toBe('0 1 8080 172-17-0-1.nacos.')
  })
})

/** The Extended DNS Error of an answer, code and text. */
function ede(dns: DnsWorld, client: number): string | undefined {
  dns.responder.client.setV4(client)
  return dns.ask('orders.nacos', 'A', { edns: 1232 }).opt?.options.get(15)
}

describe('the answer says so', () => {
  test('in an Extended DNS Error where it is not local', () => {
    expect(ede(world('prefer'), NOWHERE)).toBe(`0000${BEYOND}`)
    expect(ede(world('only'), NOWHERE)).toBe(`0000${NO_LOCAL}`)
    expect(ede(world('prefer'), BJ)).toBeUndefined()
    expect(ede(world('prefer'), STRANGER)).toBeUndefined()
  })
})

describe('EDNS Client Subnet', () => {
  const ECS = 8
  const subnet = (family: number, source: number, scope: number, ...address: readonly number[]) => [
    ...u16(ECS),
    ...u16(4 + address.length),
    ...u16(family),
    source,
    scope,
    ...address,
  ]
  const ask = (
    dns: DnsWorld,
    client: number,
    options: readonly number[],
    name = 'orders.nacos',
  ) => {
    dns.responder.client.setV4(client)
    const { answers, opt, rcode } = dns.ask(name, 'A', { edns: 1232, options })
    const data = answers
      .map((one) => one.data)
      .toSorted()
      .join(' ')
    return [rcode, data, opt?.options.get(ECS)]
  }

  test.each<[string, readonly number[], string, string]>([
    ['a network inside of ours', subnet(1, 24, 0, 10, 1, 9), '172.17.0.1', '000118180a0109'],
    [
      'beside a longer one: the scope keeps it out',
      subnet(1, 24, 0, 10, 1, 8),
      '172.16.0.1',
      '000118180a0108',
    ],
    ['far from a longer one', subnet(1, 24, 0, 10, 1, 128), '172.16.0.1', '000118110a0180'],
    ['a shorter one than ours', subnet(1, 8, 0, 10), ALL, '000108100a'],
    ['a stranger', subnet(1, 32, 0, 203, 0, 113, 9), ALL, '00012001cb007109'],
    ['IPv6', subnet(2, 48, 0, 0x20, 1, 0xd, 0xb8, 0, 1), '172.16.0.1', '0002302020010db80001'],
    ['who opts out', subnet(1, 0, 0), ALL, '00010000'],
    ['who opts out of nothing in particular', subnet(0, 0, 0), ALL, '00000000'],
  ])('from a trusted forwarder: %s', (_, options, data, echo) => {
    expect(ask(world('prefer'), FORWARDER, options)).toEqual([0, data, echo])
  })

  test('from anybody else it is ignored and not echoed, even malformed', () => {
    const dns = world('prefer')
    expect(ask(dns, STRANGER, subnet(1, 24, 0, 10, 1, 9))).toEqual([0, ALL, undefined])
    expect(ask(dns, BJ, subnet(1, 24, 0, 10, 1, 9))).toEqual([0, '172.16.0.1', undefined])
    expect(ask(dns, STRANGER, subnet(1, 99, 0, 10))).toEqual([0, ALL, undefined])
  })

  test.each<[string, readonly number[]]>([
    ['too few octets', subnet(1, 24, 0, 10, 1)],
    ['too many octets', subnet(1, 16, 0, 10, 1, 9)],
    ['bits beyond the prefix', subnet(1, 20, 0, 10, 1, 9)],
    ['a scope in a query', subnet(1, 24, 24, 10, 1, 9)],
    ['a prefix beyond the address', subnet(1, 33, 0, 10, 1, 9, 9, 9)],
    ['an unknown family', subnet(3, 8, 0, 10)],
    ['no family at all', [...u16(ECS), 0, 0]],
  ])('malformed from a trusted forwarder, %s, it is FORMERR with an OPT', (_, options) => {
    const dns = world('prefer')
    expect(ask(dns, FORWARDER, options)).toEqual([1, '', undefined])
  })

  test('an answer that does not depend on it has scope 0', () => {
    const echo = '000118000a0109'
    const options = subnet(1, 24, 0, 10, 1, 9)
    expect(ask(world('off'), FORWARDER, options)).toEqual([0, ALL, echo])
    expect(ask(world('prefer'), FORWARDER, options, '_all.orders.nacos')[2]).toBe(echo)
    expect(ask(world('prefer'), FORWARDER, options, 'nobody.nacos')).toEqual([3, '', echo])
  })

  test('the last query leaves nothing behind', () => {
    const dns = world('prefer')
    ask(dns, FORWARDER, subnet(1, 24, 0, 10, 1, 9))
    expect(ask(dns, FORWARDER, [])).toEqual([0, ALL, undefined])
    expect(ask(dns, BJ, [])).toEqual([0, '172.16.0.1', undefined])
  })
})
