import { encode } from 'dns-packet'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { DnsClient } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'
import { Source } from './udp-flood.ts'

const QUERY = encode({
  type: 'query',
  id: 7,
  flags: 0x100,
  questions: [{ name: 'orders.nacos', type: 'A' }],
})

async function startWithOrders(...flags: readonly string[]): Promise<TestServer> {
  const server = await TestServer.start({
    flags: ['--listen=127.0.0.1', '--dns.workers=1', ...flags],
  })
  await new NacosApi(server.url).register('orders', '10.0.0.7', 8080)
  return server
}

/** Milliseconds of `count` questions, one after the other, the fastest first. */
async function askOften(server: TestServer, count: number): Promise<readonly number[]> {
  using client = new DnsClient(server.dns)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    await client.ask('orders.nacos', 'A')
    times.push(performance.now() - started)
    await sleep(1)
  }
  return times.toSorted((a, b) => a - b)
}

function p99(times: readonly number[]): number {
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN
}

/** The best p99 of some rounds: what else the machine does is no fault of the server. */
async function bestP99(server: TestServer): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS && best >= P99_MAX_MS; round++) {
    best = Math.min(best, p99(await askOften(server, QUESTIONS)))
  }
  return best
}

async function metric(server: TestServer, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(pattern.exec(text)?.[1] ?? Number.NaN)
}

test.each([
  // The one knows patience, the other only that it was late; no buffer is full.
  ['batch', 2_000, 1_600],
  ['dgram', 4_000, 700],
])(
  'after a stall the newest are answered and old ones dropped, by %s',
  async (engine, ...load) => {
    await using server = await startWithOrders(`--dns.engine=${engine}`)
    await using source = await Source.open('127.0.0.9', server.dns)
    server.signal('SIGSTOP')
    try {
      await source.flood(...load, () => QUERY)
    } finally {
      server.signal('SIGCONT')
    }
    // At once there again, however much waited.
    using client = new DnsClient(server.dns)
    await client.ask('orders.nacos', 'A')
    await eventually(async () => {
      const dropped = await metric(server, /dropped_total\{cause="overload"\} (\d+)/)
      expect(dropped).toBeGreaterThan(0)
      // What the kernel had no room for is in neither.
      expect(source.seen.full + dropped).toBeLessThanOrEqual(source.seen.sent)
      expect(source.seen.full).toBeGreaterThan(200)
    })
  },
  20_000,
)

/** One answer in a hundred may take longer, flood or none. */
const P99_MAX_MS = 5
const ROUNDS = 3
const QUESTIONS = 1_000

test('beside clients that do not read p99 is under 5 ms', async () => {
  await using server = await startWithOrders()
  const framed = Buffer.concat([Buffer.from([0, QUERY.length]), QUERY])
  const many = Buffer.concat(Array.from({ length: 500 }, () => framed))
  const slow = await Promise.all(Array.from({ length: 40 }, () => open(server.dns)))
  for (const socket of slow) {
    socket.pause()
    for (let i = 0; i < 20; i++) socket.write(many)
  }
  const flooded = await bestP99(server)
  for (const socket of slow) socket.destroy()
  expect(flooded).toBeLessThan(P99_MAX_MS)
}, 30_000)

test('a flood of silent connections is bounded, and p99 of UDP under 5 ms beside it', async () => {
  await using server = await startWithOrders('--dns.tcp-connections-per-client-max=1000')
  const sockets: Socket[] = []
  const flood = setInterval(() => {
    const socket = connect({ port: server.dns, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    sockets.push(socket)
  }, 1)
  const flooded = await bestP99(server)
  clearInterval(flood)
  const open = await metric(server, /tcp_connections\{proto="tcp"\} (\d+)/)
  const accepted = await metric(server, /tcp_accepted_total\{proto="tcp"\} (\d+)/)
  for (const socket of sockets) socket.destroy()
  expect(open).toBeLessThanOrEqual(1_000)
  expect(accepted).toBeGreaterThan(500)
  expect(flooded).toBeLessThan(P99_MAX_MS)
}, 30_000)

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}
