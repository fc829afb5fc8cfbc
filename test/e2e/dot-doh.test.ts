import { decode, encode } from 'dns-packet'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpenssl, makeCertificate, tlsFlags } from './certificate.ts'
import { eventually, makeFolder, runCairn, TestServer } from './server.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www 77 A 192.0.2.2
www 99 A 192.0.2.3
`
const run = promisify(execFile)

function has(program: string): boolean {
  return spawnSync(program, ['-V']).error === undefined
}

const NOTICE = '(skipped without openssl)'

describe.skipIf(!hasOpenssl)(`DNS over TLS and HTTPS ${NOTICE}`, () => {
  const folder = makeFolder()
  let server: TestServer
  let dot = 0
  let doh = 0
  let ca = ''

  beforeAll(async () => {
    mkdirSync(join(folder, 'zones'))
    writeFileSync(join(folder, 'zones', 'example.test.zone'), ZONE)
    const files = makeCertificate(folder)
    ca = files.cert
    const quick = ['--dns.tcp-idle=1s', '--dns.tcp-message-timeout=1s']
    const flags = [...tlsFlags(files), ...quick, '--listen=127.0.0.1', '--dns.workers=2']
    server = await TestServer.start({ flags }, folder)
    dot = portIn(server.banner, 'tls')
    doh = portIn(server.banner, 'https')
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  test.skipIf(!has('kdig'))('kdig +tls, certificate checked, padded', async () => {
    const tls = ['+tls-ca=' + ca, '+tls-hostname=localhost']
    const said = await dig('kdig', dot, [...tls, '+padding', 'www.example.test'])
    expect(said).toContain('TLS session (TLS1.3)')
    expect(said).toContain('192.0.2.2')
    expect(said).toMatch(/PADDING: \d+ B/)
    expect(said).toContain('Received 468 B')
  })

  test.skipIf(!has('kdig'))('kdig +tls without padding gets none', async () => {
    const said = await dig('kdig', dot, ['+tls', '+nopadding', 'www.example.test'])
    expect(said).not.toContain('PADDING')
    expect(said).toContain('192.0.2.2')
  })

  test.skipIf(!has('kdig'))('kdig +https by POST and by GET', async () => {
    const tls = ['+https=/dns-query', '+tls-ca=' + ca, '+tls-hostname=localhost']
    const posted = await dig('kdig', doh, [...tls, 'www.example.test'])
    expect(posted).toContain('HTTP/2-POST')
    expect(posted).toContain('192.0.2.2')
    const got = await dig('kdig', doh, [...tls, '+https-get', 'www.example.test'])
    expect(got).toContain('HTTP/2-GET')
    expect(got).toContain('192.0.2.2')
  })

  test.skipIf(!has('dig'))('dig +tls and dig +https', async () => {
    for (const [port, how] of [
      [dot, '+tls'],
      [doh, '+https'],
    ] as const) {
      const said = await dig('dig', port, [how, 'www.example.test'])
      expect(said).toContain('192.0.2.2')
      expect(said).toMatch(/COOKIE: [0-9a-f]{48} \(good\)/)
    }
  })

  test.skipIf(!has('curl'))('curl over HTTP/2 and HTTP/1.1', async () => {
    const dns = question('www.example.test').toString('base64url')
    const url = `https://localhost:${doh}/dns-query?dns=${dns}`
    for (const [version, line] of [
      ['--http2', 'HTTP/2 200'],
      ['--http1.1', 'HTTP/1.1 200 OK'],
    ] as const) {
      const { stdout } = await run('curl', ['-sS', version, '--cacert', ca, '-D', '-', url])
      expect(stdout).toContain(line)
      expect(stdout).toContain('content-type: application/dns-message')
      // The smaller TTL of the two records.
      expect(stdout).toContain('cache-control: max-age=77')
    }
  })

  test.each([
    ['www.example.test', 200, '77'],
    ['nope.example.test', 200, '30'],
    ['other.invalid', 200, '0'],
  ])('%s may be kept for as long as it is good', async (name, status, seconds) => {
    const answer = await ask(`/dns-query?dns=${question(name).toString('base64url')}`)
    expect(answer.status).toBe(status)
    expect(answer.headers['cache-control']).toBe(`max-age=${seconds}`)
  })

  const TYPE = { 'content-type': 'application/dns-message' }
  test.each([
    ['another path', { path: '/' }, 404],
    ['no message', {}, 400],
    ['padded base64', { path: '/dns-query?dns=AAA%3D' }, 400],
    ['a message that is none', { path: '/dns-query?dns=AAAA' }, 400],
    ['another method', { method: 'PUT', headers: TYPE, body: 'x' }, 405],
    ['another type', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }, 415],
    ['no type', { method: 'POST', body: 'x' }, 415],
    ['too long', { method: 'POST', headers: TYPE, body: 'x'.repeat(65_536) }, 413],
    ['junk', { method: 'POST', headers: TYPE, body: 'x' }, 400],
  ])('%s is refused', async (_, how: RequestParts, status) => {
    expect((await ask('/dns-query', how)).status).toBe(status)
    const { path = '/dns-query', method = 'GET', headers = {}, body = '' } = how
    const asked = { ':path': path, ':method': method, ...headers }
    expect((await askHttp2(doh, asked, Buffer.from(body))).status).toBe(status)
  })

  test('a message of the greatest length is taken', async () => {
    const start = question('www.example.test')
    const body = Buffer.concat([start, Buffer.alloc(65_535 - start.length)])
    const { status } = await ask('/dns-query', { method: 'POST', headers: TYPE, body })
    expect(status).toBe(200)
  })

  test('a hundred questions on one HTTP/2 connection', async () => {
    const session = connectHttp2(`https://localhost:${doh}`, { ca: readFileSync(ca) })
    const asked = Array.from({ length: 100 }, () =>
      send(
        session,
        { ':path': '/dns-query', ':method': 'POST', ...TYPE },
        question('www.example.test'),
      ),
    )
    for (const { status, body } of await Promise.all(asked)) {
      expect(status).toBe(200)
      expect(decode(body).answers).toHaveLength(2)
    }
    session.close()
  })

  test('a body that does not end is cut, however busy its connection is', async () => {
    const session = connectHttp2(`https://localhost:${doh}`, { ca: readFileSync(ca) })
    session.on('error', () => undefined)
    const unfinished = session.request({ ':path': '/dns-query', ':method': 'POST', ...TYPE })
    unfinished.on('error', () => undefined)
    unfinished.write('x')
    const started = performance.now()
    const path = `/dns-query?dns=${question('www.example.test').toString('base64url')}`
    await eventually(async () => {
      const { status } = await send(session, { ':path': path }, Buffer.alloc(0))
      expect(status).toBe(200)
      expect(unfinished.closed).toBe(true)
      // Longer than silence, or one request, may last: the connection itself is in order.
      expect(performance.now() - started).toBeGreaterThan(2_000)
    }, 4_000)
    expect(session.closed).toBe(false)
    session.close()
  })

  test('TLS is 1.2 at least, and the protocol is dot or none', async () => {
    await expect(handshake(dot, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow()
    await expect(handshake(dot, { ALPNProtocols: ['h2'] })).rejects.toThrow()
    const named = await handshake(dot, { ALPNProtocols: ['dot'] })
    expect(named.alpnProtocol).toBe('dot')
    named.destroy()
    const nameless = await handshake(dot, { maxVersion: 'TLSv1.2' })
    expect(nameless.getProtocol()).toBe('TLSv1.2')
    nameless.destroy()
  })

  test('a session is resumed, whichever worker takes the connection', async () => {
    const first = await handshake(dot, { maxVersion: 'TLSv1.2' })
    const session = first.getSession()
    first.destroy()
    for (let i = 0; i < 8; i++) {
      const again = await handshake(dot, { maxVersion: 'TLSv1.2', session })
      expect(again.isSessionReused()).toBe(true)
      again.destroy()
    }
  })

  test('three questions in one write, answered; a half-close does not cut them', async () => {
    const socket = await handshake(dot)
    const asked = framed(question('www.example.test'))
    socket.end(Buffer.concat([asked, asked, asked]))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    const all = Buffer.concat(chunks)
    const one = all.readUInt16BE(0) + 2
    expect(all.length).toBe(3 * one)
    expect(decode(all.subarray(2, one)).answers).toHaveLength(2)
  })

  test('who does not finish, or says nothing, is cut', async () => {
    const silent = connectTcp(dot, '127.0.0.1')
    const half = await handshake(dot)
    half.write(framed(question('www.example.test')).subarray(0, 5))
    const idle = await handshake(dot)
    const idleHttp = await handshake(doh, { ALPNProtocols: ['h2'] })
    const sockets = [silent, half, idle, idleHttp]
    for (const socket of sockets) socket.on('error', () => undefined).resume()
    const started = performance.now()
    await Promise.all(sockets.map((socket) => once(socket, 'close')))
    expect(performance.now() - started).toBeLessThan(4_000)
  })

  test('who leaves during the handshake leaves no place taken', async () => {
    for (const port of [dot, doh]) {
      // The client has all it needs for this event before the server has.
      for (let i = 0; i < 20; i++) (await handshake(port)).destroy()
      const halves = Array.from({ length: 10 }, () => connectTcp(port, '127.0.0.1'))
      await Promise.all(halves.map((socket) => once(socket, 'connect')))
      for (const socket of halves) socket.on('error', () => undefined).end('half a hello')
    }
    await eventually(async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text()
      expect(metrics).toMatch(/cairn_dns_tcp_connections\{proto="dot"\} 0/)
      expect(metrics).toMatch(/cairn_dns_tcp_connections\{proto="doh"\} 0/)
    }, 900)
  })

  test('one client has at most so many connections, handshakes included', async () => {
    const sockets = Array.from({ length: 120 }, () =>
      connectTcp(dot, '127.0.0.1').on('error', () => undefined),
    )
    await eventually(() => {
      const cut = sockets.filter((socket) => socket.closed || socket.readableEnded)
      // 50 per worker and address; the kernel shares connections out between two.
      expect(cut.length).toBeGreaterThanOrEqual(20)
    })
    for (const socket of sockets) socket.destroy()
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/cairn_dns_tcp_refused_total\{proto="dot"\} [1-9]/)
    await eventually(async () => {
      const again = await handshake(dot)
      again.destroy()
    })
  })

  test('answers are counted as what they were carried by', async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    for (const proto of ['dot', 'doh']) {
      expect(metrics).toMatch(
        new RegExp(
          `cairn_dns_responses_total\\{proto="${proto}",type="A",rcode="NOERROR"\\} [1-9]`,
        ),
      )
    }
  })

  test('a new certificate is shown after SIGHUP, a broken one changes nothing', async () => {
    expect(await organizationAt(dot)).toBe('first')
    const kept = await handshake(dot)
    makeCertificate(folder, 'second')
    server.signal('SIGHUP')
    await server.logged('tls_certificate_changed')
    await eventually(async () => {
      expect(await organizationAt(dot)).toBe('second')
      expect(await organizationAt(doh)).toBe('second')
    })
    // Who was there before is still served.
    kept.write(framed(question('www.example.test')))
    const [answer] = (await once(kept, 'data')) as [Buffer]
    expect(decode(answer.subarray(2)).answers).toHaveLength(2)
    kept.destroy()
    writeFileSync(ca, 'no certificate')
    server.signal('SIGHUP')
    await server.logged('tls_certificate_refused')
    expect(await organizationAt(dot)).toBe('second')
    makeCertificate(folder, 'third')
    // Without a signal: the files are looked at every five seconds.
    await eventually(async () => expect(await organizationAt(doh)).toBe('third'), 8_000)
  }, 20_000)

  async function ask(usual: string, how: RequestParts = {}): Promise<HttpAnswer> {
    const { path = usual, method = 'GET', headers = {}, body = '' } = how
    const done = Promise.withResolvers<HttpAnswer>()
    const asked = requestHttps(
      { host: 'localhost', port: doh, path, method, headers, ca: readFileSync(ca) },
      (response) => {
        response.resume()
        response.once('end', () => {
          done.resolve({ status: response.statusCode ?? 0, headers: response.headers })
        })
      },
    )
    asked.once('error', done.reject)
    asked.end(body)
    return await done.promise
  }
})

