import { describe, expect, test } from 'vitest'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld, type InstanceParts } from './world.ts'

/** Who asks; an IPv4 address as a number, or the octets of an IPv6 one. */
type Asker = number | readonly number[]

const FAR = 0xcb00_7105
const NEAR = 0x0a01_0909
const LOOPBACK = 0x7f00_0001
const V6_LOOPBACK = [...Array<number>(15).fill(0), 1]
const V6_FAR = [0x26, ...Array<number>(15).fill(0)]

function ask(
  ips: readonly string[],
  asker: Asker,
  how: {
    readonly weights?: readonly number[]
    readonly answers?: string
    readonly localNets?: readonly number[]
    readonly name?: string
    readonly type?: 'A' | 'AAAA'
  } = {},
): number {
  const world = new DnsWorld({ responder: { localNets: how.localNets ?? [] } })
  const metadata = new Map(how.answers === undefined ? [] : [['dns.answers', how.answers]])
  const instances = ips.map((ip, i) => at(ip, { weight: how.weights?.[i] ?? 1 }))
  world.put(ref('a'), instances, { metadata })
  if (typeof asker === 'number') world.responder.client.setV4(asker)
  else world.responder.client.setV6(Uint8Array.from(asker))
  return world.ask(how.name ?? 'a.nacos', how.type ?? 'A').answers.length
}

const spread = (n: number): string[] => Array.from({ length: n }, (_, i) => `10.${i}.0.1`)
const together = (n: number): string[] => Array.from({ length: n }, (_, i) => `10.1.0.${i + 1}`)
const v6 = (n: number): string[] => Array.from({ length: n }, (_, i) => `2001:db8::${i + 1}`)

describe('how many records an answer has', () => {
  test.each<[string, number, () => number]>([
    ['one of one', 1, () => ask(spread(1), FAR)],
    ['all of seven', 7, () => ask(spread(7), FAR)],
    ['eight of eight', 8, () => ask(spread(8), FAR)],
    ['eight of twenty', 8, () => ask(spread(20), FAR)],
    ['one when weights differ', 1, () => ask(spread(3), FAR, { weights: [1, 1, 2] })],
    ['all when they are equal, and not 1', 3, () => ask(spread(3), FAR, { weights: [7, 7, 7] })],
    ['one when two share the /16 of the client', 1, () => ask(together(2), NEAR)],
    ['two when one does', 2, () => ask(['10.1.0.1', '10.2.0.1'], NEAR)],
    ['three in one /16, far from the client', 3, () => ask(together(3), FAR)],
    ['three for the loopback of a machine elsewhere', 3, () => ask(together(3), LOOPBACK)],
    [
      'one for the loopback of a machine in their /16',
      1,
      () => ask(together(3), LOOPBACK, { localNets: [0xc0a8, 0x0a01] }),
    ],
    [
      'one for ::1 of a machine in their /16',
      1,
      () => ask(together(3), V6_LOOPBACK, { localNets: [0x0a01] }),
    ],
    ['three for ::1 of a machine elsewhere', 3, () => ask(together(3), V6_LOOPBACK)],
    ['all for an IPv6 client whose IPv4 address nobody knows', 3, () => ask(together(3), V6_FAR)],
  ])('%s', (_, count, run) => {
    expect(run()).toBe(count)
  })

  test.each<[string, number, () => number]>([
    ['equal prefixes', 3, () => ask(v6(3), V6_FAR, { type: 'AAAA' })],
    ['unequal prefixes', 1, () => ask([...v6(2), '2600::1'], V6_FAR, { type: 'AAAA' })],
    [
      'a client of IPv4, whose IPv6 address nobody knows',
      1,
      () => ask(v6(3), FAR, { type: 'AAAA' }),
    ],
    [
      '::1, which is not where the client sends from',
      1,
      () => ask(v6(3), V6_LOOPBACK, { type: 'AAAA' }),
    ],
    ['unequal weights', 1, () => ask(v6(3), V6_FAR, { type: 'AAAA', weights: [1, 2, 3] })],
    ['a single one', 1, () => ask(v6(1), FAR, { type: 'AAAA' })],
  ])('IPv6: %s', (_, count, run) => {
    expect(run()).toBe(count)
  })

  test.each([
    ['1', 1],
    ['3', 3],
    ['64', 12],
    ['all', 12],
    ['auto', 8],
    ['0', 8],
    ['65', 8],
    ['-1', 8],
    ['many', 8],
  ])('dns.answers=%s of twelve gives %i', (answers, count) => {
    expect(ask(spread(12), FAR, { answers })).toBe(count)
  })

  test.each([
    ['_one.a.nacos', 1],
    ['_all.a.nacos', 12],
  ])('%s goes before dns.answers', (name, count) => {
    expect(ask(spread(12), NEAR, { name, answers: '5' })).toBe(count)
  })

  test('dns.answers beats the guard for equal subnets, and unequal weights', () => {
    expect(ask(together(12), NEAR, { answers: '5' })).toBe(5)
    expect(ask(spread(3), FAR, { answers: 'all', weights: [1, 2, 3] })).toBe(3)
  })
})

