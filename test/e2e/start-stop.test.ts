import { encode } from 'dns-packet'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { askOverTcp, DnsClient, rcodeOf } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, makeFolder, runCairn, TestServer } from './server.ts'

const ZONE = `$TTL 60
@ SOA ns1 host 1 1h 15m 1w 30
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.80
`

function folder(files: Readonly<Record<string, string>> = {}): string {
  const made = makeFolder()
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  mkdirSync(join(made, 'zones'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(made, path), text)
  return made
}

test('the banner tells what runs, and it does', async () => {
  await using server = await TestServer.start()
  expect(server.banner).toMatch(/^cairn \d+\.\d+\.\d+ {2}standalone {2}ready in \d+\.\d s\n/)
  expect(server.banner).toContain(`spring.cloud.nacos.server-addr=127.0.0.1:${server.http}`)
  expect(server.banner).toContain(`127.0.0.1:${server.dns} udp+tcp`)
  expect(server.banner).not.toContain('gRPC')
  for (const path of ['livez', 'readyz']) {
    expect(await (await fetch(`${server.url}/${path}`)).text()).toBe('ok')
  }
  using dns = new DnsClient(server.dns)
  expect(rcodeOf(await dns.ask('nacos', 'SOA'))).toBe('NOERROR')
  expect(rcodeOf(await askOverTcp(server.dns, 'nobody.nacos', 'A'))).toBe('NXDOMAIN')
})

test('a port that is taken ends the start with its owner and its setting, and nothing runs', async () => {
  await using first = await TestServer.start()
  const { http, dns } = first
  const owner = `cairn \\(pid ${first.pid}\\)`
  const cases = [
    [[`--http.port=${http}`, '--dns.port=0'], `:${http} \\(TCP\\)`, 'http.port'],
    [['--http.port=0', `--dns.port=${dns}`], `:${dns} \\(UDP\\)`, 'dns.port'],
  ] as const
  for (const [flags, where, setting] of cases) {
    const { code, stderr, stdout } = await runCairn(flags)
    expect(code).toBe(75)
    expect(stdout).toBe('')
    const told = stderr.split('\n').filter((line) => line.startsWith('cairn: '))
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(
      new RegExp(
        `^cairn: 127\\.0\\.0\\.1${where} is taken by ${owner}; .* --${setting} \\(${setting}\\)$`,
      ),
    )
  }
  // The first one noticed nothing.
  using client = new DnsClient(dns)
  expect(rcodeOf(await client.ask('nacos', 'SOA'))).toBe('NOERROR')
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
})

test('a DNS port that is taken for TCP alone is told as that', async () => {
  await using holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const address = holder.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { code, stderr } = await runCairn(['--http.port=0', `--dns.port=${port}`])
  expect(code).toBe(75)
  expect(stderr).toContain(`127.0.0.1:${port} (TCP) is taken by `)
  expect(stderr).toContain(`(pid ${process.pid}); choose another port with --dns.port`)
})

test('an address that is not of this machine is a bad setting', async () => {
  const { code, stderr } = await runCairn(['--listen=192.0.2.1', '--http.port=0', '--dns.port=0'])
  expect(code).toBe(78)
  expect(stderr).toBe(
    'cairn: 192.0.2.1 is no address of this machine; see --listen (server.listen)\n',
  )
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0 in less than 2 s', async (signal) => {
  await using server = await TestServer.start()
  const started = performance.now()
  expect(await server.stop(signal)).toBe(0)
  expect(performance.now() - started).toBeLessThan(2_000)
  expect(server.log.map(({ event }) => event).slice(-2)).toEqual(['stopping', 'stopped'])
})

test('queries that were received before the stop are answered', async () => {
  await using server = await TestServer.start({ flags: ['--server.drain=0s'] })
  const socket = createSocket('udp4')
  socket.on('error', () => undefined)
  const answered = new Set<number>()
  socket.on('message', (message) => answered.add(message.readUInt16BE(0)))
  const tcp = connect(server.dns, '127.0.0.1')
  tcp.on('error', () => undefined)
  await once(tcp, 'connect')
  let overTcp = 0
  tcp.on('data', (chunk) => (overTcp += chunk.length))
  const question = { name: 'nacos', type: 'SOA' } as const
  const inFlight = 400
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  // The default holds some 270 of the answers that come while this loop still sends.
  socket.setRecvBufferSize(2 ** 21)
  for (let id = 0; id < inFlight; id++) {
    socket.send(encode({ type: 'query', id, questions: [question] }), server.dns, '127.0.0.1')
  }
  const query = encode({ type: 'query', id: 1, questions: [question] })
  tcp.write(Buffer.concat([Buffer.from([0, query.length]), query]))
  await sleep(0)
  expect(await server.stop()).toBe(0)
  await eventually(() => expect(answered.size).toBe(inFlight), 500)
  await eventually(() => expect(overTcp).toBeGreaterThan(query.length), 500)
  socket.close()
  tcp.destroy()
})

test('while it drains it is not ready, but serves', async () => {
  await using server = await TestServer.start({ flags: ['--server.drain=2s'] })
  server.signal('SIGTERM')
  await server.logged('stopping')
  const readyz = await eventually(async () => {
    const response = await fetch(`${server.url}/readyz`)
    expect(response.status).toBe(503)
    return response
  })
  expect(await readyz.text()).toContain('starting or stopping')
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  await new NacosApi(server.url).register('late', '10.0.0.1', 80)
  using dns = new DnsClient(server.dns)
  await eventually(async () => expect(await dns.addresses('late.nacos')).toEqual(['10.0.0.1']))
  expect(await server.ended()).toBe(0)
}, 30_000)

test('a second signal ends a stop that takes long', async () => {
  await using server = await TestServer.start({ flags: ['--server.drain=15s'] })
  server.signal('SIGINT')
  await server.logged('stopping')
  const started = performance.now()
  await server.stop('SIGINT')
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('all bad settings are told at once, with 78', async () => {
  const cwd = folder({ 'cairn.toml': '[dns]\nprot = 53\nttl = 5\n\n[htp]\nport = 1\n' })
  const { code, stdout, stderr } = await runCairn(['--config=cairn.toml', '--http.port=99999'], {
    folder: cwd,
    env: { CAIRN_LOG_LEVEL: 'loud' },
  })
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toEqual([
    '--http.port http.port: must be 0…65535, got 99999',
    expect.stringMatching(/^CAIRN_LOG_LEVEL log\.level: expected debug or /) as unknown,
    'cairn.toml:2:1 dns.prot: unknown key, did you mean dns.port?',
    expect.stringMatching(/^cairn\.toml:3:7 dns\.ttl: .*the unit is missing/) as unknown,
    'cairn.toml:5:2 htp: unknown section, did you mean http?',
  ])
})

test('an unknown flag is wrong usage, with 2', async () => {
  const { code, stderr } = await runCairn(['--dns.prot=53'])
  expect(code).toBe(2)
  expect(stderr).toBe('cairn: unknown flag --dns.prot, did you mean --dns.port?\nTry --help.\n')
})

test('--version, --help and --print-config print and end with 0', async () => {
  const version = await runCairn(['--version'])
  expect(version).toMatchObject({ code: 0, stderr: '' })
  expect(version.stdout).toMatch(/^cairn \d+\.\d+\.\d+ \(node 26\.\d+\.\d+, linux-\w+\)\n$/)
  const help = await runCairn(['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('--server.listen, --listen')
  const shown = await runCairn(['--print-config', '--dns.ttl=7s'])
  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(shown.stdout).toMatch(/^dns\.ttl = "7s" +# --dns\.ttl$/m)
  // What is printed is a settings file.
  const again = folder({ 'again.toml': shown.stdout })
  const checked = await runCairn(['--check-config', '--config=again.toml'], { folder: again })
  expect(checked).toEqual({
    code: 0,
    stdout: 'settings ok (again.toml), no zone files in ./zones\n',
    stderr: '',
  })
})

test('--check-config reads the zone files and the aliases, too', async () => {
  const good = folder({ 'zones/a.test.zone': ZONE, 'zones/b.test.zone': ZONE })
  expect(await runCairn(['--check-config'], { folder: good })).toEqual({
    code: 0,
    stdout: 'settings ok (no file), zones a.test. b.test. in ./zones\n',
    stderr: '',
  })
  writeFileSync(join(good, 'zones/b.test.zone'), `${ZONE}bad A 1.2.3\n`)
  writeFileSync(join(good, 'zones/nacos.zone'), ZONE)
  const { code, stdout, stderr } = await runCairn(['--check-config'], { folder: good })
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
  expect(stderr).toMatch(/^zones\/b\.test\.zone:6:\d+: /m)
  expect(stderr).toMatch(/^zones\/nacos\.zone: .*zone of the registry/m)
  const flags = ['--check-config', '--dns.group-aliases', 'default=SHOP,_x=A']
  const aliases = await runCairn(flags)
  expect(aliases.code).toBe(78)
  expect(aliases.stderr).toBe(
    '--dns.group-aliases dns.group_aliases: "default" always means DEFAULT_GROUP\n' +
      '--dns.group-aliases dns.group_aliases: "_x" would be a selector, for it begins with "_"\n',
  )
})

test('SIGHUP answers a changed zone anew, and keeps the old version of a broken one', async () => {
  const cwd = folder({ 'zones/a.test.zone': ZONE, 'zones/b.test.zone': ZONE })
  await using server = await TestServer.start({}, cwd)
  using dns = new DnsClient(server.dns)
  expect(await dns.addresses('www.a.test')).toEqual(['192.0.2.80'])
  writeFileSync(join(cwd, 'zones/a.test.zone'), ZONE.replaceAll('192.0.2.80', '192.0.2.81'))
  writeFileSync(join(cwd, 'zones/b.test.zone'), `${ZONE}www AAAA 1.2.3.4\n`)
  writeFileSync(join(cwd, 'zones/c.test.zone'), ZONE)
  server.signal('SIGHUP')
  await server.logged('reloaded')
  expect(await dns.addresses('www.a.test')).toEqual(['192.0.2.81'])
  expect(await dns.addresses('www.b.test')).toEqual(['192.0.2.80'])
  expect(await dns.addresses('www.c.test')).toEqual(['192.0.2.80'])
  const refused = server.log.find(({ event }) => event === 'zone_refused')
  expect(refused).toMatchObject({ level: 'error', zone: 'b.test.', file: 'b.test.zone' })
  expect(refused?.['message']).toMatch(/^b\.test\.zone:6:\d+: /)
  rmSync(join(cwd, 'zones/c.test.zone'))
  server.signal('SIGHUP')
  await eventually(async () => {
    expect(rcodeOf(await dns.ask('www.c.test', 'A'))).toBe('REFUSED')
  })
})

test('SIGHUP takes up what it can of the settings, and nothing of bad ones', async () => {
  const settings = (text: string): void => writeFileSync(join(cwd, 'cairn.toml'), text)
  const cwd = folder({ 'zones/a.test.zone': ZONE, 'cairn.toml': '' })
  await using server = await TestServer.start({ flags: ['--config=cairn.toml'] }, cwd)
  settings('log.level = "warn"\ndns.ttl = "9s"\n')
  server.signal('SIGHUP')
  expect(await server.logged('setting_needs_restart')).toMatchObject({
    level: 'warn',
    key: 'dns.ttl',
    running: '"1s"',
    wanted: '"9s"',
  })
  const api = new NacosApi(server.url)
  await api.register('quiet', '10.0.0.1', 80)
  settings('log.level = "info"\ndns.tttl = "9s"\n')
  server.signal('SIGHUP')
  const refused = await server.logged('reload_refused')
  expect(refused['message']).toBe('cairn.toml:2:1 dns.tttl: unknown key, did you mean dns.ttl?')
  await api.register('quiet', '10.0.0.2', 80)
  expect(server.log.filter(({ event }) => event === 'instance_registered')).toEqual([])
})

test('a list of addresses is listened on, and each answers from itself', async () => {
  const flags = ['--listen=127.0.0.1,127.0.0.2']
  await using server = await TestServer.start({ flags })
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    using dns = new DnsClient(server.dns, address)
    expect(rcodeOf(await dns.ask('nacos', 'SOA'))).toBe('NOERROR')
    expect((await fetch(`http://${address}:${server.http}/livez`)).status).toBe(200)
  }
})

test('0.0.0.0 listens on every IPv4 address, also when one of them is named beside it', async () => {
  await using server = await TestServer.start({ flags: ['--listen=0.0.0.0,127.0.0.1'] })
  expect(server.banner).toContain('0.0.0.0:')
  using dns = new DnsClient(server.dns)
  expect(rcodeOf(await dns.ask('nacos', 'SOA'))).toBe('NOERROR')
  expect((await fetch(`http://127.0.0.1:${server.http}/livez`)).status).toBe(200)
})

const hasV6 = readIfInet6().includes(`${'0'.repeat(31)}1 `)

test.skipIf(!hasV6)('::1 is served beside 127.0.0.1 (skipped without IPv6)', async () => {
  await using server = await TestServer.start()
  using dns = new DnsClient(server.dns, '::1')
  expect(rcodeOf(await dns.ask('nacos', 'SOA'))).toBe('NOERROR')
  expect((await fetch(`http://[::1]:${server.http}/livez`)).status).toBe(200)
})

function readIfInet6(): string {
  try {
    return readFileSync('/proc/net/if_inet6', 'utf8')
  } catch {
    return ''
  }
}

/** A network of its own in which ::1 does not exist. */
const WITHOUT_V6 = [
  'unshare',
  '--net',
  'sh',
  '-ec',
  'ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; exec "$@"',
  'sh',
]
const mayUnshare = spawnSync('unshare', [...WITHOUT_V6.slice(1), 'true']).status === 0

test.skipIf(!mayUnshare)(
  'an absent ::1 is no mistake, unless it is all (skipped without unshare --net, ip and root)',
  async () => {
    await using server = await TestServer.start({ wrapper: WITHOUT_V6 })
    expect(server.banner).toContain(`127.0.0.1:${server.dns} udp+tcp`)
    expect(await server.stop()).toBe(0)
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
    const flags = ['--listen=::1', '--http.port=0', '--dns.port=0']
    const alone = await runCairn(flags, { wrapper: WITHOUT_V6 })
    expect(alone).toMatchObject({ code: 78, stdout: '' })
    expect(alone.stderr).toContain('::1 is no address of this machine')
  },
)
