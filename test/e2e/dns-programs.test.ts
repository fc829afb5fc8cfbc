import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpenssl, makeCertificate, tlsFlags } from './certificate.ts'
import { hasCommand } from './dig.ts'
import { makeFolder, TestServer } from './server.ts'

/** Programs beside dig and kdig: what they think of our TCP, TLS, HTTPS and signatures. */

const run = promisify(execFile)
const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
web A 127.0.0.1
alias CNAME www
*.wild A 192.0.2.9
`

/** Says whether the test may run, and on the console when not. */
function needs(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !hasCommand(program))
  if (missing.length > 0) console.warn(`not installed: ${missing.join(', ')}; tests are skipped`)
  return missing.length === 0
}

describe.skipIf(!hasOpenssl)('TLS and HTTPS', () => {
  const folder = makeFolder()
  let server: TestServer
  let dot = 0
  let doh = 0

  beforeAll(async () => {
    mkdirSync(join(folder, 'zones'))
    writeFileSync(join(folder, 'zones', 'example.test.zone'), ZONE)
    const foreign = ['--dns.forward=127.0.0.1:9', '--dns.recursion-allow=192.0.2.0/24']
    const flags = [...tlsFlags(makeCertificate(folder)), ...foreign, '--listen=127.0.0.1']
    server = await TestServer.start({ flags }, folder)
    dot = portOf('tls')
    doh = portOf('https')
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  function portOf(what: string): number {
    return Number(new RegExp(`dns +\\S+:(\\d+) ${what}\\b`).exec(server.banner)?.[1])
  }

  /** What s_client says of a handshake. */
  function handshake(...args: readonly string[]): string {
    const usual = ['s_client', '-connect', `127.0.0.1:${dot}`, '-CAfile', join(folder, 'cert.pem')]
    const { stdout, stderr } = spawnSync('openssl', [...usual, ...args], {
      input: 'Q\n',
      encoding: 'utf8',
    })
    return stdout + stderr
  }

  test('openssl s_client: ALPN dot, TLS 1.2 and 1.3, nothing older', () => {
    const said = handshake('-alpn', 'dot', '-verify_hostname', 'localhost')
    expect(said).toContain('ALPN protocol: dot')
    expect(said).toContain('Verify return code: 0 (ok)')
    expect(said).toContain('TLSv1.3')
    expect(handshake('-tls1_2')).toMatch(/Protocol *: TLSv1\.2/)
    const old = handshake('-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0')
    expect(old).toMatch(/alert protocol version|unsupported protocol/)
    expect(handshake('-alpn', 'h2')).toContain('alert no application protocol')
  })

  test('openssl s_client -reconnect: a ticket is good on any worker', () => {
    const said = handshake('-tls1_2', '-reconnect')
    expect(said).toContain('TLS session ticket:')
    expect(said.match(/^Reused, TLSv1\.2/gm)).toHaveLength(5)
  })

  test.skipIf(!needs('curl'))('curl --doh-url finds a host through us', async () => {
    const url = `http://web.example.test:${server.http}/readyz`
    const ca = ['--cacert', join(folder, 'cert.pem')]
    const by = ['--doh-url', `https://localhost:${doh}/dns-query`, ...ca]
    const { stdout } = await run('curl', ['-sS', '-o', '-', '-w', ' %{http_code}', ...by, url])
    expect(stdout).toMatch(/ 200$/)
    const nobody = `http://nobody.example.test:${server.http}/readyz`
    await expect(run('curl', ['-sS', ...by, nobody])).rejects.toThrow(/curl: \(6\)/)
  })

  test.skipIf(!needs('curl'))('no header of HTTP makes a client another one', async () => {
    // www.example A, RD set. Who is of 192.0.2.0/24 is told with RA that nobody could be asked.
    const asked = Buffer.from('000001000001000000000000037777770765786d61706c650000010001', 'hex')
    const path = `dns-query?dns=${asked.toString('base64url')}`
    const lies = ['x-forwarded-for: 192.0.2.5', 'forwarded: for=192.0.2.5', 'x-real-ip: 192.0.2.5']
    const headers = lies.flatMap((line) => ['-H', line])
    const args = ['-sSk', '--http2', ...headers, `https://127.0.0.1:${doh}/${path}`]
    const { stdout } = await run('curl', args, { encoding: 'buffer' })
    expect(stdout.subarray(2, 4).toString('hex')).toBe('8105')
  })
})