const look = (
  rows: readonly (readonly [string, InstanceParts])[],
  settings: { readonly protectThreshold?: number } = {},
  failOpen = true,
): { readonly data: string; readonly ede: string | undefined } => {
  const world = new DnsWorld({ table: { failOpen } })
  world.put(
    ref('a'),
    rows.map(([ip, parts]) => at(ip, parts)),
    settings,
  )
  const { answers, opt, rcode } = world.ask('_all.a.nacos', 'A', { edns: 1232 })
  expect(rcode).toBe(0)
  const data = answers.map(({ data }) => data.split('.')[3] ?? '').toSorted(byText)
  return { data: data.join(' '), ede: opt?.options.get(15) }
}
const byText = (a: string, b: string): number => a.localeCompare(b)
const SYNTHESIZED = '001d'
const one = (n: number, healthy = true): readonly [string, InstanceParts] => [
  `10.${n}.0.${n}`,
  { healthy },
]

describe('who is answered', () => {
  test('the healthy ones, when there are any', () => {
    expect(look([one(1), one(2, false), one(3)])).toEqual({ data: '1 3', ede: undefined })
  })

  test('all, when none is healthy', () => {
    const rows = [one(1, false), one(2, false)]
    expect(look(rows)).toEqual({ data: '1 2', ede: SYNTHESIZED })
  })

  test('none, when none is healthy and that is wanted', () => {
    const rows = [one(1, false), one(2, false)]
    expect(look(rows, {}, false)).toEqual({ data: '', ede: undefined })
  })

  test.each([
    [0.5, [one(1), one(2, false)], '1 2', SYNTHESIZED],
    [0.49, [one(1), one(2, false)], '1', undefined],
    [0.67, [one(1), one(2), one(3, false)], '1 2 3', SYNTHESIZED],
    [0.66, [one(1), one(2), one(3, false)], '1 2', undefined],
    // Nobody is protected when all are healthy.
    [1, [one(1), one(2)], '1 2', undefined],
    [0.5, [one(1, false)], '1', SYNTHESIZED],
  ])('at the protect threshold %d', (protectThreshold, rows, data, ede) => {
    expect(look(rows, { protectThreshold })).toEqual({ data, ede })
    // A threshold that is set protects whatever dns.fail_open says.
    expect(look(rows, { protectThreshold }, false)).toEqual({ data, ede })
  })

  test('never one that is disabled or weighs nothing, and they do not count', () => {
    const rows = [
      one(1),
      ['10.2.0.2', { enabled: false }],
      ['10.3.0.3', { weight: 0 }],
      one(4, false),
    ] as const
    expect(look(rows, { protectThreshold: 0.4 })).toEqual({ data: '1', ede: undefined })
    expect(look(rows, { protectThreshold: 0.5 })).toEqual({ data: '1 4', ede: SYNTHESIZED })
    const disabled = [['10.2.0.2', { enabled: false, healthy: false }]] as const
    expect(look(disabled)).toEqual({ data: '', ede: undefined })
  })

  test('the rule is kept for each cluster by itself', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [
      at('10.1.0.1', { cluster: 'x', healthy: false }),
      at('10.2.0.1', { cluster: 'y' }),
    ])
    expect(world.look('_all.a.nacos')).toBe('10.2.0.1')
    expect(world.look('_all._c-x.a.nacos')).toBe('10.1.0.1')
  })

  test('several ports of one address are one record, with the sum of their weights', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [
      at('10.1.0.1', { port: 1, weight: 1 }),
      at('10.1.0.1', { port: 2, weight: 1 }),
      at('10.2.0.1', { port: 1, weight: 2 }),
    ])
    expect(world.ask('a.nacos').answers).toHaveLength(2)
    expect(world.ask('a.nacos', 'SRV').answers).toHaveLength(3)
  })

  test('a host name is no address, but a target', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [at('db.example.com'), at('not..a.name'), at('10.1.0.1')])
    expect(world.look('_all.a.nacos')).toBe('10.1.0.1')
    const { answers, additionals } = world.ask('a.nacos', 'SRV')
    expect(answers.map(({ data }) => data).toSorted()).toEqual([
      '0 1 8080 10-1-0-1.nacos.',
      '0 1 8080 db.example.com.',
    ])
    expect(additionals.map(({ data }) => data)).toEqual(['10.1.0.1'])
    expect(world.table.unpublished).toBe(1)
  })

  test('a service without instances has names, but no addresses', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [])
    for (const type of ['A', 'AAAA', 'SRV', 'HTTPS'] as const) {
      const { rcode, answers, authorities } = world.ask('a.nacos', type)
      expect([rcode, answers.length, authorities.map((one) => one.type)]).toEqual([0, 0, [6]])
    }
    expect(world.look('a.nacos', 'TXT')).toContain('healthy=0/0')
  })
})

