import { describe, expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { PacketSource } from '../../../fuzz/dns-packets.ts'
import { fuzzWorld } from '../../../fuzz/dns-fuzz.ts'
import { ref } from '../../registry/build.ts'
import { Twin } from './twin.ts'
import { at, DnsWorld, query, RESPONDER, type QueryParts } from './world.ts'

const SETTINGS = { ...RESPONDER, spellings: makeSpellings(new Map(), new Map()) }

const ZONE = `$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 30
@ NS ns1
@ MX 1 www
ns1 A 192.0.2.1
www A 192.0.2.2
www A 192.0.2.3
www TXT "some text" "and more"
alias CNAME www
*.wild A 192.0.2.4
sub NS a.sub
a.sub A 192.0.2.5
dname DNAME www
a.ent A 192.0.2.6
`

/** Signed as far as an answer looks: who believes the signatures is not the question. */
const SIGNATURE = '8 2 300 20300101000000 20200101000000 1 s.test. AAAA'
const SIGNED = `$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 30
@ NS ns1
@ DNSKEY 256 3 8 AwEAAQ==
@ NSEC ns1 A NS SOA RRSIG NSEC DNSKEY
ns1 A 192.0.2.1
ns1 NSEC www A RRSIG NSEC
www A 192.0.2.2
www RRSIG A ${SIGNATURE}
www NSEC @ A RRSIG NSEC
`

/** No chain: nothing can be proven, but what there is has its signature. */
const UNPROVEN = `$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 30
@ NS ns1
@ RRSIG SOA ${SIGNATURE}
ns1 A 192.0.2.1
`

function makeWorld(): DnsWorld {
  const world = new DnsWorld({ table: { reverseZones: [parseName('10.in-addr.arpa.')] } })
  world.loadZone('z.test.', ZONE)
  world.loadZone('s.test.', SIGNED)
  world.loadZone('u.test.', UNPROVEN)
  world.put(ref('order'), [at('10.0.0.1'), at('10.1.0.2'), at('10.2.0.3'), at('10.3.0.4')])
  world.put(ref('uneven'), [at('10.0.0.1'), at('10.1.0.2', { weight: 5 })])
  world.put(ref('six'), [at('2001:db8::1'), at('2001:db8::2')])
  world.put(ref('mixed'), [at('10.0.0.1'), at('2001:db8::1'), at('db.example')])
  world.put(ref('sick'), [at('10.0.0.1', { healthy: false })])
  world.put(ref('empty'), [])
  world.put(
    ref('big'),
    Array.from({ length: 90 }, (_, i) => at(`10.${i % 7}.1.${i}`, { port: 1 + (i % 3) })),
  )
  return world
}

const FAST: [string, Parameters<typeof query>[1], QueryParts?][] = [
  ['order.nacos', 'A'],
  ['OrdeR.DEFAULT_group.Public.NACOS', 'A'],
  ['order.nacos', 'A', { edns: 1232 }],
  ['order.nacos', 'A', { edns: 512, ednsFlags: 0x8000 }],
  ['order.nacos', 'A', { flags: 0 }],
  ['order.nacos', 'SRV'],
  ['order.nacos', 'SRV', { edns: 4096 }],
  ['uneven.nacos', 'A'],
  ['uneven.nacos', 'SRV'],
  ['six.nacos', 'AAAA'],
  ['six.nacos', 'SRV'],
  ['mixed.nacos', 'A'],
  ['mixed.nacos', 'AAAA'],
  ['mixed.nacos', 'SRV'],
  ['sick.nacos', 'A', { edns: 1232 }],
  ['sick.nacos', 'SRV'],
  ['big.nacos', 'A'],
  ['big.nacos', 'SRV'],
  ['big.nacos', 'SRV', { edns: 1232 }],
  ['order.nacos', 'AAAA'],
  ['order.nacos', 'TXT'],
  ['order.nacos', 'HTTPS', { edns: 1232 }],
  ['order.nacos', 64],
  ['order.nacos', 'NAPTR'],
  ['order.nacos', 65_535],
  ['empty.nacos', 'A'],
  ['empty.nacos', 'SRV'],
  ['nope.nacos', 'A'],
  ['nope.nacos', 'AAAA', { edns: 1232, ednsFlags: 0x8000 }],
  ['no.such.order.nacos', 'A'],
  ['public.nacos', 'A'],
  ['10-0-0-1.nacos', 'A'],
  ['10-0-0-1.nacos', 'AAAA'],
  ['ns1.nacos', 'A'],
  ['1.0.0.10.in-addr.arpa', 'PTR'],
  ['www.z.test', 'A', { edns: 1232, ednsFlags: 0x8000 }],
  ['www.z.test', 'AAAA'],
  ['www.z.test', 'TXT'],
  ['alias.z.test', 'CNAME'],
  ['nope.z.test', 'A'],
  ['ent.z.test', 'A'],
  ['nope.z.test', 'A', { edns: 1232, ednsFlags: 0x8000 }],
  ['www.s.test', 'A', { edns: 1232 }],
  ['nope.s.test', 'A', { edns: 1232 }],
]

const WHOLE: [string, Parameters<typeof query>[1], QueryParts?][] = [
  ['order.nacos', 'ANY'],
  ['order.nacos', 'A', { class: 3 }],
  ['order.nacos', 'A', { flags: 0x8100 }],
  ['order.nacos', 'A', { flags: 0x2100 }],
  ['order.nacos', 'A', { edns: 1232, version: 1 }],
  ['order.nacos', 'A', { edns: 1232, options: [0, 3, 0, 0] }],
  ['order.nacos', 'A', { counts: [1, 0, 0, 1] }],
  ['order.nacos', 'A', { counts: [2, 0, 0, 0] }],
  ['order.nacos', 'A', { tail: [0] }],
  ['_all.order.nacos', 'A'],
  ['_x.nope.nacos', 'A'],
  ['order.default.nacos', 'A'],
  ['a--2eb.nacos', 'A'],
  ['other.test', 'A'],
  ['nacos', 'SOA'],
  ['nacos', 'NS'],
  ['nacos', 'DS'],
  ['alias.z.test', 'A'],
  ['x.wild.z.test', 'A'],
  ['sub.z.test', 'A'],
  ['a.sub.z.test', 'A'],
  ['x.dname.z.test', 'A'],
  ['z.test', 'MX'],
  ['www.z.test', 'RRSIG'],
  ['www.s.test', 'A', { edns: 1232, ednsFlags: 0x8000 }],
  ['www.s.test', 'AAAA', { edns: 1232, ednsFlags: 0x8000 }],
  ['nope.s.test', 'A', { edns: 1232, ednsFlags: 0x8000 }],
  ['nope.u.test', 'A', { edns: 1232, ednsFlags: 0x8000 }],
]

describe('the short path', () => {
  const { memory } = makeWorld()

  test.each(FAST)('answers %s %s as the complete path does', (name, type, how) => {
    const twin = new Twin(memory, SETTINGS)
    for (const client of [0x0a00_0009, 0x7f00_0001, 0xc633_6401]) {
      twin.client.setV4(client)
      for (let i = 0; i < 20; i++) expect(twin.ask(query(name, type, how))).toBeGreaterThan(0)
    }
    twin.client.setV6(Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array<number>(12).fill(9)))
    expect(twin.ask(query(name, type, how))).toBeGreaterThan(0)
  })

  test.each(WHOLE)('leaves %s %s to the complete path', (name, type, how) => {
    expect(new Twin(memory, SETTINGS).ask(query(name, type, how))).toBe(0)
  })

  test('leaves to it what is not known yet', () => {
    const world = makeWorld()
    world.table.setReady(false)
    const twin = new Twin(world.memory, SETTINGS)
    for (const name of ['order.nacos', 'nope.nacos']) expect(twin.ask(query(name, 'A'))).toBe(0)
    world.table.setReady(true)
    for (const name of ['order.nacos', 'nope.nacos']) {
      expect(twin.ask(query(name, 'A'))).toBeGreaterThan(0)
    }
  })

  test('tells who may recurse', () => {
    const twin = new Twin(memory, SETTINGS, true)
    expect(twin.ask(query('order.nacos', 'A'))).toBeGreaterThan(0)
  })
})

