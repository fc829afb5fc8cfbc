import { describe, expect, test } from 'vitest'
import { millis } from '../../../../src/kernel/ids.ts'
import type { Instance } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from '../answer/world.ts'

function since(iso: string, one: Instance): Instance {
  return { ...one, since: millis(Date.parse(iso)) }
}

function rows(world: DnsWorld, name: string, isTcp = true): readonly string[] {
  world.responder.client.isTcp = isTcp
  return world.ask(name, 'TXT', { edns: 1232 }).answers.map(({ data }) => data)
}

function orders(): DnsWorld {
  const world = new DnsWorld()
  world.put(ref('orders'), [
    since('2026-02-28T23:59:59.999Z', at('10.0.0.1', { weight: 0.25 })),
    since('2028-02-29T00:00:00Z', at('10.0.0.2', { weight: 10_000, healthy: false })),
    since('1999-12-31T12:34:56Z', at('2001:db8::a', { cluster: 'bj' })),
    since('2000-03-01T00:00:00Z', at('db.example', { cluster: 'bj' })),
  ])
  return world
}

describe('_why', () => {
  test('tells first what was decided, then every instance', () => {
    expect(rows(orders(), '_why.orders.nacos')).toEqual([
      'svc=DEFAULT_GROUP@@orders|ns=public|healthy=3/4|threshold=0|client=203.0.113.5|' +
        'A=1/1 only_one|AAAA=1/1 only_one|ttl=1|serial=1',
      'in|10.0.0.1:8080|cluster=default|weight=0.25|why=healthy|since=2026-02-28T23:59:59Z',
      'out|10.0.0.2:8080|cluster=default|weight=10000|why=silent|since=2028-02-29T00:00:00Z',
      'out|db.example:8080|cluster=bj|weight=1|why=no_address|since=2000-03-01T00:00:00Z',
      'in|[2001:db8:0:0:0:0:0:a]:8080|cluster=bj|weight=1|why=healthy|since=1999-12-31T12:34:56Z',
    ])
  })

  test('stands before all other selectors, which say what is explained', () => {
    const world = orders()
    const whys = (name: string): readonly (string | undefined)[] =>
      rows(world, name)
        .slice(1)
        .map((row) => /why=(\w+)/.exec(row)?.[1])
    expect(whys('_why._c-bj.orders.nacos')).toEqual([
      'other_cluster',
      'other_cluster',
      'no_address',
      'healthy',
    ])
    expect(whys('_WHY._8080._TCP.orders.nacos')).toEqual([
      'healthy',
      'silent',
      'healthy',
      'healthy',
    ])
    expect(whys('_why._9._udp.orders.nacos')).toEqual([
      'other_protocol',
      'silent',
      'other_protocol',
      'other_protocol',
    ])
    expect(rows(world, '_why._one.orders.default.public.nacos')[0]).toContain('A=1/1 asked')
  })

  test.each([
    ['_why.orders.nacos', 'A', 0],
    ['_why._tcp.orders.nacos', 'TXT', 0],
    ['_why._why.orders.nacos', 'TXT', 3],
    ['_c-bj._why.orders.nacos', 'TXT', 3],
    ['_why.nobody.nacos', 'TXT', 3],
    ['_why.10-0-0-1.nacos', 'TXT', 3],
  ] as const)('%s %s has no data, rcode %i', (name, type, rcode) => {
    const told = orders().ask(name, type)
    expect([told.rcode, told.answers]).toEqual([rcode, []])
  })

  test('is never kept by caches', () => {
    for (const { ttl } of orders().ask('_why.orders.nacos', 'TXT').answers) expect(ttl).toBe(0)
  })

  test('is cut with TC over UDP, and over TCP tells as many as fit', () => {
    const world = new DnsWorld()
    const many = Array.from({ length: 900 }, (_, i) => at(`10.0.${i >> 8}.${i & 255}`))
    world.put(ref('orders'), many)
    const over = (isTcp: boolean): readonly [boolean, number] => {
      world.responder.client.isTcp = isTcp
      const told = world.ask('_why.orders.nacos', 'TXT', { edns: 1232 })
      expect(told.length).toBeLessThanOrEqual(isTcp ? 65_535 : 1232)
      return [told.isTruncated, told.answers.length]
    }
    expect(over(false)[0]).toBe(true)
    expect(over(false)[1]).toBeGreaterThan(8)
    expect(over(true)[0]).toBe(false)
    expect(over(true)[1]).toBeGreaterThan(600)
  })

  test('a small datagram is not overrun, whatever hosts and clusters are called', () => {
    const world = new DnsWorld({ responder: { udpSize: 512 } })
    const host = `${'h'.repeat(60)}.${'i'.repeat(60)}`
    const odd = [1, 2, 3, 4].map((port) => at(host, { port, cluster: 'c'.repeat(60) }))
    world.put(ref('s'.repeat(50)), odd)
    world.responder.client.isTcp = false
    const told = world.ask(`_why.${'s'.repeat(50)}.nacos`, 'TXT', { edns: 512 })
    expect(told.isTruncated).toBe(true)
    expect(told.length).toBeLessThanOrEqual(512)
  })

  test('a protected service says whom it answers all the same', () => {
    const world = new DnsWorld()
    const down = [at('10.0.0.1', { healthy: false }), at('10.0.0.2', { healthy: false })]
    world.put(ref('orders'), down)
    expect(rows(world, '_why.orders.nacos')[1]).toContain('in|10.0.0.1:8080|cluster=default')
    expect(rows(world, '_why.orders.nacos')[1]).toContain('why=fail_open')
    world.put(ref('orders'), [...down, at('10.0.0.3')], { protectThreshold: 0.5 })
    expect(rows(world, '_why.orders.nacos')[1]).toContain('why=protect_threshold')
    expect(rows(world, '_why.orders.nacos')[3]).toContain('why=healthy')
  })
})
