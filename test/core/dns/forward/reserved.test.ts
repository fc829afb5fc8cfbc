import { expect, test } from 'vitest'
import { ForwardWorld, RESERVED } from './forward-world.ts'

const LOOPBACK6 = `1.${'0.'.repeat(31)}ip6.arpa.`
const LONG_TAIL = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'

// dns.md §1.7.
test.each<[string, 'A' | 'AAAA' | 'PTR' | 'TXT' | 'SVCB', string]>([
  ['localhost.', 'A', '127.0.0.1'],
  ['LocalHost.', 'A', '127.0.0.1'],
  ['a.b.localhost.', 'A', '127.0.0.1'],
  ['localhost.', 'AAAA', '0:0:0:0:0:0:0:1'],
  ['localhost.', 'TXT', ''],
  ['1.0.0.127.in-addr.arpa.', 'PTR', 'localhost.'],
  ['9.8.7.127.in-addr.arpa.', 'PTR', 'localhost.'],
  ['7.127.in-addr.arpa.', 'PTR', ''],
  ['1.0.0.127.in-addr.arpa.', 'A', ''],
  [LOOPBACK6, 'PTR', 'localhost.'],
  ['invalid.', 'A', '3'],
  ['a.invalid.', 'A', '3'],
  ['a.test.', 'A', '3'],
  ['printer.local.', 'A', '3'],
  ['x.onion.', 'A', '3'],
  ['x.alt.', 'A', '3'],
  ['x.home.arpa.', 'A', '3'],
  ['1.0.in-addr.arpa.', 'PTR', '3'],
  ['255.255.255.255.in-addr.arpa.', 'PTR', '3'],
  ['resolver.arpa.', 'A', ''],
  ['_dns.resolver.arpa.', 'SVCB', ''],
])('%s %s is answered here: %s', (name, type, expected) => {
  const world = new ForwardWorld()
  expect(world.look(name, type)).toBe(expected)
  expect(world.asked).toEqual([])
})

test.each([
  ['notlocalhost.', false],
  ['localhost.example.', false],
  ['com.', false],
  ['1.0.0.10.in-addr.arpa.', false],
  [`${LONG_TAIL}.c.f.ip6.arpa.`, false],
])('%s is asked for', (name) => {
  const world = new ForwardWorld()
  world.says = () => ({ answers: [] })
  world.look(name, 'PTR')
  expect(world.asked).toHaveLength(1)
})

test('private reverse names and single labels only when an operator says so', () => {
  const reserved = { ...RESERVED, blocksPrivateReverse: true, blocksSingleLabels: true }
  const world = new ForwardWorld({ reserved })
  const names = ['1.0.0.10.in-addr.arpa.', '1.1.20.172.in-addr.arpa.', '1.1.168.192.in-addr.arpa.']
  for (const name of [...names, `${LONG_TAIL}.d.f.ip6.arpa.`]) {
    expect(world.look(name, 'PTR')).toBe('3')
  }
  expect(world.look('printer.')).toBe('3')
  expect(world.asked).toEqual([])
  world.says = () => ({ answers: [] })
  world.look('com.', 'NS')
  world.look('1.1.32.172.in-addr.arpa.', 'PTR')
  expect(world.asked).toHaveLength(2)
})

test('a denial has an SOA, so that who asks can remember it', () => {
  const [soa] = new ForwardWorld().ask('a.b.onion.').authorities
  expect(soa).toMatchObject({ owner: 'onion.', type: 6, ttl: 3_600 })
  expect(soa?.data).toBe('onion. nobody.invalid. 1 3600 1200 604800 3600')
})

test('a rule, and a zone of ours, beat the table', () => {
  const world = new ForwardWorld({ zones: { 'home.arpa.': '192.0.2.9' } })
  world.says = (name) => ({ answers: [`${name} 9 A 192.0.2.77`] })
  expect(world.look('nas.home.arpa.')).toBe('192.0.2.77')
  world.dns.loadZone('local.', '$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS a\nnas A 192.0.2.78\n')
  expect(world.look('nas.local.')).toBe('192.0.2.78')
})
