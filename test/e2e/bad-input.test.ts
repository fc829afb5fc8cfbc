import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askOverTcp, DnsClient, rcodeOf } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/** What mistaken and malicious clients send: a clear answer, and nothing else changes. */

let server: TestServer
let api: NacosApi
let before: string

/** Names, addresses, weights and health of all that is registered. */
async function registry(): Promise<string> {
  const list = JSON.parse(
    await api.call('GET', '/nacos/v1/ns/service/list?pageNo=1&pageSize=1000'),
  ) as { doms: readonly string[] }
  const hosts = await Promise.all(list.doms.map((name) => api.listed(name)))
  return JSON.stringify({ list, hosts })
}

beforeAll(async () => {
  server = await TestServer.start()
  api = new NacosApi(server.url)
  for (let i = 1; i <= 20; i++) {
    await api.register(`steady-${i % 4}`, `10.0.0.${i}`, 80, '&ephemeral=false')
  }
  before = await registry()
})

afterAll(async () => await server[Symbol.asyncDispose]())

/** Nothing is lost, both fronts answer, and nobody was woken. */
async function expectUnharmed(): Promise<void> {
  expect(await registry()).toBe(before)
  using dns = new DnsClient(server.dns)
  const { answers = [] } = await dns.ask('_all.steady-1.nacos', 'A')
  expect(answers).toHaveLength(5)
  expect(rcodeOf(await askOverTcp(server.dns, 'nobody.nacos', 'A'))).toBe('NXDOMAIN')
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([])
}

const INSTANCE = '/nacos/v1/ns/instance'

test.each<readonly [what: string, method: string, path: string, status: number, says: string]>([
  ['no service name', 'POST', `${INSTANCE}?ip=10.9.9.9&port=80`, 400, "'serviceName'"],
  ['no address', 'POST', `${INSTANCE}?serviceName=a&port=80`, 400, "'ip'"],
  ['port 65536', 'POST', `${INSTANCE}?serviceName=a&ip=10.9.9.9&port=65536`, 400, 'port'],
  ['port -1', 'POST', `${INSTANCE}?serviceName=a&ip=10.9.9.9&port=-1`, 400, 'port'],
  ['port eighty', 'POST', `${INSTANCE}?serviceName=a&ip=10.9.9.9&port=eighty`, 400, 'eighty'],
  [
    'a name of 513 characters',
    'POST',
    `${INSTANCE}?serviceName=${'a'.repeat(513)}&ip=10.9.9.9&port=80`,
    400,
    'serviceName',
  ],
  [
    'a group of 129 characters',
    'POST',
    `${INSTANCE}?serviceName=a&groupName=${'g'.repeat(129)}&ip=10.9.9.9&port=80`,
    400,
    'group',
  ],
  [
    'metadata that breaks off',
    'POST',
    `${INSTANCE}?serviceName=a&ip=10.9.9.9&port=80&metadata=${encodeURIComponent('{"a":"b')}`,
    400,
    'metadata',
  ],
  [
    'a beat that breaks off',
    'PUT',
    `${INSTANCE}/beat?serviceName=DEFAULT_GROUP@@a&beat=${encodeURIComponent('{"ip":"10.9.')}`,
    400,
    'beat',
  ],
  ['an unknown path', 'GET', '/nacos/v1/ns/nothing', 501, 'nothing'],
  ['a path that is no URL', 'GET', '/nacos/%E0%A4%A', 400, ''],
])('%s is refused with a reason', async (_what, method, path, status, says) => {
  const response = await fetch(server.url + path, { method })
  const text = await response.text()
  expect({ status: response.status, text }).toMatchObject({ status })
  expect(text).toContain(says)
  expect(text).not.toMatch(/\bat .*\.ts:\d+/)
  await expectUnharmed()
})

/** Writes to the HTTP port and reads until the server closes, or has said enough. */
async function speak(text: string | Buffer): Promise<string> {
  const socket = connect(server.http, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')))
  socket.write(text)
  await Promise.race([once(socket, 'close'), sleep(3_000)])
  socket.destroy()
  return heard
}

test('a query string of 1 MiB is answered 431', async () => {
  const long = 'a'.repeat(2 ** 20)
  const heard = await speak(`GET ${INSTANCE}/list?serviceName=${long} HTTP/1.1\r\nhost: a\r\n\r\n`)
  expect(heard).toMatch(/^HTTP\/1\.1 431 /)
  await expectUnharmed()
})

test('garbage on the HTTP port is answered 400 or closed', async () => {
  const garbage = [randomBytes(4_096), '\u0016\u0003\u0001\u0002\u0000TLS?\r\n\r\n', '\r\n\r\n\r\n']
  for (const text of [...garbage, 'GET / HTTP/9.9\r\n\r\n', 'GET  HTTP/1.1\r\nhost\r\n\r\n']) {
    const heard = await speak(text)
    if (heard !== '') expect(heard).toMatch(/^HTTP\/1\.1 4\d\d /)
  }
  await expectUnharmed()
})

test('a body that is cut off changes nothing', async () => {
  const head = `POST ${INSTANCE} HTTP/1.1\r\nhost: a\r\ncontent-length: 400\r\n\r\n`
  const socket = connect(server.http, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${head}serviceName=cut&ip=10.9.9.9&port=80`)
  await sleep(50)
  socket.destroy()
  await expectUnharmed()
})

test('random datagrams are dropped or answered as an error, and do no harm', async () => {
  const socket = createSocket('udp4')
  let answers = 0
  const codes = new Set<number>()
  socket.on('message', (message) => {
    answers++
    codes.add(message.readUInt8(3) & 15)
  })
  for (let i = 0; i < 5_000; i++) {
    const bytes = randomBytes(i % 600)
    // Half of them look like queries as far as the header goes.
    if (i % 2 === 0 && bytes.length >= 12) bytes.set([0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 2)
    socket.send(bytes, server.dns, '127.0.0.1')
    if (i % 200 === 0) await sleep(1)
  }
  await eventually(() => expect(answers).toBeGreaterThan(100))
  // FORMERR, NOTIMP, REFUSED, BADVERS and the like; never SERVFAIL, which would be our fault.
  expect(codes.has(2)).toBe(false)
  socket.close()
  await expectUnharmed()
})

test('half a TCP message holds nobody up, and random ones end their connection', async () => {
  const half = connect(server.dns, '127.0.0.1')
  await once(half, 'connect')
  half.write(Buffer.from([0, 40, 1, 2, 3]))
  for (let i = 0; i < 50; i++) {
    const socket = connect(server.dns, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.end(randomBytes(i * 40))
    socket.resume()
    await Promise.race([once(socket, 'close'), sleep(2_000)])
    socket.destroy()
  }
  await expectUnharmed()
  half.destroy()
}, 30_000)
