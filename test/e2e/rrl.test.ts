import { encode } from 'dns-packet'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askOverTcp } from './dns-client.ts'
import { makeFolder, TestServer } from './server.ts'
import { Source } from './udp-flood.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
`
let server: TestServer

/** The loopback is a network like any other here, so that its addresses can play strangers. */
beforeAll(async () => {
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  writeFileSync(join(folder, 'zones', 'example.test.zone'), ZONE)
  const flags = ['--listen=127.0.0.1', '--dns.workers=2', '--dns.rrl-exempt=127.0.77.0/24']
  server = await TestServer.start({ flags }, folder)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

test('2,000 a second from one source: a tenth at most in full, half of the rest TC', async () => {
  await using loud = await Source.open('127.0.1.1', server.dns)
  await using quiet = await Source.open('127.0.2.1', server.dns)
  await using own = await Source.open('127.0.77.1', server.dns)
  const www = question('www.example.test')
  const [flooded, other, exempt] = await Promise.all([
    loud.flood(2_000, 5_000, () => www),
    quiet.flood(50, 5_000, () => www),
    own.flood(500, 5_000, () => www),
  ])
  expect(flooded.full / flooded.sent).toBeLessThanOrEqual(0.1)
  const rest = flooded.sent - flooded.full
  expect(flooded.truncated / rest).toBeGreaterThan(0.45)
  expect(flooded.truncated / rest).toBeLessThan(0.55)
  // Whoever forged the address gains nothing.
  expect(flooded.answered / flooded.asked).toBeLessThan(1)
  expect(other.full / other.sent).toBeGreaterThan(0.99)
  expect(exempt.full / exempt.sent).toBeGreaterThan(0.99)
}, 20_000)

test('many sources of one network share, each network has its own', async () => {
  const addresses = ['127.3.1.1', '127.3.1.2', '127.3.1.3', '127.3.2.1']
  const sources = await Promise.all(addresses.map((one) => Source.open(one, server.dns)))
  const www = question('www.example.test')
  const seen = await Promise.all(
    sources.map((one, i) => one.flood(i < 3 ? 200 : 80, 3_000, () => www)),
  )
  const shared = seen.slice(0, 3).reduce((sum, { full }) => sum + full, 0)
  // A second's worth, and three seconds of it.
  expect(shared).toBeLessThanOrEqual(420)
  expect(seen[3]?.full).toBe(seen[3]?.sent)
  await Promise.all(sources.map((one) => one[Symbol.asyncDispose]()))
}, 20_000)

test('names that do not exist are limited together', async () => {
  await using source = await Source.open('127.0.4.1', server.dns)
  const seen = await source.flood(1_000, 2_000, (i) => question(`n${i}.example.test`))
  expect(seen.errors).toBeLessThanOrEqual(320)
  expect(seen.truncated).toBeGreaterThan(700)
}, 20_000)

test('who is limited over UDP is answered over TCP', async () => {
  await using source = await Source.open('127.0.0.1', server.dns)
  const www = question('www.example.test')
  await source.flood(2_000, 500, () => www)
  for (let i = 0; i < 20; i++) {
    expect((await askOverTcp(server.dns, 'www.example.test', 'A')).answers).toHaveLength(1)
  }
}, 20_000)

test('what was limited is told', async () => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toMatch(/cairn_dns_dropped_total\{cause="rate"\} [1-9]/)
  expect(metrics).toMatch(/cairn_dns_rate_slipped_total [1-9]/)
})

function question(name: string): Buffer {
  return encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name, type: 'A' }] })
}
