import { expect, test } from 'vitest'
import { Client } from '../../../../src/core/dns/answer/client.ts'
import { isNetwork, Networks } from '../../../../src/core/dns/abuse/networks.ts'
import { parseIPv4, parseIPv6 } from '../../../../src/kernel/ip.ts'

function clientAt(address: string): Client {
  const client = new Client()
  const v6 = parseIPv6(address)
  if (v6 === undefined) client.setV4(parseIPv4(address) ?? 0)
  else client.setV6(v6)
  return client
}

test.each([
  ['10.0.0.0/8', '10.255.1.2', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['192.168.0.0/16', '192.168.9.9', true],
  ['255.255.255.255', '255.255.255.255', true],
  ['0.0.0.0/0', '203.0.113.1', true],
  ['0.0.0.0/0', '::1', false],
  ['128.0.0.0/1', '200.0.0.1', true],
  ['::/0', '2001:db8::1', true],
  ['fc00::/7', 'fdff::1', true],
  ['fc00::/7', 'fe00::1', false],
  ['::1', '::1', true],
  ['::1', '::2', false],
  ['2001:db8::/33', '2001:db8:7fff::', true],
  ['2001:db8::/33', '2001:db8:8000::', false],
])('%s holds %s: %s', (range, address, isIn) => {
  expect(new Networks([range]).has(clientAt(address))).toBe(isIn)
  expect(new Networks(['192.0.2.0/24', range]).has(clientAt(address))).toBe(isIn)
})

test('no range holds nobody', () => {
  expect(new Networks([]).has(clientAt('127.0.0.1'))).toBe(false)
})

test.each(['10.0.0.0/8', '::1', '::/0', '192.0.2.1/32'])('%s is a network', (text) => {
  expect(isNetwork(text)).toBe(true)
})

test.each(['', '10.0.0.0/33', '::/129', '10.0.0.0/', '10/8', 'x', '::1/64/3', '1.2.3.4/-1'])(
  '"%s" is none',
  (text) => expect(isNetwork(text)).toBe(false),
)
