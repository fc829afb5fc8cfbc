import { describe, expect, test } from 'vitest'
import { makeImage, type ZoneImage } from '../../../../src/core/dns/compile/zone-image.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from '../answer/world.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'
const SUB = `${HEAD}www A 192.0.2.9\n`

describe('a zone file that changes', () => {
  test('leaves no name of the old version behind', () => {
    const world = new DnsWorld()
    const fresh = { names: world.table.nameCount, bytes: world.table.usedBytes }
    world.loadZone('z.test.', `${HEAD}a.b.c A 192.0.2.2\nd A 192.0.2.3\n*.w TXT "w"\n`)
    expect(world.look('b.c.z.test')).toBe('-')
    world.loadZone('z.test.', `${HEAD}x.c A 192.0.2.4\nd AAAA 2001:db8::1\n`)
    expect(world.look('a.b.c.z.test')).toBe('NXDOMAIN')
    expect(world.look('b.c.z.test')).toBe('NXDOMAIN')
    expect(world.look('c.z.test')).toBe('-')
    expect(world.look('x.c.z.test')).toBe('192.0.2.4')
    expect(world.look('d.z.test')).toBe('-')
    expect(world.look('q.w.z.test', 'TXT')).toBe('NXDOMAIN')
    world.table.unloadStatic(parseName('z.test.'))
    expect(world.look('x.c.z.test')).toBe('REFUSED')
    world.table.settle(1)
    expect({ names: world.table.nameCount, bytes: world.table.usedBytes }).toEqual(fresh)
  })

  test('may come and go for ever', () => {
    const world = new DnsWorld()
    for (let i = 0; i < 1_100; i++) {
      world.loadZone('z.test.', HEAD)
      world.table.unloadStatic(parseName('z.test.'))
      world.table.settle(i)
    }
    world.loadZone('z.test.', HEAD)
    expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  })
})

function version(net: number, names: number): ZoneImage {
  const hosts = Array.from({ length: names }, (_, i) => `h${i} A 192.0.${net}.1\n`)
  const apex = parseName('z.test.')
  return makeImage(apex, readZone(HEAD + hosts.join(''), 'z', apex).records)
}

describe('a zone file that changes in slices', () => {
  test('is seen in one version by all names, at every step', () => {
    const world = new DnsWorld()
    const look = (name: string): string => world.look(`${name}.z.test`)
    for (const _ of world.table.installStatic(version(1, 1500))) expect(look('h0')).toBe('REFUSED')
    const seen = new Set<string>()
    for (const _ of world.table.installStatic(version(2, 2000))) {
      // Names of both versions, one that is new, and the one that stays as it is.
      seen.add(['h0', 'h1499', 'h1999', 'ns1'].map(look).join(' '))
      world.table.settle(1)
    }
    expect([...seen]).toEqual([
      '192.0.1.1 192.0.1.1 NXDOMAIN 192.0.2.1',
      '192.0.2.1 192.0.2.1 192.0.2.1 192.0.2.1',
    ])
    for (const _ of world.table.removeStatic(parseName('z.test.'))) continue
    world.table.settle(2)
    expect(world.table.nameCount).toBe(new DnsWorld().table.nameCount)
  })

  test('is left as it was when it is given up half-way', () => {
    const world = new DnsWorld({ bytes: 1 << 20 })
    for (const _ of world.table.installStatic(version(1, 100))) continue
    const before = world.table.nameCount
    expect(() => {
      for (const _ of world.table.installStatic(version(2, 20_000))) continue
    }).toThrow(/full/)
    expect([world.look('h99.z.test'), world.table.nameCount]).toEqual(['192.0.1.1', before])
  })
})

describe('a zone inside a zone', () => {
  const parent = `${HEAD}sub NS ns.sub\nns.sub A 192.0.2.53\nother A 192.0.2.7\n`

  test.each([
    ['the outer first', ['z.test.', 'sub.z.test.']],
    ['the inner first', ['sub.z.test.', 'z.test.']],
  ])('answers for itself: %s', (_, order) => {
    const world = new DnsWorld()
    for (const apex of order) world.loadZone(apex, apex === 'z.test.' ? parent : SUB)
    for (let i = 0; i < 3; i++) {
      expect(world.look('www.sub.z.test')).toBe('192.0.2.9')
      expect(world.look('ns.sub.z.test')).toBe('NXDOMAIN')
      expect(world.ask('nope.sub.z.test').authorities[0]?.owner).toBe('sub.z.test.')
      expect(world.look('other.z.test')).toBe('192.0.2.7')
      // Whichever is read again: the other one stays.
      world.loadZone(order[i % 2] ?? '', order[i % 2] === 'z.test.' ? parent : SUB)
      world.table.settle(i)
    }
  })

  test('gives its names back to the outer one when it goes', () => {
    const world = new DnsWorld()
    world.loadZone('z.test.', parent)
    world.loadZone('sub.z.test.', SUB)
    world.table.unloadStatic(parseName('sub.z.test.'))
    const { authorities, additionals, isAuthoritative } = world.ask('www.sub.z.test')
    expect(isAuthoritative).toBe(false)
    expect(authorities.map(({ data }) => data)).toEqual(['ns.sub.z.test.'])
    expect(additionals.map(({ data }) => data)).toEqual(['192.0.2.53'])
    world.table.unloadStatic(parseName('z.test.'))
    world.table.settle(1)
    expect(world.table.nameCount).toBe(new DnsWorld().table.nameCount)
  })

  test('stays when the outer one goes', () => {
    const world = new DnsWorld()
    world.loadZone('z.test.', parent)
    world.loadZone('sub.z.test.', SUB)
    world.table.unloadStatic(parseName('z.test.'))
    world.table.settle(1)
    expect(world.look('www.sub.z.test')).toBe('192.0.2.9')
    expect(world.look('other.z.test')).toBe('REFUSED')
  })
})

describe('a zone file and the registry', () => {
  test.each([
    ['is the zone of', 'nacos.'],
    ['stands in', 'pay.nacos.'],
    ['stands in the reverse zone of', '0.10.in-addr.arpa.'],
  ])('a file that %s the registry is refused', (_, apex) => {
    const reverseZones = [parseName('10.in-addr.arpa.')]
    const world = new DnsWorld({ table: { reverseZones } })
    expect(() => world.loadZone(apex, HEAD)).toThrow(/registry/)
  })

  test('a file around the zone of the registry gives way to it', () => {
    const world = new DnsWorld({ table: { zones: [parseName('nacos.internal.')] } })
    world.put(ref('a'), [at('10.0.0.1')])
    const text = `${HEAD}nacos NS elsewhere.example.\na.nacos A 192.0.2.66\nb A 192.0.2.2\n`
    world.loadZone('internal.', text)
    world.loadZone('internal.', text)
    expect(world.look('a.nacos.internal')).toBe('10.0.0.1')
    expect(world.look('b.internal')).toBe('192.0.2.2')
    world.table.unloadStatic(parseName('internal.'))
    expect(world.look('a.nacos.internal')).toBe('10.0.0.1')
  })
})
