import { encode } from 'dns-packet'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { cpuSince, readCpu } from './process.ts'
import { JUNK, type Junk, type JunkOrder } from './dns/junk-sender.ts'
import { startCairn } from './dns/subjects.ts'

/**
 * Are good queries answered beside a flood of junk? `node bench/junk.bench.ts --rate 200000`: junk
 * from 127.0.0.1, which is a stranger here, and 1,000 good queries a second from 127.0.0.2.
 */

const GOOD_PER_SECOND = 1_000
const INSTANCE = 'serviceName=orders&ip=10.0.0.7&port=8080&ephemeral=false'
const QUESTION = { name: 'orders.nacos', type: 'A' } as const
const SETTLE_MS = 500
const DISTURBED_PERCENT = 25
const TRIES_MAX = 4
const LOST_AFTER_MS = 1_000

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
  },
})
process.env['CAIRN_DNS_RRL_EXEMPT'] = '127.0.0.2/32'
const ms = Number(values.seconds) * 1_000
const cairn = await startCairn()
await using _subject = cairn.subject
const api = `http://127.0.0.1:${cairn.httpPort}/nacos/v1/ns/instance`
await fetch(`${api}?${INSTANCE}`, { method: 'POST' })
const rows: Row[] = []
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const kind of [undefined, ...JUNK]) rows.push(await measureUndisturbed(kind))
}
console.table(rows)

type Row = Readonly<Record<string, string | number>>

/** Others on the server's core make it lose what it would not: then once more, a few times. */
async function measureUndisturbed(kind: Junk | undefined): Promise<Row> {
  for (let tries = 1; ; tries++) {
    const row = await measure(kind)
    if (Number(row['waited for cpu %']) <= DISTURBED_PERCENT || tries === TRIES_MAX) return row
  }
}

async function measure(kind: Junk | undefined): Promise<Row> {
  const { dnsPort: port, subject } = cairn
  const lostBefore = readKernelDrops(port)
  const order = { port, perSecond: Number(values.rate), ms: ms + 2 * SETTLE_MS }
  const flood = kind === undefined ? undefined : startJunk({ ...order, kind })
  await sleep(SETTLE_MS)
  const cpu = readCpu(subject.pid)
  const { sent, times } = await askGood(port)
  const { run, wait } = cpuSince(subject.pid, cpu)
  const junk = (await flood) ?? 0
  return {
    junk: kind ?? 'none',
    'junk/s': Math.round(junk / ((ms + 2 * SETTLE_MS) / 1_000)),
    'good answered %': ((100 * times.length) / sent).toFixed(2),
    'p50 ms': quantile(times, 0.5),
    'p99 ms': quantile(times, 0.99),
    'server cpu %': Math.round(run / 1e6 / (ms / 100)),
    'waited for cpu %': Math.round(wait / 1e6 / (ms / 100)),
    'dropped by kernel': readKernelDrops(port) - lostBefore,
  }
}

async function startJunk(order: JunkOrder): Promise<number> {
  const worker = new Worker(new URL('./dns/junk-sender.ts', import.meta.url), { workerData: order })
  const [sent] = (await once(worker, 'message')) as [number]
  return sent
}

async function askGood(port: number): Promise<{ sent: number; times: readonly number[] }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.2')
  await once(socket, 'listening')
  socket.setRecvBufferSize(1 << 20)
  const query = encode({ type: 'query', questions: [QUESTION] })
  const leftAt = new Float64Array(1 << 16)
  const times: number[] = []
  socket.on('message', (message) => {
    const id = message.readUInt16BE(0)
    const left = leftAt[id] ?? 0
    if (left > 0 && message.readUInt16BE(6) === 1) times.push(performance.now() - left)
    leftAt[id] = 0
  })
  const started = performance.now()
  let sent = 0
  for (let now = 0; now < ms; now = performance.now() - started) {
    for (; sent < (now * GOOD_PER_SECOND) / 1_000; sent++) {
      const packet = Buffer.from(query)
      packet.writeUInt16BE(sent & 0xffff, 0)
      leftAt[sent & 0xffff] = performance.now()
      socket.send(packet, port, '127.0.0.1')
    }
    await sleep(1)
  }
  await sleep(LOST_AFTER_MS)
  socket.close()
  return { sent, times: times.toSorted((a, b) => a - b) }
}

function quantile(sorted: readonly number[], q: number): string {
  return (sorted[Math.floor(sorted.length * q)] ?? Number.NaN).toFixed(2)
}

/** What found no room in the sockets of this port. */
function readKernelDrops(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = readFileSync('/proc/net/udp', 'utf8').split('\n')
  const ours = lines.filter((line) => line.trim().split(/\s+/)[1]?.endsWith(`:${hex}`))
  return ours.reduce((sum, line) => sum + Number(line.trim().split(/\s+/).at(-1)), 0)
}
