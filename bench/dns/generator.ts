import { fileURLToPath } from 'node:url'

import { CLIENT_CORE, run, sleep } from '../process.ts'
import { Blast } from './blast.ts'
import { Churn, type ChurnResult } from './churn.ts'
import { runDnsperf } from './dnsperf.ts'
import { Meter, type Metered } from './meter.ts'
import { type Libc, openLibc } from './libc.ts'
import { buildPackets, isStream, type Mix, questionsOf } from './packets.ts'
import { type NativeLoad, runBlast } from './native.ts'
import type { Latency, Tally } from './tally.ts'
import { TcpBlast } from './tcp.ts'

/**
 * The load generator: a process of its own on its own core. It reads the server's CPU time itself,
 * at the very moments between which it counts answers.
 */

export interface Load {
  readonly port: number
  /** The server, whose CPU time is read. */
  readonly pid: number
  /** Of the server. */
  readonly cores?: readonly number[]
  readonly mix: Mix
  readonly names: number
  /** Of each name: so many records are expected. */
  readonly instances?: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly sockets: number
  readonly window: number
  /** One query in flight per client, `sockets` × `window` clients. */
  readonly isSpread?: boolean
  /** The generator in C, and what it is to send. */
  readonly native?: NativeLoad
  /** DNS over TLS: the file of the certificate that must be shown. */
  readonly certificate?: string
  /** Open loop at so many queries per second; without it, a closed loop. */
  readonly rate?: number
  /** The server's other threads are on this core, too: sleep between bursts, but go first. */
  readonly isApart?: boolean
  /** Changes to the registry while an open loop runs; 0 per second: probes alone. */
  readonly churn?: { readonly httpPort: number; readonly perSecond: number }
}

export interface Measured extends Metered {
  readonly tool: 'c' | 'ffi' | 'tcp' | 'dnsperf'
  readonly sent: number
  readonly answered: number
  readonly late: number
  readonly lost: number
  readonly skipped: number
  /** By kind; anything here fails the run. */
  readonly faults: Readonly<Record<string, number>>
  readonly latency?: Latency
  /** Open loop: share of the time in which the generator was held up. Over 1 %, p99 shows that. */
  readonly stalled?: number
  /** Closed loop: share of the time in which the generator had work; near 1, it is the limit. */
  readonly generatorBusy?: number
  /** Of DNS, without headers of the layers below. */
  readonly octetsPerAnswer?: number
  readonly churn?: ChurnResult
}

/** Runs the generator on its core and returns what it measured. */
export async function generate(load: Load, core: number = CLIENT_CORE): Promise<Measured> {
  const { native } = load
  if (!isStream(load.mix) && native !== undefined) return await runBlast(load, native)
  if (!isStream(load.mix) && openLibc() === undefined) return await runDnsperf(load, core)
  const withinMs = (load.seconds + load.warmupSeconds) * 1_000 + 30_000
  const out = await run(
    [
      'taskset',
      '-c',
      String(core),
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(import.meta.url),
      JSON.stringify(load),
    ],
    withinMs,
  )
  return JSON.parse(out) as Measured
}

async function main(load: Load): Promise<void> {
  const libc = openLibc()
  const measured =
    isStream(load.mix) || libc === undefined ? await measureTcp(load) : measureUdp(libc, load)
  process.stdout.write(JSON.stringify(measured))
}

function measureUdp(libc: Libc, load: Load): Measured {
  const questions = questionsOf(load.mix, load.names, load.instances)
  // Where weights differ, an answer may hold fewer records: that is how DNS expresses weights.
  const least = load.churn === undefined ? undefined : { answers: 1 }
  const packets = buildPackets(questions.map((question) => Object.assign(question, least)))
  const { port, isSpread, sockets, window } = load
  const clients = isSpread === true ? { sockets: sockets * window, window: 1 } : { sockets, window }
  const blast = new Blast(libc, packets, { port, ...clients })
  const churn = load.churn === undefined ? undefined : new Churn(libc, load, load.churn)
  drive(blast, load, load.warmupSeconds, churn)
  // Faults of the warm-up are faults, too; its counts and times are not ours.
  const warmFaults = blast.startOver().faults
  churn?.startOver()
  const meter = new Meter(load.pid, load.cores)
  drive(blast, load, load.seconds, churn)
  const metered = meter.stop()
  const answered = blast.tally.answered
  const late = blast.tally.late
  blast.drain()
  churn?.close()
  blast.close()
  return {
    ...summarize(blast.tally, 'ffi', metered),
    answered,
    late,
    faults: { ...warmFaults, ...blast.tally.faults },
    ...(load.rate === undefined ? {} : readLatency(blast.tally, metered.seconds)),
    ...(churn === undefined ? {} : { churn: churn.read(metered.seconds) }),
  }
}

function drive(blast: Blast, load: Load, seconds: number, churn: Churn | undefined): void {
  if (load.rate === undefined) blast.runClosed(seconds * 1_000)
  else blast.runOpen(load.rate, seconds * 1_000, (now) => churn?.turn(now))
}

async function measureTcp(load: Load): Promise<Measured> {
  const packets = buildPackets(questionsOf(load.mix, load.names, load.instances), 2)
  const { port, window, certificate } = load
  const options = { port, window, connections: load.sockets }
  using blast = await TcpBlast.open(
    packets,
    certificate === undefined ? options : { ...options, certificate },
  )
  blast.start()
  if (load.warmupSeconds > 0) await sleep(load.warmupSeconds * 1_000)
  const warmFaults = load.warmupSeconds > 0 ? blast.startOver().faults : {}
  const meter = new Meter(load.pid, load.cores)
  await sleep(load.seconds * 1_000)
  const metered = meter.stop()
  const { answered } = blast.tally
  await blast.drain(500)
  const faults = { ...warmFaults, ...blast.tally.faults }
  return { ...summarize(blast.tally, 'tcp', metered), answered, faults }
}

function readLatency(tally: Tally, seconds: number): { latency: Latency; stalled: number } {
  return { latency: tally.latency.read(), stalled: tally.stalledMs / 1_000 / seconds }
}

type Summary = Omit<Measured, 'faults'>

function summarize(tally: Tally, tool: 'ffi' | 'tcp', metered: Metered): Summary {
  const { sent, answered, late, lost, skipped } = tally
  return { ...metered, tool, sent, answered, late, lost, skipped }
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '{}') as Load)
