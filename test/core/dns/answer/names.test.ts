import { describe, expect, test } from 'vitest'
import { hashLabel } from '../../../../src/core/dns/labels.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import type { ServiceRef } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from './world.ts'

const PROD = '6f2b0c1e-1a2b-4c3d-8e9f-001122334455'
const LONG = ref('a'.repeat(70))

/** Every service of the examples of dns.md §3.8, each with an address of its own. */
function exampleWorld(): DnsWorld {
  const world = new DnsWorld({
    namespaceAliases: new Map([['prod', PROD]]),
    table: {
      zones: [parseName('nacos.')],
      reverseZones: [parseName('10.in-addr.arpa.')],
    },
  })
  const services: readonly (readonly [ServiceRef, string])[] = [
    [ref('order-service', 'pay'), '10.0.1.2'],
    [ref('order-service', '', PROD), '10.0.1.5'],
    [ref('order-service', 'pay', PROD), '10.0.1.6'],
    [ref('com.foo.bar.HelloService'), '10.0.1.7'],
    [ref('providers:com.foo.HelloService:1.0.0:grp'), '10.0.1.9'],
    [ref('order_service'), '10.0.1.11'],
    [ref('svc', 'my.group'), '10.0.1.13'],
    [ref('svc', 'a:b'), '10.0.1.14'],
    [ref('svc@v2'), '10.0.1.15'],
    [ref('_hidden'), '10.0.1.16'],
    [ref('a--3ab'), '10.0.1.17'],
    [ref('x:y'), '10.0.1.18'],
    [ref('x', 'default'), '10.0.1.19'],
    [LONG, '10.0.1.20'],
  ]
  for (const [service, ip] of services) world.put(service, [at(ip)])
  world.put(
    ref('order-service'),
    [
      at('10.0.0.6', { port: 8080, metadata: { protocol: 'http' } }),
      at('10.0.0.7', { port: 9090, cluster: 'bj', metadata: { protocol: 'grpc' } }),
      at('2001:db8::1', { port: 8080, cluster: 'bj', metadata: { protocol: 'http' } }),
    ],
    { metadata: new Map([['dns.answers', 'all']]) },
  )
  return world
}

const ORDER = '10.0.0.6 10.0.0.7'
const V6_NAME = '2001-0db8-0000-0000-0000-0000-0000-0001.nacos'

