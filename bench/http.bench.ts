import { parseArgs } from 'node:util'

import { formatTable, median, percent, record, round, type Row, thousands } from './dns/report.ts'
import { type Cairn, startCairn } from './dns/subjects.ts'
import { DISTURBED, measureUndisturbed } from './dns/meter.ts'
import { type HttpMeasured, type Kind, KINDS, loadHttp } from './http/load.ts'
import { populate } from './http/populate.ts'
import { cpuSince, describeMachine, pinSelf, readCpu, readRss, sleep } from './process.ts'

/** `node bench/http.bench.ts --help`. The server on one core, the clients on the other. */

const HELP = `node bench/http.bench.ts [options]
  --rounds 5          every kind once per round
  --seconds 3         measured per kind and round, after a warm-up of 1 s
  --services 10000    with one instance each
  --connections 64    keep-alive, one request at a time each
  --kind register,beat-full,beat-light,list
  --memory            instead: 100,000 instances in 10,000 services, and what they cost
  --record            append the rows to bench/README.md
`

interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly services: number
  readonly connections: number
  readonly kinds: readonly Kind[]
  readonly isMemory: boolean
  readonly isRecorded: boolean
}

async function main(): Promise<void> {
  const plan = readPlan()
  if (plan === undefined) return
  await pinSelf()
  console.error(describeMachine())
  await using running = new AsyncDisposableStack()
  const cairn = await startCairn()
  running.use(cairn.subject)
  const rows = plan.isMemory ? await weigh(cairn) : await shootAll(cairn, plan)
  console.log(formatTable(rows))
  if (plan.isRecorded) await record(plan.isMemory ? 'Memory' : 'HTTP', rows)
}

async function shootAll(cairn: Cairn, plan: Plan): Promise<Row[]> {
  const results = new Map<Kind, HttpMeasured[]>(plan.kinds.map((kind) => [kind, []]))
  const { httpPort, subject } = cairn
  const { seconds, services, connections } = plan
  for (let i = 1; i <= plan.rounds; i++) {
    // Ephemeral instances go after 30 s without a beat: each round begins with all of them.
    await populate(httpPort, { services, instances: 'ephemeral', perService: 1 })
    for (const [kind, measured] of results) {
      const load = { kind, httpPort, pid: subject.pid, seconds, services, connections }
      const one = await measureUndisturbed(() => loadHttp({ ...load, warmupSeconds: 1 }))
      measured.push(one)
      console.error(`${kind} ${i}: ${JSON.stringify(toRow(kind, [one]))}`)
      if (one.errors > 0) process.exitCode = 1
    }
  }
  return plan.kinds.map((kind) => toRow(kind, results.get(kind) ?? []))
}

function toRow(kind: Kind, all: readonly HttpMeasured[]): Row {
  const quiet = all.filter((m) => m.disturbed <= DISTURBED)
  const measured = quiet.length > 0 ? quiet : all
  const middle = (pick: (m: HttpMeasured) => number): number => median(measured.map((m) => pick(m)))
  return {
    request: kind,
    'req/s': thousands(middle((m) => m.requests / m.seconds)),
    'µs CPU/request': round(
      middle((m) => m.cpu.run / 1_000 / m.requests),
      1,
    ),
    'p50 ms': round(
      middle((m) => m.p50),
      0,
    ),
    'p99 ms': round(
      middle((m) => m.p99),
      0,
    ),
    busy: percent(middle((m) => m.cpu.run / 1e9 / m.seconds)),
    disturbed: percent(middle((m) => m.disturbed)),
    rounds: String(measured.length),
    errors: String(all.reduce((sum, m) => sum + m.errors, 0)),
  }
}

const MEMORY = { services: 10_000, perService: 10 } as const
const SETTLE_MS = 5_000
const IDLE_MS = 10_000

async function weigh(cairn: Cairn): Promise<Row[]> {
  const { pid, readyMs } = cairn.subject
  await sleep(SETTLE_MS)
  const emptyRss = readRss(pid)
  const emptyIdle = await readIdle(pid)
  const before = readCpu(pid)
  const started = performance.now()
  await populate(cairn.httpPort, { ...MEMORY, instances: 'persistent' })
  const ms = performance.now() - started
  const count = MEMORY.services * MEMORY.perService
  const micros = cpuSince(pid, before).run / 1_000 / count
  const rssAtEnd = readRss(pid)
  await sleep(SETTLE_MS)
  const fullRss = readRss(pid)
  const fullIdle = await readIdle(pid)
  return [
    { what: 'start until ready, ms', value: round(readyMs, 0) },
    { what: 'RSS, empty registry, MB', value: round(emptyRss, 0) },
    { what: 'idle CPU, empty registry', value: percent(emptyIdle) },
    { what: '100,000 registrations, s', value: round(ms / 1_000, 1) },
    { what: 'CPU per registration, µs', value: round(micros, 1) },
    { what: 'RSS right after, MB', value: round(rssAtEnd, 0) },
    { what: 'RSS 5 s later, MB', value: round(fullRss, 0) },
    { what: 'idle CPU, 100,000 instances', value: percent(fullIdle) },
  ]
}

/** Share of one core that the server takes while nobody asks. */
async function readIdle(pid: number): Promise<number> {
  const before = readCpu(pid)
  const started = performance.now()
  await sleep(IDLE_MS)
  return cpuSince(pid, before).run / 1e6 / (performance.now() - started)
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      services: { type: 'string', default: '10000' },
      connections: { type: 'string', default: '64' },
      kind: { type: 'string', default: KINDS.join(',') },
      memory: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  return {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    services: Number(values.services),
    connections: Number(values.connections),
    kinds: KINDS.filter((kind) => values.kind.split(',').includes(kind)),
    isMemory: values.memory,
    isRecorded: values.record,
  }
}

await main()
