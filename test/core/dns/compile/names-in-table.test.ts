import { describe, expect, test } from 'vitest'
import { hashLabel } from '../../../../src/core/dns/labels.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import type { ServiceRef } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from '../answer/world.ts'

describe('services of one folded name', () => {
  const LOWER = ref('order')
  const FIRST = ref('ORDER')
  const SECOND = ref('Order')
  const IPS = new Map([
    [LOWER, '10.1.0.1'],
    [FIRST, '10.1.0.2'],
    [SECOND, '10.1.0.3'],
  ])
  const orders: readonly (readonly ServiceRef[])[] = [
    [LOWER, FIRST, SECOND],
    [SECOND, FIRST, LOWER],
    [FIRST, LOWER, SECOND],
  ]

  const register = (all: readonly ServiceRef[]): DnsWorld => {
    const world = new DnsWorld()
    for (const one of all) world.put(one, [at(IPS.get(one) ?? '')])
    return world
  }

  test.each(orders)('the all-lower-case one bears it, in whatever order they came', (...all) => {
    const world = register(all)
    for (const name of ['order', 'ORDER.default', 'oRdEr.default_group.public']) {
      expect(world.look(`${name}.nacos`)).toBe('10.1.0.1')
    }
    for (const [one, ip] of IPS) expect(world.look(`${hashLabel(one)}.nacos`)).toBe(ip)
    expect(world.table.collisions).toBe(2)
    expect(world.look('order.nacos', 'TXT')).toContain('|collision=2')
    expect(world.look(`${hashLabel(SECOND)}.nacos`, 'TXT')).toContain('|collision=2')
  })

  test.each([[[FIRST, SECOND]], [[SECOND, FIRST]]])(
    'without it the smallest in octet order does',
    (all) => {
      const world = register(all)
      expect(world.look('order.nacos')).toBe('10.1.0.2')
      expect(world.table.collisions).toBe(1)
    },
  )

  test('they take each other over when one goes, and nothing is told of it when one is left', () => {
    const world = register([LOWER, FIRST, SECOND])
    world.remove(LOWER)
    expect(world.look('order.nacos')).toBe('10.1.0.2')
    expect(world.look(`${hashLabel(LOWER)}.nacos`)).toBe('NXDOMAIN')
    expect(world.look('order.nacos', 'TXT')).toContain('|collision=1')
    world.remove(FIRST)
    expect(world.look('order.nacos')).toBe('10.1.0.3')
    expect(world.look('order.nacos', 'TXT')).not.toContain('collision')
    expect(world.table.collisions).toBe(0)
    world.put(FIRST, [at('10.1.0.2')])
    expect(world.look('order.nacos')).toBe('10.1.0.2')
    world.remove(FIRST)
    world.remove(SECOND)
    expect(world.look('order.nacos')).toBe('NXDOMAIN')
    expect(world.table.nameCount).toBe(new DnsWorld().table.nameCount)
  })

  test('letters beyond ASCII do not fold, so they decide nothing', () => {
    const world = new DnsWorld()
    world.put(ref('Éa'), [at('10.1.0.1')])
    world.put(ref('ÉA'), [at('10.1.0.2')])
    expect(world.look('\\195\\137a.nacos')).toBe('10.1.0.1')
  })

  test('group and namespace fold, too', () => {
    const world = new DnsWorld()
    world.put(ref('a', 'G', 'N'), [at('10.1.0.1')])
    world.put(ref('a', 'g', 'n'), [at('10.1.0.2')])
    expect(world.look('a.g.n.nacos')).toBe('10.1.0.2')
    expect(world.table.collisions).toBe(1)
  })
})

describe('names that exist for what stands below them', () => {
  test('go with the last name that needs them', () => {
    const world = new DnsWorld()
    const fresh = world.table.nameCount
    const steps: readonly ServiceRef[] = [
      ref('a.b.c', 'g', 'n'),
      ref('x.b.c', 'g', 'n'),
      ref('c', 'g', 'n'),
      ref('g', 'n'),
      ref('other'),
    ]
    for (const [i, one] of steps.entries()) world.put(one, [at(`10.1.0.${i + 1}`)])
    expect(world.look('b.c.g.n.nacos')).toBe('-')
    expect(world.look('c.g.n.nacos')).toBe('10.1.0.3')
    expect(world.look('g.n.nacos')).toBe('10.1.0.4')
    world.remove(ref('c', 'g', 'n'))
    expect(world.look('c.g.n.nacos')).toBe('-')
    world.remove(ref('a.b.c', 'g', 'n'))
    expect(world.look('b.c.g.n.nacos')).toBe('-')
    world.remove(ref('x.b.c', 'g', 'n'))
    expect(world.look('b.c.g.n.nacos')).toBe('NXDOMAIN')
    expect(world.look('c.g.n.nacos')).toBe('NXDOMAIN')
    // A service of group n in public is named so; its ancestor n stays for it.
    expect(world.look('g.n.nacos')).toBe('10.1.0.4')
    expect(world.look('n.nacos')).toBe('-')
    world.remove(ref('g', 'n'))
    expect(world.look('n.nacos')).toBe('NXDOMAIN')
    world.remove(ref('other'))
    expect(world.table.nameCount).toBe(fresh)
  })

  test.each([[true], [false]])(
    'give way to a name and stand in for it again (first: %s)',
    (first) => {
      const world = new DnsWorld()
      const fresh = { names: world.table.nameCount, bytes: world.table.usedBytes }
      const below = ref('a', '10-0-0-6')
      if (first) world.put(below, [at('10.9.0.1')])
      world.put(ref('b'), [at('10.0.0.6')])
      if (!first) world.put(below, [at('10.9.0.1')])
      expect(world.look('10-0-0-6.nacos')).toBe('10.0.0.6')
      world.put(ref('b'), [])
      expect(world.look('10-0-0-6.nacos')).toBe('-')
      world.put(ref('b'), [at('10.0.0.6')])
      world.remove(below)
      expect(world.look('10-0-0-6.nacos')).toBe('10.0.0.6')
      world.remove(ref('b'))
      expect(world.look('10-0-0-6.nacos')).toBe('NXDOMAIN')
      world.table.settle(9)
      expect({ names: world.table.nameCount, bytes: world.table.usedBytes }).toEqual(fresh)
    },
  )

  test('a group named ns1 leaves the name server alone, even one without addresses', () => {
    const world = new DnsWorld({ table: { nameServers: { v4: [], v6: [] } } })
    expect(world.look('ns1.nacos')).toBe('-')
    world.put(ref('a', 'ns1'), [at('10.0.0.1')])
    world.remove(ref('a', 'ns1'))
    expect(world.look('ns1.nacos')).toBe('-')
  })
})