describe('the examples of dns.md §3.8:', () => {
  const world = exampleWorld()
  const sorted = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR' | 'TXT'): string =>
    world
      .ask(name, type)
      .answers.map(({ data }) => data)
      .toSorted()
      .join(' ')

  test.each<[number, string, 'A' | 'AAAA' | 'SRV' | 'PTR', string]>([
    [1, 'order-service.nacos', 'A', ORDER],
    [2, 'order-service.pay.nacos', 'A', '10.0.1.2'],
    [3, 'order-service.DEFAULT_GROUP.public.nacos', 'A', ORDER],
    [4, 'order-service.default.public.nacos', 'A', ORDER],
    [5, 'order-service.default.prod.nacos', 'A', '10.0.1.5'],
    [6, `order-service.pay.${PROD}.nacos`, 'A', '10.0.1.6'],
    [7, 'com.foo.bar.HelloService.default.public.nacos', 'A', '10.0.1.7'],
    [8, 'com--2efoo--2ebar--2ehelloservice.nacos', 'A', '10.0.1.7'],
    [9, 'providers--3acom.foo.helloservice--3a1.0.0--3agrp.default.public.nacos', 'A', '10.0.1.9'],
    [10, 'providers:com.foo.HelloService:1.0.0:grp.DEFAULT_GROUP.public.nacos', 'A', '10.0.1.9'],
    [11, 'order--5fservice.default.public.nacos', 'A', '10.0.1.11'],
    [12, 'order_service.nacos', 'A', '10.0.1.11'],
    [13, 'svc.my--2egroup.public.nacos', 'A', '10.0.1.13'],
    [14, 'svc.a--3ab.nacos', 'A', '10.0.1.14'],
    [15, 'svc--40v2.nacos', 'A', '10.0.1.15'],
    [16, 'x--5fhidden.nacos', 'A', '10.0.1.16'],
    [17, 'a--2d-3ab.nacos', 'A', '10.0.1.17'],
    [18, 'x--78--3ay.nacos', 'A', '10.0.1.18'],
    [19, 'x.defaul--74.public.nacos', 'A', '10.0.1.19'],
    // The hash printed in dns.md is wrong; its formula counts.
    [20, `${hashLabel(LONG)}.nacos`, 'A', '10.0.1.20'],
    [21, '_c-bj.order-service.default.public.nacos', 'A', '10.0.0.7'],
    [22, '_all.order-service.nacos', 'A', ORDER],
    [23, '_one._c-bj.order-service.nacos', 'AAAA', '2001:db8:0:0:0:0:0:1'],
    [
      24,
      '_http._tcp.order-service.default.public.nacos',
      'SRV',
      `0 1 8080 10-0-0-6.nacos. 0 1 8080 ${V6_NAME}.`,
    ],
    [25, '_8080._tcp.order-service.nacos', 'SRV', `0 1 8080 10-0-0-6.nacos. 0 1 8080 ${V6_NAME}.`],
    [
      26,
      'order-service.nacos',
      'SRV',
      `0 1 8080 10-0-0-6.nacos. 0 1 8080 ${V6_NAME}. 0 1 9090 10-0-0-7.nacos.`,
    ],
    [27, '10-0-0-6.nacos', 'A', '10.0.0.6'],
    [28, V6_NAME, 'AAAA', '2001:db8:0:0:0:0:0:1'],
    [29, '6.0.0.10.in-addr.arpa', 'PTR', '10-0-0-6.nacos.'],
  ])('#%i %s %s', (_, name, type, data) => {
    expect(sorted(name, type)).toBe(data)
  })

  test('#30 TXT tells what the service is and how it does', () => {
    const hash = hashLabel(ref('order-service'))
    expect(sorted('order-service.nacos', 'TXT')).toBe(
      `svc=DEFAULT_GROUP@@order-service|ns=public|healthy=3/3|threshold=0|hash=${hash}`,
    )
  })

  test('#31 an ancestor is NODATA until a service of that name exists', () => {
    const own = exampleWorld()
    const ancestor = own.ask('default_group.public.nacos')
    expect(ancestor.rcode).toBe(0)
    expect(ancestor.answers).toEqual([])
    expect(ancestor.authorities.map(({ type }) => type)).toEqual([6])
    own.put(ref('default_group', 'public'), [at('10.9.9.9')])
    expect(own.look('default_group.public.nacos')).toBe('10.9.9.9')
    own.remove(ref('default_group', 'public'))
    expect(own.look('default_group.public.nacos')).toBe('-')
  })

  test('#32 what nobody registered does not exist, and an SOA says for how long', () => {
    const { rcode, authorities, isAuthoritative } = world.ask('nope.nacos')
    expect(rcode).toBe(3)
    expect(isAuthoritative).toBe(true)
    expect(authorities).toHaveLength(1)
    expect(authorities[0]).toMatchObject({ owner: 'nacos.', type: 6, ttl: 5 })
  })
})

