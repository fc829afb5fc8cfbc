import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FakeUpstream, HONEST } from '../adapters/dns/forward/fake-upstream.ts'
import { answerTo } from '../core/dns/forward/upstream-message.ts'
import { askOverTcp, DnsClient, rcodeOf } from './dns-client.ts'
import { eventually, makeFolder, TestServer } from './server.ts'
import { HAS_UNBOUND, Unbound } from './unbound.ts'

const NOTICE = '(skipped without unbound: apt-get install unbound)'
const NAMES = 1_000

/** dig's own words; what it prints is what an operator sees. */
function dig(server: TestServer, ...args: readonly string[]): string {
  const { stdout } = spawnSync(
    'dig',
    ['@127.0.0.1', '-p', String(server.dns), '+nocookie', '+tries=1', ...args],
    { encoding: 'utf8' },
  )
  return stdout
}

const HAS_DIG = spawnSync('dig', ['-v']).error === undefined

async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const found = new RegExp(`^${name.replaceAll(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)
  return Number(found?.[1])
}

function data(answers: readonly object[] | undefined): unknown {
  return answers?.map((one) => ('data' in one ? one.data : undefined))
}

test.skipIf(!HAS_UNBOUND || !HAS_DIG)(
  `unbound as upstream: asked once, TTLs that fall, and stale answers when it is gone ${NOTICE}`,
  async () => {
    const names = Array.from({ length: NAMES }, (_, i) => `n${i}.lab.example. 300 IN A 10.9.0.1`)
    await using unbound = await Unbound.start([...names, 'short.lab.example. 1 IN A 10.9.0.2'])
    const flags = [`--dns.forward=127.0.0.1:${unbound.port}`, '--dns.forward-per-client-max=1000']
    await using server = await TestServer.start({ flags })
    using dns = new DnsClient(server.dns)
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < NAMES; i += 100) {
        const batch = Array.from({ length: 100 }, (_, j) => dns.addresses(`n${i + j}.lab.example`))
        for (const addresses of await Promise.all(batch)) expect(addresses).toEqual(['10.9.0.1'])
      }
    }
    expect(await metric(server, 'cairn_dns_cache_misses_total')).toBe(NAMES)
    expect(await metric(server, 'cairn_dns_cache_hits_total')).toBe(NAMES)
    expect(dig(server, 'nope.lab.example')).toContain('status: NXDOMAIN')
    expect(dig(server, 'n1.lab.example', 'TXT')).toContain('status: NOERROR')
    const first = dig(server, 'short.lab.example')
    expect(first).toMatch(/flags: qr rd ra;/)
    await sleep(1_500)
    const ttl = Number(/^n7\S*\s+(\d+)/m.exec(dig(server, 'n7.lab.example'))?.[1])
    expect(ttl).toBeGreaterThan(280)
    expect(ttl).toBeLessThan(300)

    await unbound.stop()
    const stale = dig(server, 'short.lab.example')
    expect(stale).toContain('EDE: 3 (Stale Answer)')
    expect(stale).toMatch(/^short\.lab\.example\.\s+30\s/m)
    expect(stale).toContain('10.9.0.2')
    expect(dig(server, 'never.seen.example')).toMatch(/status: SERVFAIL[^]*EDE: 23 \(Network Error/)
    expect(dig(server, 'nobody.nacos')).toContain('status: NXDOMAIN')
    expect(await metric(server, 'cairn_dns_cache_stale_total')).toBeGreaterThan(0)
  },
)

test('a silent upstream: what is stale after 1.8 s, and our own names at once', async () => {
  await using upstream = await FakeUpstream.start()
  const flags = [`--dns.forward=${upstream.address}`, '--dns.workers=1']
  await using server = await TestServer.start({ flags })
  using dns = new DnsClient(server.dns)
  upstream.behaviour = ({ packet, name }, reply) => {
    reply(answerTo(packet, { answers: [`${name} 1 A 192.0.2.7`] }))
  }
  await dns.addresses('www.example')
  await sleep(1_100)
  upstream.behaviour = () => undefined
  const started = performance.now()
  const stale = dns.ask('www.example', 'A', 4_000)
  const own = await dns.ask('nobody.nacos', 'A')
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(rcodeOf(own)).toBe('NXDOMAIN')
  expect((await stale).answers).toMatchObject([{ ttl: 30, data: '192.0.2.7' }])
  expect(performance.now() - started).toBeGreaterThan(1_700)
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('who is not allowed is refused, whatever is in the cache', async () => {
  await using upstream = await FakeUpstream.start()
  const flags = [`--dns.forward=${upstream.address}`, '--dns.recursion-allow=192.0.2.0/24']
  await using server = await TestServer.start({ flags })
  using dns = new DnsClient(server.dns)
  for (const name of ['www.example', 'localhost', 'x.onion']) {
    const answer = await dns.ask(name, 'A')
    expect([rcodeOf(answer), answer.flag_ra]).toEqual(['REFUSED', false])
  }
  expect((await dns.ask('nacos', 'SOA')).flag_ra).toBe(false)
  expect(upstream.names).toEqual([])
})

test('aliases out of our zones and into them, over UDP and TCP', async () => {
  await using upstream = await FakeUpstream.start()
  upstream.behaviour = (heard, reply) => {
    if (!heard.name.toLowerCase().startsWith('in.')) return HONEST(heard, reply)
    reply(answerTo(heard.packet, { answers: [`${heard.name} 60 CNAME www.ours.test.`] }))
  }
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  const zone =
    '$TTL 60\n@ SOA a b 1 1h 1h 1h 60\n@ NS a\nwww A 192.0.2.80\nout CNAME www.example.\n'
  writeFileSync(join(folder, 'zones', 'ours.test.zone'), zone)
  const flags = [`--dns.forward=${upstream.address}`]
  await using server = await TestServer.start({ flags }, folder)
  using dns = new DnsClient(server.dns)
  const out = ['www.example', '192.0.2.7']
  const into = ['www.ours.test', '192.0.2.80']
  expect(data((await dns.ask('out.ours.test', 'A')).answers)).toEqual(out)
  expect(data((await dns.ask('in.example', 'A')).answers)).toEqual(into)
  expect(data((await askOverTcp(server.dns, 'out.ours.test', 'A')).answers)).toEqual(out)
  expect(data((await askOverTcp(server.dns, 'other.example', 'A')).answers)).toEqual(['192.0.2.7'])
  // dns-packet says nothing of a name below ours being asked elsewhere: the upstream does.
  await dns.ask('deep.nope.ours.test', 'A')
  expect(upstream.names.filter((name) => name.endsWith('ours.test.'))).toEqual([])
})

test('a rule for a suffix, and the name servers of a resolv.conf that changes', async () => {
  await using first = await FakeUpstream.start()
  await using corp = await FakeUpstream.start()
  const folder = makeFolder()
  const conf = join(folder, 'resolv.conf')
  writeFileSync(conf, '# none yet\n')
  const flags = [`--dns.forward-zones=corp.example=${corp.address}`, `--dns.resolv-conf=${conf}`]
  await using server = await TestServer.start({ flags }, folder)
  using dns = new DnsClient(server.dns)
  expect(await dns.addresses('a.corp.example')).toEqual(['192.0.2.7'])
  expect(rcodeOf(await dns.ask('www.example', 'A'))).toBe('REFUSED')
  writeFileSync(conf, `nameserver ${first.address}\noptions ndots:2\n`)
  await eventually(async () => {
    expect(await dns.addresses('www.example')).toEqual(['192.0.2.7'])
  }, 15_000)
  expect(corp.names).toEqual(['a.corp.example.'])
  expect(first.names).toEqual(['www.example.'])
})

test('upstreams that are ourselves are left out, and the log says so', async () => {
  await using upstream = await FakeUpstream.start()
  const port = upstream.port
  await upstream[Symbol.asyncDispose]()
  const flags = [`--dns.port=${port}`, `--dns.forward=127.0.0.1:${port}`]
  await using server = await TestServer.start({ flags })
  expect(await server.logged('dns_upstream_loop')).toMatchObject({ how: 'is_own' })
  using dns = new DnsClient(server.dns)
  expect(rcodeOf(await dns.ask('www.example', 'A'))).toBe('REFUSED')
})

test('two servers that ask each other notice, and stop', async () => {
  await using spare = await FakeUpstream.start()
  const port = spare.port
  await spare[Symbol.asyncDispose]()
  await using first = await TestServer.start({ flags: [`--dns.forward=127.0.0.1:${port}`] })
  const flags = [`--dns.port=${port}`, `--dns.forward=127.0.0.1:${first.dns}`]
  await using second = await TestServer.start({ flags })
  expect(await second.logged('dns_upstream_loop')).toMatchObject({ how: 'loops' })
  using dns = new DnsClient(second.dns)
  const started = performance.now()
  expect(rcodeOf(await dns.ask('www.example', 'A', 6_000))).toBe('SERVFAIL')
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(rcodeOf(await dns.ask('nobody.nacos', 'A'))).toBe('NXDOMAIN')
})

test('a hundred clients ask for one name, and the upstream is asked once', async () => {
  await using upstream = await FakeUpstream.start()
  const flags = [`--dns.forward=${upstream.address}`, '--dns.workers=1']
  await using server = await TestServer.start({ flags })
  const clients = Array.from({ length: 100 }, () => new DnsClient(server.dns))
  try {
    upstream.behaviour = (heard, reply) => void setTimeout(() => HONEST(heard, reply), 100)
    const answers = await Promise.all(clients.map((dns) => dns.addresses('www.example')))
    expect(new Set(answers.flat())).toEqual(new Set(['192.0.2.7']))
    expect(upstream.names).toEqual(['www.example.'])
  } finally {
    for (const dns of clients) dns[Symbol.dispose]()
  }
})

test('a zone of ours with mistakes is asked for nowhere, until it is mended', async () => {
  await using upstream = await FakeUpstream.start()
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  const file = join(folder, 'zones', 'ours.example.zone')
  writeFileSync(file, 'this is no zone\n')
  await using server = await TestServer.start(
    { flags: [`--dns.forward=${upstream.address}`] },
    folder,
  )
  using dns = new DnsClient(server.dns)
  expect(rcodeOf(await dns.ask('www.ours.example', 'A'))).toBe('SERVFAIL')
  expect(await dns.addresses('www.example')).toEqual(['192.0.2.7'])
  writeFileSync(file, '$TTL 60\n@ SOA a b 1 1h 1h 1h 60\n@ NS a\na A 192.0.2.1\nwww A 192.0.2.80\n')
  server.signal('SIGHUP')
  await eventually(async () => {
    expect(await dns.addresses('www.ours.example')).toEqual(['192.0.2.80'])
  })
  expect(upstream.names).toEqual(['www.example.'])
})