/** What clients ask, more or less. */
function* usual(rng: SeededRng, names: readonly string[]): Iterable<Uint8Array> {
  const one = <T>(all: readonly T[]): T | undefined => all[rng.u32() % all.length]
  for (;;) {
    const name = one(names) ?? ''
    const isMixed = rng.u32() % 4 === 0
    const spelled = isMixed ? name.replaceAll(/[aeiou]/g, (c) => c.toUpperCase()) : name
    const edns = one([undefined, 512, 900, 1232, 4096])
    const ednsFlags = one([0, 0, 0x8000]) ?? 0
    const flags = one([0x0100, 0, 0x0120, 0x7ff]) ?? 0
    const how = { id: rng.u32() & 0xffff, flags, ednsFlags }
    yield query(spelled, one(TYPES) ?? 'A', edns === undefined ? how : { ...how, edns })
  }
}

const TYPES = [
  'A',
  'AAAA',
  'SRV',
  'TXT',
  'HTTPS',
  'SOA',
  'NS',
  'CNAME',
  'PTR',
  'DS',
  'ANY',
] as const

/** Services of all kinds, and settings of all kinds. */
function randomWorld(seed: number): { world: DnsWorld; names: string[]; settings: Settings } {
  const rng = new SeededRng(seed)
  const below = (n: number): number => rng.u32() % n
  const one = <T>(all: readonly [T, ...T[]]): T => all[below(all.length)] ?? all[0]
  const world = new DnsWorld({
    seed,
    table: {
      answers: one([0, 0, 1, 4, -1]),
      ttl: [0, 1, 70_000, 300][seed & 3] ?? 0,
      failOpen: seed % 2 > 0,
    },
  })
  const host = (): string =>
    one([`10.${below(3)}.${below(4)}.${below(250)}`, `2001:db8::${below(99)}`, `h${below(9)}.test`])
  const names: string[] = []
  for (let n = 0; n < 40; n++) {
    const name = `${'n'.repeat(1 + below(40))}${n}`
    const group = one(['', 'Shop', 'b.c'])
    const list = Array.from({ length: one([0, 1, 2, 4, 9, 33, 70]) }, () =>
      at(seed % 3 === 0 ? `10.0.${below(9)}.${below(250)}` : host(), {
        port: 1 + below(5),
        weight: one([1, 1, 1, 0.1, 3]),
        healthy: below(5) > 0,
        enabled: below(9) > 0,
        cluster: one(['DEFAULT', 'bj', 'sh']),
      }),
    )
    const metadata = new Map([
      ['dns.answers', one(['auto', 'all', '3', 'x'])],
      ['dns.locality', one(['off', 'off', 'prefer', 'only'])],
      ['dns.ttl', one(['', '7', '3600'])],
    ])
    world.put(ref(name, group), list, { metadata, protectThreshold: one([0, 0.5, 1]) })
    names.push(`${name}.nacos`, `${name}.${group || 'DEFAULT_GROUP'}.public.nacos`)
  }
  const localities = [{ octets: Uint8Array.of(10, 0, 0, 0), bits: 9, cluster: 'bj' }]
  const settings = {
    ...SETTINGS,
    udpSize: one([512, 1232, 4096]),
    localNets: [0x0a00, 0x0a01],
    ...(seed % 2 > 0 ? { localities } : {}),
  }
  return { world, names: [...names, 'nope.nacos', 'x.y.nacos', 'public.nacos'], settings }
}