describe('spellings', () => {
  test('a client gets its own case back, everywhere in the answer', () => {
    const { question, answers } = exampleWorld().ask('OrDeR-sErViCe.PAY.nAcOs')
    expect(question[0]?.name).toBe('OrDeR-sErViCe.PAY.nAcOs.')
    expect(answers.map(({ owner }) => owner)).toEqual(['OrDeR-sErViCe.PAY.nAcOs.'])
  })

  // Shapes that the encoder escapes: the literal spelling needs the second look.
  test.each([
    ['10-0-0-6', '10-0-0-6.pay.nacos'],
    ['10-0-0-6', '10-0-0---36.nacos'],
    ['ns1', 'ns1.pay.nacos'],
    ['ns1', 'ns--31.nacos'],
    ['ns1', 'ns1.pay.public.nacos'],
    ['cafe', 'cafe.pay.nacos'],
    ['-lead', '-lead.pay.nacos'],
    ['trail-', 'trail-.pay.nacos'],
    ['2001-0db8-0000-0000-0000-0000-0000-0001', `${V6_NAME.slice(0, -6)}.pay.nacos`],
    ['Grüße', 'gr\\195\\188\\195\\159e.pay.nacos'],
    ['Grüße', 'gr--c3--bc--c3--9fe.pay.nacos'],
    ['a b'.replace(' ', '"'), 'a\\"b.pay.nacos'],
    ['dot.', 'dot\\..pay.nacos'],
    ['..', '\\.\\..pay.nacos'],
    ['h--v', 'h--v.pay.nacos'],
    ['x--41', 'x--78--2d-41.pay.nacos'],
  ])('%s is found as %s', (name, spelled) => {
    const world = new DnsWorld()
    world.put(ref(name, 'pay'), [at('10.2.2.2')])
    world.put(ref(name), [at('10.2.2.2')])
    expect(world.look(spelled)).toBe('10.2.2.2')
  })

  test('octets beyond ASCII are compared as they are', () => {
    const world = new DnsWorld()
    world.put(ref('GRÜN'), [at('10.2.2.1')])
    world.put(ref('grün'), [at('10.2.2.2')])
    expect(world.look('gr\\195\\156n.nacos')).toBe('10.2.2.1')
    expect(world.look('GR\\195\\188N.nacos')).toBe('10.2.2.2')
    expect(world.look('gr\\188n.nacos')).toBe('NXDOMAIN')
  })

  test('ns is the public namespace until a namespace has that id', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [at('10.2.2.1')])
    expect(world.look('a.default.ns.nacos')).toBe('10.2.2.1')
    world.put(ref('b', '', 'ns'), [at('10.2.2.2')])
    expect(world.look('a.default.ns.nacos')).toBe('NXDOMAIN')
    expect(world.look('b.default.ns.nacos')).toBe('10.2.2.2')
    world.remove(ref('b', '', 'ns'))
    expect(world.look('a.default.ns.nacos')).toBe('10.2.2.1')
    expect(world.look('b.default.ns.nacos')).toBe('NXDOMAIN')
  })

  test('ancestors exist in every spelling', () => {
    const world = new DnsWorld({ namespaceAliases: new Map([['prod', PROD]]) })
    world.put(ref('a.b.c', 'my.group', PROD), [at('10.2.2.1')])
    world.put(ref('d'), [at('10.2.2.2')])
    for (const name of [
      `${PROD}.nacos`,
      'prod.nacos',
      'my--2egroup.prod.nacos',
      'MY\\.GROUP.prod.nacos',
      'c.my--2egroup.prod.nacos',
      'b.c.my--2egroup.prod.nacos',
      'public.nacos',
      'ns.nacos',
      'default.public.nacos',
      'default.nacos',
      'default_group.ns.nacos',
    ]) {
      expect([name, world.look(name)]).toEqual([name, '-'])
    }
  })
})

