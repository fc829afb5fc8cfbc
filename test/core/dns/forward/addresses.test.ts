import { expect, test } from 'vitest'
import { Client } from '../../../../src/core/dns/answer/client.ts'
import { AddressSet, isCidr } from '../../../../src/core/dns/forward/address-set.ts'
import {
  formatUpstream,
  parseResolvConf,
  parseUpstream,
} from '../../../../src/core/dns/forward/upstream-address.ts'
import { parseIPv4, parseIPv6 } from '../../../../src/kernel/ip.ts'

function client(address: string): Client {
  const made = new Client()
  const v4 = parseIPv4(address)
  if (v4 !== undefined) made.setV4(v4)
  else made.setV6(parseIPv6(address) ?? new Uint8Array(16))
  return made
}

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  // Bits of the host do not matter: networks are told as interfaces have them.
  ['10.1.2.3/8', '10.9.9.9', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['200.0.0.0/5', '207.1.1.1', true],
  ['200.0.0.0/5', '208.1.1.1', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['fe80::/10', 'febf::1', true],
  ['fe80::/10', 'fec0::1', false],
  ['::1/128', '::1', true],
  ['::/0', '2001:db8::1', true],
  ['::/0', '10.0.0.1', false],
  ['2001:db8::/61', '2001:db8:0:7::1', true],
  ['2001:db8::/61', '2001:db8:0:8::1', false],
])('%s has %s: %s', (net, address, expected) => {
  expect(new AddressSet([net]).has(client(address))).toBe(expected)
  expect(new AddressSet(['192.0.2.99', '::99', net]).has(client(address))).toBe(expected)
})

test('nobody is in no network, nor is who has no address', () => {
  expect(new AddressSet([]).has(client('127.0.0.1'))).toBe(false)
  expect(new AddressSet(['0.0.0.0/0', '::/0']).has(new Client())).toBe(false)
})

test.each(['10.0.0.0/33', '10.0.0/8', '::/129', 'a', '', '10.0.0.0/', '10.0.0.0/-1', '/8'])(
  '%j is no network',
  (text) => expect(isCidr(text)).toBe(false),
)

test.each([
  ['1.1.1.1', '1.1.1.1:53'],
  ['10.0.0.2:5353', '10.0.0.2:5353'],
  ['2001:db8::1', '[2001:db8::1]:53'],
  ['[2001:db8::1]', '[2001:db8::1]:53'],
  ['[::1]:5300', '[::1]:5300'],
  ['2001:0DB8:0:0::0001', '[2001:db8::1]:53'],
  ['[0:0:0:0:0:0:0:1]:5300', '[::1]:5300'],
  ['::ffff:10.0.0.2', '10.0.0.2:53'],
  ['[::FFFF:a00:2]:5353', '10.0.0.2:5353'],
])('%s is the name server %s', (text, expected) => {
  const parsed = parseUpstream(text)
  expect(parsed && formatUpstream(parsed)).toBe(expected)
})

const WRONG =
  'dns.example 1.1.1 1.1.1.1:0 1.1.1.1:65536 1.1.1.1: 01.1.1.1 [1.1.1.1]:53 ::1:53: ' +
  'fe80::1%eth0 0.0.0.0 :: 1.1.1.1:53:53 0:0:0:0:0:0:0:0 ::ffff:0.0.0.0'

test.each(['', ...WRONG.split(' ')])('%j is no name server', (text) =>
  expect(parseUpstream(text)).toBeUndefined(),
)

test('resolv.conf: its first three name servers, comments and the rest left out', () => {
  const text = [
    '# nameserver 9.9.9.9',
    '; nameserver 9.9.9.9',
    'search example.com nameserver 9.9.9.9',
    'nameserver 10.0.0.1',
    '\tnameserver  fe80::1%eth0',
    ' nameserver 2001:db8::1 # the second one',
    'nameserver nonsense',
    'nameserver 10.0.0.3',
    'nameserver 10.0.0.4',
    'options ndots:2',
  ].join('\n')
  expect(parseResolvConf(text).map(formatUpstream)).toEqual([
    '10.0.0.1:53',
    '[2001:db8::1]:53',
    '10.0.0.3:53',
  ])
  expect(parseResolvConf('')).toEqual([])
})