describe.skipIf(!needs('delv', 'dnssec-keygen', 'dnssec-signzone'))('signatures', () => {
  const folder = makeFolder()
  let server: TestServer
  let forwarder: TestServer
  let anchors = ''

  beforeAll(async () => {
    const zones = join(folder, 'zones')
    mkdirSync(zones)
    anchors = signInto(zones)
    server = await TestServer.start({ flags: ['--listen=127.0.0.1'] }, folder)
    const flags = ['--listen=127.0.0.1', `--dns.forward=127.0.0.1:${server.dns}`]
    forwarder = await TestServer.start({ flags })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await forwarder[Symbol.asyncDispose]()
  })

  async function delv(port: number, ...words: readonly string[]): Promise<string> {
    const args = ['@127.0.0.1', '-p', String(port), '-a', anchors, '+root=example.com', ...words]
    const { stdout, stderr } = await run('delv', args)
    return stdout + stderr
  }

  test.each([
    ['a name', 'www.example.com', '; fully validated', '192.0.2.2'],
    ['an alias', 'alias.example.com', '; fully validated', '192.0.2.2'],
    ['a wildcard', 'x.wild.example.com', '; fully validated', '192.0.2.9'],
    ['no such name', 'nope.example.com', '; negative response, fully validated', 'NXDOMAIN'],
    ['no such type', 'www.example.com', '; negative response, fully validated', 'NXRRSET'],
  ])('delv believes %s from us, and through us', async (what, name, verdict, data) => {
    const type = what === 'no such type' ? 'TXT' : 'A'
    for (const { dns } of [server, forwarder]) {
      const said = await delv(dns, name, type)
      expect(said).toContain(verdict)
      expect(said).toContain(data)
    }
  })

  test('dig has signatures with DO alone, and no AD, from us and through us', async () => {
    for (const { dns } of [server, forwarder]) {
      const at = ['@127.0.0.1', '-p', String(dns), 'www.example.com']
      const signed = (await run('dig', [...at, '+dnssec'])).stdout
      const plain = (await run('dig', at)).stdout
      expect(signed).toMatch(/\sRRSIG\s+A 13 3 60 /)
      expect(plain).not.toContain('RRSIG')
      expect(plain).toContain('192.0.2.2')
      expect(signed + plain).not.toMatch(/flags:[^;]* ad/)
    }
  })
})

/** A signed example.com; what comes back is the file of its trust anchor, as delv reads it. */
function signInto(zones: string): string {
  const silent = { cwd: zones, stdio: 'ignore' } as const
  writeFileSync(join(zones, 'plain'), `$ORIGIN example.com.\n${ZONE}`)
  execFileSync('dnssec-keygen', ['-a', 'ECDSAP256SHA256', '-f', 'KSK', 'example.com'], silent)
  execFileSync('dnssec-keygen', ['-a', 'ECDSAP256SHA256', 'example.com'], silent)
  const out = join(zones, 'example.com.zone')
  execFileSync('dnssec-signzone', ['-S', '-o', 'example.com', '-f', out, 'plain'], silent)
  const keys = readdirSync(zones).filter((file) => file.endsWith('.key'))
  const records = keys.map((file) => readFileSync(join(zones, file), 'utf8'))
  const [, key = ''] = /\sDNSKEY 257 3 13 (.+)$/m.exec(records.join('\n')) ?? []
  const anchors = join(zones, 'anchors')
  writeFileSync(anchors, `trust-anchors { "example.com." static-key 257 3 13 "${key}"; };\n`)
  return anchors
}

describe.skipIf(!needs('dnsperf'))('dnsperf loses nothing', () => {
  test.each([
    ['UDP', 'udp'],
    ['TCP', 'tcp'],
  ])('over %s from the loopback, which is not limited', async (_, mode) => {
    const folder = makeFolder()
    mkdirSync(join(folder, 'zones'))
    writeFileSync(join(folder, 'zones', 'example.test.zone'), ZONE)
    const questions = join(folder, 'questions')
    writeFileSync(questions, 'www.example.test A\nnope.example.test A\nnobody.nacos A\n')
    await using server = await TestServer.start({}, folder)
    const at = ['-s', '127.0.0.1', '-p', String(server.dns), '-d', questions]
    // 3,000 questions, twenty at a time: of one client, and far above what strangers may ask.
    const { stdout } = await run('dnsperf', [
      ...at,
      '-m',
      mode,
      '-n',
      '1000',
      '-q',
      '20',
      '-c',
      '2',
    ])
    expect(stdout).toMatch(/Queries sent: +3000\n/)
    expect(stdout).toMatch(/Queries completed: +3000 \(100\.00%\)/)
    expect(stdout).toMatch(/NOERROR 1000 \(33\.33%\), NXDOMAIN 2000 \(66\.67%\)/)
  })
})
