import { parseArgs } from 'node:util'

import { DEFAULTS, generate, type Load, type Measured } from './dns/generator.ts'
import { DISTURBED, measureUndisturbed } from './dns/meter.ts'
import { type Mix, MIXES } from './dns/packets.ts'
import { formatTable, median, percent, record, round, type Row, thousands } from './dns/report.ts'
import { type DnsSubject, isBuilt, startDns, type SubjectName, SUBJECTS } from './dns/subjects.ts'
import { verify } from './dns/verify.ts'
import { describeMachine, pinSelf, sleep } from './process.ts'

/**
 * `node bench/dns.bench.ts --help`. Cairn and its peers by turns on one core, the generator on the
 * other; medians over the rounds, ratios within a round, because the machine's speed varies.
 */

const HELP = `node bench/dns.bench.ts [options]
  --rounds 5        every subject once per round
  --seconds 3       measured per subject and round, after a warm-up of 1 s
  --names 10000     services, each with 4 instances
  --mix a,srv,nx    any of ${MIXES.join(', ')}; all: every one of them
  --subjects cairn,knot   of ${SUBJECTS.join(', ')}; the first is compared with the others
  --window 16       in flight per socket (closed loop), --sockets 16
  --rate 0          open loop at so many queries per second, with latencies
  --churn 0         so many registry changes per second meanwhile (needs --rate; Cairn only)
  --verify          compare the generator's counts with the server's own
  --record          append the rows to bench/README.md
`

interface Plan {
  readonly rounds: number
  readonly mixes: readonly Mix[]
  readonly subjects: readonly SubjectName[]
  readonly names: number
  readonly load: Omit<Load, 'port' | 'pid' | 'mix'>
  readonly churn: number
  readonly isVerified: boolean
  readonly isRecorded: boolean
}

interface Result {
  readonly mix: Mix
  readonly subject: SubjectName
  readonly round: number
  readonly measured: Measured
}

async function main(): Promise<void> {
  const plan = readPlan()
  if (plan === undefined) return
  await pinSelf()
  await using running = new AsyncDisposableStack()
  const started: DnsSubject[] = []
  for (const name of plan.subjects) {
    const at = await startDns(name, plan.names, { withCounters: plan.isVerified })
    started.push(at)
    running.use(at.subject)
    at.subject.pause()
  }
  console.error(`${describeMachine()}, ${plan.names} names, ${plan.rounds} rounds`)
  const isRight = plan.isVerified ? await check(plan, started) : await compare(plan, started)
  if (!isRight) process.exitCode = 1
}

async function check(plan: Plan, started: readonly DnsSubject[]): Promise<boolean> {
  let isRight = true
  for (const at of started) {
    for (const mix of plan.mixes) {
      at.subject.resume()
      const load = { ...plan.load, port: at.dnsPort, pid: at.subject.pid, mix }
      const verdict = await verify(at, load)
      at.subject.pause()
      console.log(mix, at.subject.name, JSON.stringify(verdict))
      isRight &&= verdict.isRight
    }
  }
  return isRight
}

async function compare(plan: Plan, started: readonly DnsSubject[]): Promise<boolean> {
  const results: Result[] = []
  // Tries that were repeated are no results, but their faults are faults.
  const tries: Result[] = []
  for (const mix of plan.mixes) {
    for (let round = 1; round <= plan.rounds; round++) {
      for (const [i, at] of started.entries()) {
        const subject = plan.subjects[i] ?? 'toy'
        if (mix === 'tcp' && subject === 'toy') continue
        const measured = await measureUndisturbed(async () => {
          const one = await measure(plan, at, mix)
          tries.push({ mix, subject, round, measured: one })
          return one
        })
        results.push({ mix, subject, round, measured })
        console.error(`${mix} ${round} ${subject}: ${describe(measured)}`)
      }
    }
  }
  const rows = plan.mixes.flatMap((mix) => toRows(plan, mix, keepQuiet(results, mix)))
  console.log(formatTable(rows))
  if (plan.isRecorded) await record(headingOf(plan), rows)
  return reportFaults(tries)
}

async function measure(plan: Plan, at: DnsSubject, mix: Mix): Promise<Measured> {
  const { subject, dnsPort, httpPort } = at
  subject.resume()
  await sleep(100)
  const canChurn = plan.churn > 0 && httpPort !== undefined
  const measured = await generate({
    ...plan.load,
    ...(mix === 'tcp' ? { sockets: 20, window: 25 } : {}),
    ...(canChurn ? { churn: { httpPort, perSecond: plan.churn } } : {}),
    port: dnsPort,
    pid: subject.pid,
    mix,
  })
  subject.pause()
  return measured
}

function microsPerAnswer(measured: Measured): number {
  return measured.cpu.run / 1_000 / measured.answered
}

function lossOf(measured: Measured): number {
  return (measured.lost + measured.skipped) / (measured.sent + measured.skipped)
}

function describe(measured: Measured): string {
  const { answered, seconds, cpu, latency, churn, faults } = measured
  const parts = [
    `${thousands(answered / seconds)}/s`,
    `${round(microsPerAnswer(measured), 2)} µs`,
    `lost ${percent(lossOf(measured))}`,
    `busy ${percent(cpu.run / 1e9 / seconds)}`,
    `waited ${percent(cpu.wait / 1e9 / seconds)}`,
    `disturbed ${percent(measured.disturbed)}`,
    ...(latency === undefined ? [] : [`latency ${JSON.stringify(latency)}`]),
    ...(churn === undefined ? [] : [`churn ${JSON.stringify(churn)}`]),
    ...Object.entries(faults).map(([kind, count]) => `FAULT ${kind} ${count}`),
  ]
  return parts.join(', ')
}