type Settings = typeof SETTINGS

/** Asks ten thousand usual questions and as many bent ones; how many the short path answered. */
function askMany(twin: Twin, seed: number, names: readonly string[]): number {
  const rng = new SeededRng(seed)
  const bent = new PacketSource(rng, names)
  let answers = 0
  let asked = 0
  for (const packet of usual(rng, names)) {
    if (++asked > 10_000) break
    if (asked % 3 === 0) twin.client.setV4(0x0a00_0000 + asked)
    else if (asked % 3 === 1) twin.client.setV4(0x7f00_0001)
    else twin.client.setV6(Uint8Array.of(32, 1, 13, 184, ...Array<number>(12).fill(asked & 255)))
    if (twin.ask(packet) > 0) answers++
    twin.ask(bent.next())
  }
  return answers
}

describe('whatever comes', () => {
  test.each([1, 2])('both paths agree, or the short one does nothing: seed %i', (seed) => {
    const services = 'order uneven six mixed sick empty big nope'.split(' ')
    const small = { world: makeWorld(), names: services.map((one) => `${one}.nacos`) }
    const { world, names } = seed === 1 ? fuzzWorld() : small
    expect(askMany(new Twin(world.memory, SETTINGS), seed, names)).toBeGreaterThan(2_000)
  })

  test.each([1, 2])('over a connection, too: seed %i', (seed) => {
    const { world, names, settings } = randomWorld(seed)
    const twin = new Twin(world.memory, settings, undefined, true)
    expect(askMany(twin, seed, names)).toBeGreaterThan(2_000)
  })

  // All targets can be pointed at; some cannot; there is room for none.
  test.each([400, 470, 600, 1_200, 2_300])('a set of %i over a connection', (size) => {
    const world = new DnsWorld({ bytes: 1 << 24 })
    world.put(
      ref('big'),
      Array.from({ length: size }, (_, i) => at(`10.1.${i >> 8}.${i & 255}`)),
    )
    const twin = new Twin(world.memory, SETTINGS, undefined, true)
    expect(twin.ask(query('big.nacos', 'SRV'))).toBeGreaterThan(size * 28)
    expect(twin.ask(query('big.nacos', 'SRV', { edns: 1_232 }))).toBeGreaterThan(size * 28)
  })

  test.each([1, 2, 3, 4, 5, 6])('in any registry, whatever the settings: seed %i', (seed) => {
    const { world, names, settings } = randomWorld(seed)
    expect(askMany(new Twin(world.memory, settings), seed, names)).toBeGreaterThan(2_000)
  })
})
