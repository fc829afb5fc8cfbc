import { expect, test } from 'vitest'
import { Client } from '../../../../src/core/dns/answer/client.ts'
import { COOKIE, Cookies, parseSecret } from '../../../../src/core/dns/cookie/cookies.ts'
import { parseIPv4, parseIPv6 } from '../../../../src/kernel/ip.ts'

function secret(hex: string): Uint8Array {
  return parseSecret(hex) ?? new Uint8Array()
}

function clientAt(address: string): Client {
  const client = new Client()
  const v4 = parseIPv4(address)
  if (v4 === undefined) client.setV6(parseIPv6(address) ?? new Uint8Array(16))
  else client.setV4(v4)
  return client
}

/** What the option says of its sender, and the cookie that goes back. */
function ask(cookies: Cookies, address: string, hex: string): readonly [number, string] {
  const bytes = Buffer.from(hex, 'hex')
  const view = new DataView(new ArrayBuffer(24))
  bytes.subarray(0, 24).forEach((octet, i) => view.setUint8(i, octet))
  const state = cookies.check(view, bytes.length, clientAt(address))
  return [state, Buffer.from(cookies.reply).toString('hex')]
}

const FIRST = 'e5e973e5a6b2a43f48e7dc849e37bfcf'
const LATER = '445536bcd2513298075a5d379663c962'
const OLD = 'dd3bdf9344b678b185a6f5cb60fca715'
const CLIENT = '198.51.100.100'
const LEARNT = '2464c4abcf10c957010000005cf79f111f8130c3eee29480'

/** RFC 9018 appendix A.1 to A.4. */
test.each([
  [FIRST, 1559731985, CLIENT, '2464c4abcf10c957', LEARNT],
  [FIRST, 1559734385, CLIENT, LEARNT, '2464c4abcf10c957010000005cf7a871d4a564a1442aca77'],
  [
    FIRST,
    1559734700,
    '203.0.113.203',
    'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5',
    'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e',
  ],
  [
    LATER,
    1559741961,
    '2001:db8:220:1:59de:d0f4:8769:82b8',
    '22681ab97d52c298010000005cf7c57926556bd0934c72f8',
    '22681ab97d52c298010000005cf7c609a6bb79d16625507a',
  ],
])('secret %s at %i: the cookie that goes back', (key, at, address, asked, expected) => {
  const cookies = new Cookies([secret(key), secret(OLD)])
  cookies.unixSeconds = at
  expect(ask(cookies, address, asked)[1]).toBe(expected)
})

test('a cookie of the secret before is believed, and renewed at once', () => {
  const cookies = new Cookies([secret(LATER), secret(OLD)])
  cookies.unixSeconds = 1559741961
  const address = '2001:db8:220:1:59de:d0f4:8769:82b8'
  const asked = '22681ab97d52c298010000005cf7c57926556bd0934c72f8'
  expect(ask(cookies, address, asked)[0]).toBe(COOKIE.VALID)
  cookies.setSecrets([secret(LATER)])
  expect(ask(cookies, address, asked)[0]).toBe(COOKIE.UNKNOWN)
})

test('reserved octets are hashed as they came', () => {
  const cookies = new Cookies([secret(FIRST)])
  cookies.unixSeconds = 1559727985
  const asked = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5'
  expect(ask(cookies, '203.0.113.203', asked)[0]).toBe(COOKIE.VALID)
})

test.each([
  [0, COOKIE.VALID, LEARNT],
  [1_799, COOKIE.VALID, LEARNT],
  [1_800, COOKIE.VALID, undefined],
  [3_600, COOKIE.VALID, undefined],
  [3_601, COOKIE.UNKNOWN, undefined],
  [-300, COOKIE.VALID, LEARNT],
  [-301, COOKIE.UNKNOWN, undefined],
])('a cookie %i s old', (age, state, reply) => {
  const cookies = new Cookies([secret(FIRST)])
  cookies.unixSeconds = 1559731985 + age
  const [found, given] = ask(cookies, CLIENT, LEARNT)
  expect(found).toBe(state)
  if (reply === undefined) expect(given).not.toBe(LEARNT)
  else expect(given).toBe(reply)
  // What goes back is always good.
  expect(ask(cookies, CLIENT, given)[0]).toBe(COOKIE.VALID)
})

test('a cookie is of no use to another address', () => {
  const cookies = new Cookies([secret(FIRST)])
  cookies.unixSeconds = 1559731985
  expect(ask(cookies, '198.51.100.101', LEARNT)[0]).toBe(COOKIE.UNKNOWN)
  expect(ask(cookies, '2001:db8::1', LEARNT)[0]).toBe(COOKIE.UNKNOWN)
})

test.each(Array.from({ length: 192 }, (_, bit) => bit))('no bit may be changed: %i', (bit) => {
  const cookies = new Cookies([secret(FIRST)])
  cookies.unixSeconds = 1559731985
  const forged = Buffer.from(LEARNT, 'hex')
  const at = bit >> 3
  forged[at] = (forged[at] ?? 0) ^ (1 << (bit & 7))
  expect(ask(cookies, CLIENT, forged.toString('hex'))[0]).toBe(COOKIE.UNKNOWN)
})

test('another length is a cookie of somebody else', () => {
  const cookies = new Cookies([secret(FIRST)])
  expect(ask(cookies, CLIENT, LEARNT.slice(0, 32))[0]).toBe(COOKIE.UNKNOWN)
  expect(ask(cookies, CLIENT, `${LEARNT}00`)[0]).toBe(COOKIE.UNKNOWN)
  expect(ask(cookies, CLIENT, LEARNT.slice(0, 16))[0]).toBe(COOKIE.CLIENT_ONLY)
  expect(ask(cookies, CLIENT, '')[0]).toBe(COOKIE.ABSENT)
})

test.each(['', 'xyz', FIRST.slice(1), `${FIRST}0`])('"%s" is no secret', (text) => {
  expect(parseSecret(text)).toBeUndefined()
})