describe('selectors', () => {
  const world = exampleWorld()

  test.each([
    ['_one', '_one._one'],
    ['_c-bj', '_c-bj._c-default'],
    ['_one', '_one._all'],
    ['nothing known', '_two'],
    ['a cluster', '_c-'],
    ['a token', '_._tcp'],
    ['_tcp', '_http._tcp._tcp'],
    ['their order', '_one._http._tcp'],
    ['a word between', '_one.x'],
  ])('%s: %s names nothing', (_, selector) => {
    expect(world.look(`${selector}.order-service.nacos`, 'SRV')).toBe('NXDOMAIN')
    expect(world.look(`${selector}.order-service.nacos`, 'A')).toBe('NXDOMAIN')
  })

  test.each([
    ['_tcp.order-service.nacos', 'A', '-'],
    ['_udp.order-service.nacos', 'SRV', '-'],
    ['_tcp._all.order-service.nacos', 'SRV', '-'],
    ['_http._tcp.order-service.nacos', 'A', '-'],
    ['_c-sh.order-service.nacos', 'A', '-'],
    ['_9999._tcp.order-service.nacos', 'SRV', '-'],
    ['_thrift._tcp.order-service.nacos', 'SRV', '-'],
    ['_grpc._tcp._c-BJ.Order-Service.nacos', 'SRV', '0 1 9090 10-0-0-7.nacos.'],
    ['_GRPC._TCP._one.order-service.nacos', 'SRV', '0 1 9090 10-0-0-7.nacos.'],
    ['_c-bj._one.order-service.nacos', 'A', '10.0.0.7'],
    ['_c-default.order-service.nacos', 'A', '10.0.0.6'],
    ['_one.10-0-0-6.nacos', 'A', 'NXDOMAIN'],
    ['_one.nacos', 'A', 'NXDOMAIN'],
    ['_all._c-bj.order--2dservice.nacos', 'A', '10.0.0.7'],
  ] as const)('%s %s is %s', (name, type, data) => {
    expect(world.look(name, type)).toBe(data)
  })

  test('a cluster is found in every spelling of its label', () => {
    const own = new DnsWorld()
    const clusters = ['a_b', '_x', '-y-', 'Z--41', 'plain']
    own.put(
      ref('s'),
      clusters.map((cluster, i) => at(`10.0.0.${i}`, { cluster })),
    )
    expect(own.look('_c-a_b.s.nacos')).toBe('10.0.0.0')
    expect(own.look('_c-A--5fb.s.nacos')).toBe('10.0.0.0')
    expect(own.look('_c-x--5fx.s.nacos')).toBe('10.0.0.1')
    expect(own.look('_c-_x.s.nacos')).toBe('10.0.0.1')
    expect(own.look('_c--y-.s.nacos')).toBe('10.0.0.2')
    expect(own.look('_c-z--2d-41.s.nacos')).toBe('10.0.0.3')
    expect(own.look('_c-plai--6e.s.nacos')).toBe('10.0.0.4')
  })

  test('a cluster whose label would be too long costs the service nothing', () => {
    const own = new DnsWorld()
    own.put(ref('s'), [at('10.0.0.1', { cluster: 'c'.repeat(64) }), at('10.0.0.2')])
    expect(own.look('_c-default.s.nacos')).toBe('10.0.0.2')
    expect(own.look('_all.s.nacos').split(' ')).toHaveLength(2)
  })

  test('without a declared protocol every instance is meant, unless that is forbidden', () => {
    const instances = [at('10.0.0.1'), at('10.0.0.2', { port: 9090 })]
    const lenient = new DnsWorld()
    lenient.put(ref('s'), instances)
    expect(lenient.ask('_http._tcp.s.nacos', 'SRV').answers).toHaveLength(2)
    expect(lenient.ask('_9090._tcp.s.nacos', 'SRV').answers).toHaveLength(1)
    const strict = new DnsWorld({ responder: { strictSrv: true } })
    strict.put(ref('s'), instances)
    expect(strict.look('_http._tcp.s.nacos', 'SRV')).toBe('-')
  })

  test('an instance that declares a protocol still does when it is not healthy', () => {
    const own = new DnsWorld()
    own.put(ref('s'), [
      at('10.0.0.1', { healthy: false, metadata: { protocol: 'grpc' } }),
      at('10.0.0.2'),
    ])
    expect(own.look('_grpc._tcp.s.nacos', 'SRV')).toBe('-')
  })

  test('dns.srv names the protocol, too, and case does not matter', () => {
    const own = new DnsWorld()
    own.put(ref('s'), [
      at('10.0.0.1', { metadata: { 'dns.srv': 'HTTP' } }),
      at('10.0.0.2', { metadata: { protocol: '', 'dns.srv': 'grpc' } }),
    ])
    expect(own.look('_http._tcp.s.nacos', 'SRV')).toBe('0 1 8080 10-0-0-1.nacos.')
    expect(own.look('_grpc._tcp.s.nacos', 'SRV')).toBe('0 1 8080 10-0-0-2.nacos.')
  })
})

describe('before the registry is caught up', () => {
  test.each(['a.nacos', 'nope.nacos', 'nacos', 'ns1.nacos', '_all.a.nacos', 'a.default.ns.nacos'])(
    '%s is SERVFAIL, and EDE 14 says why',
    (name) => {
      const world = new DnsWorld()
      world.put(ref('a'), [at('10.0.0.1')])
      world.table.setReady(false)
      const { rcode, opt, answers, isAuthoritative } = world.ask(name, 'A', { edns: 1232 })
      expect([rcode, answers, isAuthoritative]).toEqual([2, [], false])
      expect(opt?.options).toEqual(new Map([[15, '000e']]))
      world.table.setReady(true)
      expect(world.ask(name).rcode).not.toBe(2)
    },
  )
})