test.skipIf(!hasOpenssl)(`a certificate that is none stops the start ${NOTICE}`, async () => {
  const folder = makeFolder()
  try {
    const files = makeCertificate(folder)
    writeFileSync(files.cert, 'no certificate')
    const { code, stderr } = await runCairn([...tlsFlags(files), '--http.port=0', '--dns.port=0'])
    expect(code).toBe(78)
    expect(stderr).toMatch(/^cairn: dns\.tls_cert .* with dns\.tls_key .*: .+\n$/m)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

interface RequestParts {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface HttpAnswer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
}

function question(name: string): Buffer {
  return encode({ type: 'query', id: 0, flags: 0x100, questions: [{ name, type: 'A' }] })
}

function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}

function portIn(banner: string, what: string): number {
  return Number(new RegExp(`dns +\\S+:(\\d+) ${what}\\b`).exec(banner)?.[1])
}

async function dig(program: string, port: number, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, ['@127.0.0.1', '-p', String(port), ...args])
  return stdout
}

async function handshake(port: number, how: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...how })
  await once(socket, 'secureConnect')
  return socket
}

async function organizationAt(port: number): Promise<string> {
  const socket = await handshake(port)
  const { O: organization } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(organization)
}

interface Http2Answer {
  readonly status: number
  readonly body: Buffer
}

async function askHttp2(
  port: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<Http2Answer> {
  const session = connectHttp2(`https://localhost:${port}`, { rejectUnauthorized: false })
  session.on('error', () => undefined)
  try {
    return await send(session, headers, body)
  } finally {
    session.close()
  }
}

async function send(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body.length === 0 })
  const done = Promise.withResolvers<Http2Answer>()
  const chunks: Buffer[] = []
  let status = 0
  stream.on('response', (got) => (status = Number(got[':status'])))
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  // After a refusal the rest of a body is not wanted any more.
  stream.on('error', () => done.resolve({ status, body: Buffer.concat(chunks) }))
  stream.on('close', () => done.resolve({ status, body: Buffer.concat(chunks) }))
  if (body.length > 0) stream.end(body)
  return await done.promise
}