describe('SRV weights', () => {
  test.each([
    [[1], [1]],
    [[100], [100]],
    [
      [0.5, 1],
      [5, 10],
    ],
    [
      [0.25, 1],
      [25, 100],
    ],
    [
      [0.125, 1, 2],
      [125, 1000, 2000],
    ],
    [
      [1, 10_000],
      [1, 10_000],
    ],
    [
      [0.5, 10_000],
      [1, 10_000],
    ],
    [
      [0.5, 6_553],
      [5, 65_530],
    ],
    [
      [0.01, 655],
      [1, 65_500],
    ],
    [
      [0.333_33, 1],
      [333, 1000],
    ],
    [
      [0.01, 10_000],
      [1, 10_000],
    ],
  ])('%j become %j', (weights, expected) => {
    const world = new DnsWorld()
    world.put(
      ref('a'),
      weights.map((weight, i) => at(`10.${i}.0.1`, { weight, port: i })),
    )
    const told = world
      .ask('a.nacos', 'SRV')
      .answers.map(({ data }) => data.split(' ').map(Number))
      .toSorted((a, b) => (a[2] ?? 0) - (b[2] ?? 0))
    expect(told.map((row) => row[1])).toEqual(expected)
    expect(told.every((row) => row[0] === 0)).toBe(true)
  })

  test('those that weigh nothing are left out: SRV weight 0 still gets traffic', () => {
    const world = new DnsWorld()
    world.put(ref('a'), [at('10.1.0.1', { weight: 0 }), at('10.2.0.1')])
    expect(world.look('a.nacos', 'SRV')).toBe('0 1 8080 10-2-0-1.nacos.')
  })
})

describe('TTLs', () => {
  test.each([
    [undefined, 1],
    ['0', 0],
    ['30', 30],
    ['3600', 3600],
    ['3601', 1],
    ['-1', 1],
    ['1.5', 1],
    ['x', 1],
  ])('dns.ttl=%s gives %i', (text, ttl) => {
    const world = new DnsWorld()
    const metadata = new Map(text === undefined ? [] : [['dns.ttl', text]])
    world.put(ref('a'), [at('10.1.0.1'), at('2001:db8::1')], { metadata })
    for (const type of ['A', 'AAAA', 'SRV', 'TXT'] as const) {
      const { answers, additionals } = world.ask('a.nacos', type)
      expect([...answers, ...additionals].every((one) => one.ttl === ttl)).toBe(true)
    }
    expect(world.ask('10-1-0-1.nacos').answers[0]?.ttl).toBe(30)
    expect(world.ask('nacos', 'SOA').answers[0]?.ttl).toBe(30)
    expect(world.ask('nope.nacos').authorities[0]?.ttl).toBe(5)
  })

  test('only metadata that says so is told', () => {
    const world = new DnsWorld()
    const metadata = new Map([
      ['dns.txt.owner', 'team-a'],
      ['secret', 'x'],
      ['dns.answers', 'all'],
      ...Array.from({ length: 40 }, (_, i) => [`dns.txt.k${i}`, 'v'.repeat(400)] as const),
    ])
    world.put(ref('a'), [at('10.1.0.1', { metadata: { 'dns.txt.b': 'c' } })], { metadata })
    world.responder.client.isTcp = true
    const texts = world.look('a.nacos', 'TXT').split('|')
    expect(texts).toHaveLength(16)
    expect(texts).toContain('owner=team-a')
    expect(texts.every((text) => text.length <= 255)).toBe(true)
    expect(texts.join()).not.toContain('secret')
  })
})

test('the serial is the revision of the registry, modulo 2^32', () => {
  const world = new DnsWorld()
  world.put(ref('a'), [at('10.1.0.1')])
  const serialOf = (name: string): string | undefined => {
    const { answers, authorities } = world.ask(name, 'SOA')
    return [...answers, ...authorities][0]?.data.split(' ')[2]
  }
  expect(serialOf('nacos')).toBe(String(world.snapshot.revision))
  world.table.settle(2 ** 32 + 7)
  expect(serialOf('nacos')).toBe('7')
  world.table.settle(2 ** 32 - 1)
  expect(serialOf('nope.nacos')).toBe('4294967295')
})
