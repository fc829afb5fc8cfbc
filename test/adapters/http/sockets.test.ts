import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { millis } from '../../../src/kernel/ids.ts'
import { DEFAULT_HTTP_LIMITS } from '../../../src/adapters/http/front.ts'
import { HttpWorld } from './world.ts'

const NS = '/nacos/v1/ns'
const QUICK = {
  ...DEFAULT_HTTP_LIMITS,
  headersMs: millis(100),
  requestMs: millis(200),
}

/** A half-open socket stays when the server says goodbye, as that of a stubborn client. */
async function open(world: HttpWorld, allowHalfOpen = false): Promise<Socket> {
  await world.server.listen({ host: '127.0.0.1', port: 0 })
  const address = world.server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen })
  // A reset while we still write is what the answer must survive; it shows in what was read.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends the pieces and reads until `enough` or the end. */
async function talk(socket: Socket, pieces: readonly string[], enough = /$^/): Promise<string> {
  let read = ''
  for (const piece of pieces) socket.write(piece)
  for await (const chunk of socket) {
    read += String(chunk)
    if (enough.test(read)) break
  }
  return read
}

function request(line: string, body = '', headers = ''): string {
  return `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`
}

test('a query of one megabyte is refused with 431 and the way out', async () => {
  await using world = new HttpWorld()
  const query = 'a'.repeat(1_048_576)
  const text = await talk(await open(world), [
    request(`GET ${NS}/instance/list?serviceName=${query}`),
  ])
  expect(text).toMatch(/^HTTP\/1\.1 431 /)
  expect(text).toMatch(/Connection: close\r\n/)
  expect(text).toMatch(/exceed 65536 bytes: send the parameters as a form in the body\n$/)
  expect(world.observed).toEqual(['OTHER unparsed 431 true'])
})

test.each([
  ['no HTTP at all', 'HELLO\r\n\r\n'],
  ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\r\n'],
  ['HTTP of another version', 'GET / HTTP/9.9\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['raw UTF-8 in the URL', 'GET /nacos?a=\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a header without colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n'],
])('%s is refused with 400, and the connection ends', async (_name, bytes) => {
  await using world = new HttpWorld()
  const text = await talk(await open(world), [bytes])
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(text).not.toMatch(/\n\s+at |\/src\//)
})

test.each([
  ['half a request line', ['GET /nacos']],
  ['half a header', ['GET / HTTP/1.1\r\nHost: x\r\nUser-Ag']],
  ['half a body', [`POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc`]],
])('%s times out with 408', async (_name, pieces) => {
  await using world = new HttpWorld({ limits: QUICK })
  expect(await talk(await open(world), pieces)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  expect(world.faults).toEqual([])
})

test('a client that goes away in the middle of its body does no harm', async () => {
  await using world = new HttpWorld()
  const socket = await open(world)
  socket.write(`POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc`)
  socket.destroy()
  await once(socket, 'close')
  expect(await world.text('GET /livez')).toBe('ok')
  expect(world.faults).toEqual([])
})

test('a beat that was cut off is refused, and the connection goes on', async () => {
  await using world = new HttpWorld()
  const form = 'serviceName=x&beat={"ip":"1.1.1.1","po'
  const cut = request(`PUT ${NS}/instance/beat`, form)
  const text = await talk(await open(world), [cut, request('GET /livez')], /ok$/)
  expect(text).toMatch(/^HTTP\/1\.1 400 [^]*Param 'beat' is illegal[^]*HTTP\/1\.1 200 OK[^]*ok$/)
})

test('a body over the limit is answered while it is still being sent', async () => {
  await using world = new HttpWorld({ limits: { ...DEFAULT_HTTP_LIMITS, bodyBytesMax: 1_000 } })
  const head = `POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n`
  const pieces = [head, ...Array.from({ length: 40 }, () => 'x'.repeat(100_000))]
  const socket = await open(world)
  const text = await talk(socket, [...pieces, request('GET /livez')], /ok$/)
  expect(text).toMatch(/^HTTP\/1\.1 413 [^]*exceeds 1000 bytes[^]*HTTP\/1\.1 200 OK[^]*ok$/)
})

test('chunks over the limit are refused too', async () => {
  await using world = new HttpWorld({ limits: { ...DEFAULT_HTTP_LIMITS, bodyBytesMax: 1_000 } })
  const head = `POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
  const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`
  const text = await talk(await open(world), [head, chunk, chunk, '0\r\n\r\n'], /bytes$/)
  expect(text).toMatch(/^HTTP\/1\.1 413 /)
})

test('without a User-Agent, Client-Version says who asks', async () => {
  await using world = new HttpWorld()
  const line = `PUT ${NS}/instance?serviceName=x&ip=1.1.1.1&port=80`
  const asJava = request(line, '', 'Client-Version: Nacos-Java-Client:v1.0.0\r\n')
  const text = await talk(await open(world), [asJava, request(line)], /ok$/)
  expect(text).toMatch(/^HTTP\/1\.1 400 [^]*service not found, [^]*HTTP\/1\.1 200 OK[^]*ok$/)
})

test('many requests share one connection', async () => {
  await using world = new HttpWorld()
  const requests = Array.from({ length: 2_000 }, () => request('GET /livez'))
  const socket = await open(world)
  const text = await talk(socket, [...requests, request('GET /nacos/serverlist')], /8848$/)
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2_001)
})

test('a refused client that will not hang up is cut off after a second', async () => {
  await using world = new HttpWorld()
  const accepted = once(world.server.server, 'connection')
  const socket = await open(world, true)
  const [served] = (await accepted) as [Socket]
  socket.write('HELLO\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
  world.clock.pass(999)
  expect(served.destroyed).toBe(false)
  world.clock.pass(1)
  expect(served.destroyed).toBe(true)
  socket.destroy()
})

test('closing the server ends idle connections at once', async () => {
  const world = new HttpWorld()
  const socket = await open(world)
  socket.write(request('GET /livez'))
  await once(socket, 'data')
  const ended = once(socket, 'close')
  await world[Symbol.asyncDispose]()
  await ended
  expect(world.server.server.listening).toBe(false)
})
