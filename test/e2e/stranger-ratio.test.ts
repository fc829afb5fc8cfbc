import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dig, HAS_DIG } from './dig.ts'
import { DnsClient, rcodeOf } from './dns-client.ts'
import { MiddleBox } from './middle-box.ts'
import { NacosApi } from './nacos-api.ts'
import { makeFolder, TestServer } from './server.ts'
import { HAS_UNBOUND } from './unbound.ts'

/** 40 strings of 17 octets: 720 octets of data, more than 512 and less than 1,232. */
const TEXT = Array<string>(40).fill('"0123456789abcdef"').join(' ')
const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
text TXT ${TEXT}
`
const INSTANCES = 20
let server: TestServer

/** The loopback is a network like any other here, but for a piece of it. */
beforeAll(async () => {
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  writeFileSync(join(folder, 'zones', 'example.test.zone'), ZONE)
  const flags = ['--listen=127.0.0.1', '--dns.workers=2', '--dns.rrl-exempt=127.0.77.0/24']
  server = await TestServer.start({ flags }, folder)
  const api = new NacosApi(server.url)
  for (let i = 1; i <= INSTANCES; i++) await api.register('orders', `10.20.0.${i}`, 8080)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

async function readCut(): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^cairn_dns_stranger_cut_total (\d+)$/m.exec(metrics)?.[1])
}

/** How many answers were cut while `run` ran. */
async function cutsOf(run: () => void): Promise<number> {
  const before = await readCut()
  run()
  return (await readCut()) - before
}

describe.skipIf(!HAS_DIG)('dig as a stranger (skipped without dig)', () => {
  test.each([
    ['text.example.test TXT', 'NOERROR', 1],
    ['_all.orders.nacos A', 'NOERROR', INSTANCES],
    ['orders.nacos SRV', 'NOERROR', INSTANCES],
    ['no.example.test A', 'NXDOMAIN', 0],
    ['no.nacos A', 'NXDOMAIN', 0],
  ])('%s: empty and TC over UDP, whole over TCP', async (question, status, answers) => {
    const words = `-b 127.0.1.1 ${question}`
    const cuts = await cutsOf(() => {
      const cut = dig(server.dns, `${words} +ignore`)
      expect(cut).toMatchObject({ status, answers: [], authority: [], additional: [] })
      expect(cut.flags).toContain('tc')
    })
    expect(cuts).toBe(1)
    const whole = dig(server.dns, words)
    expect(whole.text).toContain('Truncated, retrying in TCP mode')
    expect(whole.status).toBe(status)
    expect(whole.answers).toHaveLength(answers)
    if (status === 'NXDOMAIN') expect(whole.authority).toHaveLength(1)
  })

  test('what is short needs no TCP', async () => {
    const cuts = await cutsOf(() => {
      const seen = dig(server.dns, '-b 127.0.1.1 www.example.test A')
      expect(seen.answers).toHaveLength(1)
      expect(seen.text).not.toContain('retrying')
    })
    expect(cuts).toBe(0)
  })

  test('with the cookie that a cut answer brought all comes over UDP', () => {
    const words = '-b 127.0.1.1 text.example.test TXT +ignore'
    const cut = dig(server.dns, `${words} +cookie=0123456789abcdef`)
    expect(cut.flags).toContain('tc')
    const [, cookie = ''] = /COOKIE: ([0-9a-f]{48}) \(good\)/.exec(cut.text) ?? []
    const whole = dig(server.dns, `${words} +cookie=${cookie}`)
    expect(whole.flags).not.toContain('tc')
    expect(whole.answers).toHaveLength(1)
    expect(whole.size).toBeGreaterThan(720)
    // It is the address's own.
    const other = dig(server.dns, `${words.replace('127.0.1.1', '127.0.2.1')} +cookie=${cookie}`)
    expect(other.flags).toContain('tc')
  })

  test('an exempt network gets all over UDP at once', async () => {
    const cuts = await cutsOf(() => {
      const seen = dig(server.dns, '-b 127.0.77.1 text.example.test TXT +ignore')
      expect(seen.answers).toHaveLength(1)
    })
    expect(cuts).toBe(0)
  })
})

/**
 * They come from 127.0.0.1, which is not exempt. BIND brings cookies: after its first question it
 * is known. Unbound brings none, and comes over TCP for whatever is long.
 */
describe('a resolver that is a stranger finds all', () => {
  for (const [name, isThere, start, leastCuts, mostCuts] of [
    ['unbound, stub', HAS_UNBOUND, stubUnbound, 3, Infinity],
    ['unbound, forward', HAS_UNBOUND, forwardUnbound, 3, Infinity],
    ['BIND', existsSync('/usr/sbin/named'), bind, 1, 2],
  ] as const) {
    test.skipIf(!isThere)(`${name} (skipped without it)`, async () => {
      const before = await readCut()
      await using box = await start(server.dns)
      using dns = new DnsClient(box.port)
      const srv = await dns.ask('_one.orders.nacos', 'SRV')
      expect(srv.answers).toHaveLength(1)
      const absent = await dns.ask('no.nacos', 'A')
      expect([rcodeOf(absent), absent.authorities?.length]).toEqual(['NXDOMAIN', 1])
      const none = await dns.ask('orders.nacos', 'MX')
      expect([rcodeOf(none), none.authorities?.length]).toEqual(['NOERROR', 1])
      const cuts = (await readCut()) - before
      expect(cuts).toBeGreaterThanOrEqual(leastCuts)
      expect(cuts).toBeLessThanOrEqual(mostCuts)
    })
  }
})

function stubUnbound(port: number): Promise<MiddleBox> {
  return MiddleBox.unbound('unbound-stub', port)
}

function forwardUnbound(port: number): Promise<MiddleBox> {
  return MiddleBox.unbound('unbound-forward', port)
}

function bind(port: number): Promise<MiddleBox> {
  return MiddleBox.bind(port)
}