function headingOf(plan: Plan): string {
  if (plan.load.rate === undefined) return 'DNS'
  return plan.churn > 0 ? 'DNS: latency while the registry changes' : 'DNS: latency'
}

/** Of one mix, the rounds in which nobody disturbed any subject; all rounds, if there is none. */
function keepQuiet(results: readonly Result[], mix: Mix): Result[] {
  const all = results.filter((result) => result.mix === mix)
  const noisy = new Set(all.filter((r) => r.measured.disturbed > DISTURBED).map((r) => r.round))
  const quiet = all.filter((result) => !noisy.has(result.round))
  return quiet.length > 0 ? quiet : all
}

function toRows(plan: Plan, mix: Mix, results: readonly Result[]): Row[] {
  const of = (subject: SubjectName): Measured[] =>
    results.filter((r) => r.subject === subject).map((r) => r.measured)
  const subjects = plan.subjects.filter((subject) => of(subject).length > 0)
  const [first = 'toy'] = subjects
  const baseline = of(first).map((measured) => microsPerAnswer(measured))
  return subjects.map((subject) => toRow(plan, { mix, subject, first, baseline }, of(subject)))
}

interface RowHead {
  readonly mix: Mix
  readonly subject: SubjectName
  readonly first: SubjectName
  /** The first subject's µs per answer in each round. */
  readonly baseline: readonly number[]
}

function toRow(plan: Plan, head: RowHead, measured: readonly Measured[]): Row {
  const { mix, subject, first, baseline } = head
  const micros = measured.map((m) => microsPerAnswer(m))
  const ratios = micros.map((value, i) => value / (baseline[i] ?? Number.NaN))
  const range = `[${round(Math.min(...ratios), 2)}–${round(Math.max(...ratios), 2)}]`
  const middle: Middle = (pick) => median(measured.map((m) => pick(m)))
  return {
    mix,
    subject,
    'µs CPU/answer': round(median(micros), 2),
    [`× ${first}`]: `${round(median(ratios), 2)} ${range}`,
    rounds: String(measured.length),
    'answered/s': thousands(middle((m) => m.answered / m.seconds)),
    lost: percent(middle((m) => lossOf(m))),
    disturbed: percent(middle((m) => m.disturbed)),
    busy: percent(middle((m) => m.cpu.run / 1e9 / m.seconds)),
    ...(plan.load.rate === undefined ? {} : latencyCells(middle)),
    ...(plan.churn === 0 ? {} : churnCells(middle)),
  }
}

type Middle = (pick: (m: Measured) => number) => number

function latencyCells(middle: Middle): Row {
  return {
    'p50 µs': round(
      middle((m) => m.latency?.p50 ?? Number.NaN),
      0,
    ),
    'p99 µs': round(
      middle((m) => m.latency?.p99 ?? Number.NaN),
      0,
    ),
    stalled: percent(middle((m) => m.stalled ?? Number.NaN)),
  }
}

function churnCells(middle: Middle): Row {
  const pair = (which: 'registerVisible' | 'updateVisible'): string => {
    const p50 = middle((m) => m.churn?.[which].p50 ?? Number.NaN)
    const p99 = middle((m) => m.churn?.[which].p99 ?? Number.NaN)
    return `${round(p50, 0)} / ${round(p99, 0)}`
  }
  return {
    'changes/s': round(
      middle((m) => m.churn?.changesPerSecond ?? Number.NaN),
      0,
    ),
    'register visible p50/p99 µs': pair('registerVisible'),
    'update visible p50/p99 µs': pair('updateVisible'),
  }
}

/** Any answer that was not the expected one makes all numbers worthless. */
function reportFaults(results: readonly Result[]): boolean {
  let isRight = true
  for (const { mix, subject, measured } of results) {
    const { churn } = measured
    const faults = { ...measured.faults, http: churn?.httpErrors ?? 0, unseen: churn?.unseen ?? 0 }
    for (const [kind, count] of Object.entries(faults)) {
      if (count === 0) continue
      console.error(`FAULT ${mix} ${subject}: ${kind} ${count}`)
      isRight = false
    }
  }
  return isRight
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      names: { type: 'string', default: '10000' },
      mix: { type: 'string', default: 'a,srv,nx,tcp' },
      subjects: { type: 'string', default: 'cairn,knot' },
      sockets: { type: 'string', default: String(DEFAULTS.sockets) },
      window: { type: 'string', default: String(DEFAULTS.window) },
      rate: { type: 'string', default: '0' },
      churn: { type: 'string', default: '0' },
      verify: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const mixes =
    values.mix === 'all' ? MIXES : MIXES.filter((m) => values.mix.split(',').includes(m))
  const subjects = SUBJECTS.filter((s) => values.subjects.split(',').includes(s) && isBuilt(s))
  if (mixes.length === 0 || subjects.length === 0) throw new Error(`nothing to do\n${HELP}`)
  const rate = readNumber(values.rate)
  const churn = readNumber(values.churn)
  if (churn > 0 && rate === 0) throw new Error('--churn needs --rate')
  // Open loops queue while a server is away: more room, so that they stay by the clock.
  const window = rate > 0 ? 256 : readNumber(values.window)
  const names = readNumber(values.names)
  const sockets = readNumber(values.sockets)
  const { warmupSeconds } = DEFAULTS
  const load = { names, sockets, window, warmupSeconds, seconds: readNumber(values.seconds) }
  return {
    rounds: readNumber(values.rounds),
    mixes,
    subjects,
    names,
    churn,
    load: rate > 0 ? { ...load, rate } : load,
    isVerified: values.verify,
    isRecorded: values.record,
  }
}

function readNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a number: ${text}`)
  return value
}

await main()
