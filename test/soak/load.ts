import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generate, type Measured } from '../../bench/dns/generator.ts'
import { formatTable, percent, round, type Row, thousands } from '../../bench/dns/report.ts'
import { startCairn } from '../../bench/dns/subjects.ts'
import { populate } from '../../bench/http/populate.ts'
import {
  CLIENT_CORE,
  cpuSince,
  describeMachine,
  pinSelf,
  readCpu,
  readRss,
  root,
  run,
  sleep,
} from '../../bench/process.ts'

/**
 * 100,000 beating instances, 1,000 changes a second, and DNS queries at the same time: `npm run
 * soak`. The server has one core, the clients have the other one.
 */

const HELP = `node test/soak/load.ts [options]
  --seconds 30      of changes and queries
  --changes 1000    per second
  --rate 10000      queries per second, over UDP
  --beat 5000       milliseconds between two beats of one instance
  --idle            first measure an empty server and 100,000 silent instances, too
`

const POPULATION = { services: 10_000, perService: 10 } as const
const COUNT = POPULATION.services * POPULATION.perService
const SETTLE_MS = 5_000
const QUIET_MS = 20_000

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '30' },
      changes: { type: 'string', default: '1000' },
      rate: { type: 'string', default: '10000' },
      beat: { type: 'string', default: '5000' },
      idle: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  await pinSelf()
  console.error(describeMachine())
  if (values.idle) {
    const bench = `${root}/bench/http.bench.ts`
    console.log(await run([process.execPath, bench, '--memory'], 180_000))
  }
  const rows = await soak({
    seconds: Number(values.seconds),
    changes: Number(values.changes),
    rate: Number(values.rate),
    beatMs: Number(values.beat),
  })
  console.log(formatTable(rows))
}

interface Plan {
  readonly seconds: number
  readonly changes: number
  readonly rate: number
  readonly beatMs: number
}

async function soak(plan: Plan): Promise<Row[]> {
  await using running = new AsyncDisposableStack()
  const { subject, httpPort, dnsPort } = await startCairn()
  running.use(subject)
  const { pid } = subject
  const started = performance.now()
  await populate(httpPort, { ...POPULATION, instances: 'ephemeral' })
  const registerSeconds = (performance.now() - started) / 1_000
  const rssAtEnd = readRss(pid)
  const beats = startBeats(httpPort, plan.beatMs)
  running.defer(() => void beats.kill('SIGKILL'))
  await sleep(SETTLE_MS)
  const rssSettled = readRss(pid)
  const before = await countInstances(httpPort)
  const measured = await generate({
    port: dnsPort,
    pid,
    mix: 'srv',
    names: POPULATION.services,
    seconds: plan.seconds,
    warmupSeconds: 2,
    sockets: 16,
    window: 256,
    rate: plan.rate,
    churn: { httpPort, perSecond: plan.changes },
  })
  const rssBusy = readRss(pid)
  const quiet = readCpu(pid)
  await sleep(QUIET_MS)
  const busy = cpuSince(pid, quiet).run / 1e6 / QUIET_MS
  const rssAfter = readRss(pid)
  // Changes add instances, and none of the beating ones may be lost.
  const after = await countInstances(httpPort)
  const counted = await stopBeats(beats)
  return [
    { what: `${thousands(COUNT)} registrations, s`, value: round(registerSeconds, 1) },
    { what: 'RSS right after, MB', value: round(rssAtEnd, 0) },
    { what: 'RSS 5 s later, beats going on, MB', value: round(rssSettled, 0) },
    ...toRows(measured),
    { what: 'RSS at the end of the changes, MB', value: round(rssBusy, 0) },
    { what: 'CPU with beats alone, over 20 s', value: percent(busy) },
    { what: 'RSS 20 s later, MB', value: round(rssAfter, 0) },
    { what: 'beats sent / answered', value: `${counted.sent} / ${counted.answered}` },
    { what: 'ephemeral instances before / after', value: `${before} / ${after}` },
  ]
}

function toRows(measured: Measured): Row[] {
  const { latency, churn, cpu, seconds } = measured
  return [
    { what: 'changes per second', value: String(churn?.changesPerSecond ?? 0) },
    { what: 'register → UDP answer p50 / p99, ms', value: pair(churn?.registerVisible) },
    { what: 'update → UDP answer p50 / p99, ms', value: pair(churn?.updateVisible) },
    { what: 'UDP answers per second', value: thousands(measured.answered / seconds) },
    { what: 'UDP latency p50 / p99, ms', value: pair(latency) },
    { what: 'UDP latency p99.9, ms', value: round((latency?.p999 ?? 0) / 1_000, 2) },
    { what: 'generator held up', value: percent(measured.stalled ?? 0) },
    { what: 'server CPU meanwhile', value: percent(cpu.run / 1e9 / seconds) },
    { what: 'lost, faults', value: `${measured.lost}, ${JSON.stringify(measured.faults)}` },
    { what: 'unseen, refused changes', value: `${churn?.unseen}, ${churn?.httpErrors}` },
  ]
}

/** In milliseconds. */
function pair(of: { readonly p50: number; readonly p99: number } | undefined): string {
  return of === undefined ? '-' : `${round(of.p50 / 1_000, 2)} / ${round(of.p99 / 1_000, 2)}`
}

function startBeats(httpPort: number, intervalMs: number): ChildProcess {
  const file = fileURLToPath(new URL('beats.ts', import.meta.url))
  const plan = JSON.stringify({ httpPort, intervalMs, ...POPULATION })
  return spawn('taskset', ['-c', String(CLIENT_CORE), process.execPath, file, plan], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function stopBeats(beats: ChildProcess): Promise<{ sent: number; answered: number }> {
  let said = ''
  beats.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  beats.kill('SIGTERM')
  await once(beats, 'close')
  return JSON.parse(said) as { sent: number; answered: number }
}

async function countInstances(httpPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  const lines = text.split('\n').filter((line) => /^cairn_instances\{.*ephemeral/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

await main()
