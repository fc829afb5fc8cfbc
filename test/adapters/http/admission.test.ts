import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  Admission,
  DEFAULT_ADMISSION_LIMITS,
  type AdmissionLimits,
} from '../../../src/adapters/http/admission.ts'
import { BODY_FREE_BYTES } from '../../../src/adapters/http/body-budget.ts'
import { HttpWorld } from './world.ts'

const NS = '/nacos/v1/ns'
const MIB = 2 ** 20
const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'
const BUSY = /^HTTP\/1\.1 503 [^]*onnection: close\r\n[^]*under way \(http\.bodies_max\)/

function admissionOf(limits: Partial<AdmissionLimits>): Admission {
  return new Admission({ ...DEFAULT_ADMISSION_LIMITS, ...limits })
}

async function listen({ server }: HttpWorld): Promise<number> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** What comes until `enough`, or until the other side closes. */
async function read(socket: Socket, enough = /$^/): Promise<string> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (enough.test(text)) break
  }
  return text
}

async function isServed(socket: Socket): Promise<boolean> {
  socket.write(LIVEZ)
  return (await read(socket, /ok$/)).startsWith('HTTP/1.1 200 ')
}

function post(bytes: number, sent: number): string {
  const head = `POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`
  return head + 'x'.repeat(sent)
}

test.each([
  ['connections', { connectionsMax: 2 }],
  ['client', { connectionsPerClientMax: 2 }],
])('a connection too many is closed and counted as %s', async (cause, limits) => {
  const admission = admissionOf(limits)
  await using world = new HttpWorld({ admission })
  const port = await listen(world)
  const [first, second] = [await open(port), await open(port)]
  expect([await isServed(first), await isServed(second)]).toEqual([true, true])
  expect(await isServed(await open(port))).toBe(false)
  expect(admission.read().connections).toBe(2)
  expect(new Map(admission.read().refused).get(cause)).toBe(1)
  first.destroy()
  await expect.poll(() => admission.read().connections).toBe(1)
  const third = await open(port)
  expect(await isServed(third)).toBe(true)
  second.destroy()
  third.destroy()
})

test('the servers of one process count their connections together', async () => {
  const admission = admissionOf({ connectionsMax: 1 })
  await using one = new HttpWorld({ admission })
  await using two = new HttpWorld({ admission })
  const first = await open(await listen(one))
  expect(await isServed(first)).toBe(true)
  expect(await isServed(await open(await listen(two)))).toBe(false)
  expect(new Map(admission.read().refused).get('connections')).toBe(1)
  first.destroy()
})

test('bodies under way share a budget; a large one above it hears why, a small one is read', async () => {
  const admission = admissionOf({ bodiesBytesMax: 4 * MIB })
  await using world = new HttpWorld({ admission })
  const port = await listen(world)
  const holder = await open(port)
  holder.write(post(9 * MIB, 3.5 * MIB))
  await expect.poll(() => admission.bodyBytes).toBeGreaterThan(3.4 * MIB)
  const large = await open(port)
  large.write(post(8 * MIB, 8 * MIB))
  expect(await read(large)).toMatch(BUSY)
  expect(new Map(admission.read().refused).get('bodies')).toBe(1)
  const form = 'serviceName=x&ip=1.1.1.1&port=80'
  const small = await open(port)
  small.write(post(form.length, 0) + form)
  expect(await read(small, /ok$/)).toMatch(/^HTTP\/1\.1 200 /)
  holder.destroy()
  small.destroy()
  await expect.poll(() => admission.bodyBytes).toBe(0)
  expect(world.faults).toEqual([])
  expect(world.observed).toContain('POST /nacos/v1/ns/instance 503 true')
})

test('a refused body is let go of before it ends', async () => {
  const admission = admissionOf({ bodiesBytesMax: MIB })
  await using world = new HttpWorld({ admission })
  const socket = await open(await listen(world))
  socket.write(post(9 * MIB, 2 * MIB))
  expect(await read(socket, /later\n$/)).toMatch(BUSY)
  expect(admission.bodyBytes).toBe(0)
  expect(admission.read().connections).toBe(1)
  socket.destroy()
})

test('a body in pieces of one byte counts for what the pieces cost', async () => {
  const admission = admissionOf({ bodiesBytesMax: MIB })
  await using world = new HttpWorld({ admission })
  const socket = await open(await listen(world))
  const head = `POST ${NS}/instance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
  socket.write(head + '1\r\nx\r\n'.repeat(10_000) + '0\r\n\r\n')
  expect(await read(socket)).toMatch(BUSY)
})

test('a body that is too large, cut off or of an unknown path gives back what it took', async () => {
  const admission = admissionOf({})
  await using world = new HttpWorld({ admission })
  const port = await listen(world)
  const sockets = await Promise.all([open(port), open(port), open(port)])
  const [tooLarge, unknown, pipelined] = sockets
  const body = 'x'.repeat(MIB)
  tooLarge?.write(post(11 * MIB, MIB))
  unknown?.write(`POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * MIB}\r\n\r\n${body}`)
  pipelined?.write(`GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n${post(2 * MIB, MIB)}`)
  await expect.poll(() => admission.bodyBytes).toBeGreaterThan(MIB - BODY_FREE_BYTES)
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => admission.bodyBytes).toBe(0)
  expect(world.faults).toEqual([])
})

test('an answer that nobody reads does not hold its connection for ever', () => {
  const world = new HttpWorld()
  expect(world.server.server.timeout).toBe(60_000)
})
