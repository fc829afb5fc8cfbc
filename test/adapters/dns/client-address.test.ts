import { expect, test } from 'vitest'
import { Client } from '../../../src/core/dns/answer/client.ts'
import { setClient } from '../../../src/adapters/dns/client-address.ts'

test.each([
  ['10.1.2.3', 0x0a01_0203, false],
  ['255.255.255.255', 0xffff_ffff, false],
  ['0.0.0.0', 0, false],
  ['127.0.0.1', 0x7f00_0001, true],
  ['::ffff:127.9.9.9', 0x7f09_0909, true],
  ['::ffff:192.0.2.1', 0xc000_0201, false],
])('%s is an IPv4 client', (text, v4, isLoopback) => {
  const client = new Client()
  setClient(client, text)
  expect([client.v4, client.isV6, client.isLoopback]).toEqual([v4, false, isLoopback])
})

test.each([
  ['::1', true, '00000000000000000000000000000001'],
  ['2001:db8::7', false, '20010db8000000000000000000000007'],
  ['fe80::1%eth0', false, 'fe800000000000000000000000000001'],
])('%s is an IPv6 client', (text, isLoopback, hex) => {
  const client = new Client()
  setClient(client, text)
  expect([client.v4, client.isV6, client.isLoopback]).toEqual([-1, true, isLoopback])
  expect(Buffer.from(client.v6).toString('hex')).toBe(hex)
})

test.each(['', 'x', '1.2.3', '1.2.3.4.5'])('%j is nobody, not the client before', (text) => {
  const client = new Client()
  setClient(client, '127.0.0.1')
  setClient(client, text)
  expect([client.v4, client.isV6, client.isLoopback]).toEqual([-1, false, false])
})