describe('names of instances', () => {
  const reverse = ['10.in-addr.arpa.', '0.10.in-addr.arpa.', '8.b.d.0.1.0.0.2.ip6.arpa.']
  const PTR6 = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`

  test('come with the first instance of an address and go with the last', () => {
    const world = new DnsWorld({ table: { reverseZones: reverse.map((zone) => parseName(zone)) } })
    const fresh = { names: world.table.nameCount, bytes: world.table.usedBytes }
    world.put(ref('a'), [at('10.0.0.6'), at('10.0.0.6', { port: 9 }), at('2001:db8::1')])
    world.put(ref('b'), [at('10.0.0.6'), at('192.0.2.1'), at('host.example.')])
    world.put(ref('c'), [at('2001:DB8:0::1')])
    expect(world.look('10-0-0-6.nacos')).toBe('10.0.0.6')
    expect(world.look('6.0.0.10.in-addr.arpa', 'PTR')).toBe('10-0-0-6.nacos.')
    expect(world.look('0.0.10.in-addr.arpa', 'PTR')).toBe('-')
    expect(world.look('7.0.0.10.in-addr.arpa', 'PTR')).toBe('NXDOMAIN')
    expect(world.look('1.2.0.192.in-addr.arpa', 'PTR')).toBe('REFUSED')
    expect(world.look(PTR6, 'PTR')).toBe('2001-0db8-0000-0000-0000-0000-0000-0001.nacos.')
    // The longest zone answers.
    expect(world.ask('7.0.0.10.in-addr.arpa', 'PTR').authorities[0]?.owner).toBe(
      '0.10.in-addr.arpa.',
    )
    world.put(ref('a'), [at('2001:db8::1')])
    expect(world.look('10-0-0-6.nacos')).toBe('10.0.0.6')
    world.remove(ref('b'))
    expect(world.look('10-0-0-6.nacos')).toBe('NXDOMAIN')
    expect(world.look('6.0.0.10.in-addr.arpa', 'PTR')).toBe('NXDOMAIN')
    world.remove(ref('a'))
    expect(world.look(PTR6, 'PTR')).toContain('2001-0db8')
    world.remove(ref('c'))
    world.table.settle(9)
    expect({ names: world.table.nameCount, bytes: world.table.usedBytes }).toEqual(fresh)
  })

  test('exist whatever the health of the instance, and tell whose it is', () => {
    const world = new DnsWorld()
    world.put(ref('a', 'g'), [at('10.0.0.6', { healthy: false, weight: 2 })])
    expect(world.look('10-0-0-6.nacos')).toBe('10.0.0.6')
    expect(world.look('10-0-0-6.nacos', 'TXT')).toBe(
      'svc=g@@a|ns=public|port=8080|cluster=DEFAULT|weight=2|healthy=false',
    )
    expect(world.look('10-0-0-6.nacos', 'AAAA')).toBe('-')
    expect(world.look('999-0-0-1.nacos')).toBe('NXDOMAIN')
  })
})

describe('one address in two spellings', () => {
  test('is one record with the sum of the weights', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [
      at('2001:db8::1', { weight: 1 }),
      at('2001:db8::2', { weight: 2 }),
      at('2001:DB8:0:0::1', { weight: 1 }),
    ])
    expect(world.ask('_all.a.nacos', 'AAAA').answers).toHaveLength(2)
    // Equal sums: no reason for a single record.
    world.responder.client.setV6(Uint8Array.of(0x26, ...Array<number>(15).fill(0)))
    expect(world.ask('a.nacos', 'AAAA').answers).toHaveLength(2)
  })
})

test('a zone of the registry in a zone of the registry is refused', () => {
  const zones = ['nacos.', 'a.nacos.'].map((zone) => parseName(zone))
  expect(() => new DnsWorld({ table: { zones } })).toThrow(/a\.nacos\. .*nacos\./)
})

test('several zones of the registry have the same names', () => {
  const zones = ['nacos.', 'internal.example.'].map((zone) => parseName(zone))
  const world = new DnsWorld({ table: { zones } })
  const fresh = world.table.nameCount
  world.put(ref('a'), [at('10.0.0.1')])
  expect(world.look('a.default.public.internal.example')).toBe('10.0.0.1')
  expect(world.look('a.internal.example', 'SRV')).toBe('0 1 8080 10-0-0-1.internal.example.')
  expect(world.look('10-0-0-1.internal.example')).toBe('10.0.0.1')
  expect(world.ask('b.internal.example').authorities[0]?.owner).toBe('internal.example.')
  world.remove(ref('a'))
  expect(world.table.nameCount).toBe(fresh)
})
