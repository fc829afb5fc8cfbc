import { generate, type Measured } from './dns/generator.ts'
import { DISTURBED, measureUndisturbed } from './dns/meter.ts'
import { isStream, type Mix } from './dns/packets.ts'
import { type Plan, readPlan } from './dns/plan.ts'
import { formatTable, median, percent, record, round, type Row, thousands } from './dns/report.ts'
import { type Contender, openStand, type Stand } from './dns/stand.ts'
import type { SubjectName } from './dns/subjects.ts'
import { verify } from './dns/verify.ts'
import { describeMachine, pinSelf, sleep } from './process.ts'

/**
 * `node bench/dns.bench.ts --help`. Cairn and its peers by turns on one core, the generator on the
 * other; medians over the rounds, ratios within a round, because the machine's speed varies.
 */

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
  await using stand = await openStand(plan)
  console.error(`${describeMachine()}, ${plan.names} names, ${plan.rounds} rounds`)
  const isRight = plan.isVerified ? await check(plan, stand) : await compare(plan, stand)
  if (!isRight) process.exitCode = 1
}

async function check(plan: Plan, stand: Stand): Promise<boolean> {
  let isRight = true
  for (const mix of plan.mixes) {
    for (const { name, at } of stand.contendersOf(mix)) {
      at.subject.resume()
      const load = { ...plan.load, ...stand.targetOf(at, mix), pid: at.subject.pid, mix }
      const verdict = await verify(at, load)
      at.subject.pause()
      console.log(mix, name, JSON.stringify(verdict))
      isRight &&= verdict.isRight
    }
  }
  return isRight
}

/** Rounds outside, mixes inside: what the machine does for a while meets all of them. */
async function compare(plan: Plan, stand: Stand): Promise<boolean> {
  const results: Result[] = []
  // Tries that were repeated are no results, but their faults are faults.
  const tries: Result[] = []
  const schedule = plan.mixes.flatMap((mix) =>
    stand.contendersOf(mix).map((contender) => ({ mix, contender })),
  )
  const roundMs = schedule.length * stretchMs(plan)
  for (let round = 1; round <= plan.rounds; round++) {
    if (round > 1 && performance.now() + roundMs > plan.limitMs) break
    for (const [i, { mix, contender }] of schedule.entries()) {
      const left = (plan.rounds - round + 1) * schedule.length - i
      const measureOne = async (): Promise<Measured> => {
        const measured = await measure(plan, { stand, contender, mix })
        tries.push({ mix, subject: contender.name, round, measured })
        return measured
      }
      const mayRepeat = (): boolean => performance.now() + left * stretchMs(plan) < plan.limitMs
      const measured = await measureUndisturbed(measureOne, mayRepeat)
      results.push({ mix, subject: contender.name, round, measured })
      console.error(`${mix} ${round} ${contender.name}: ${describe(measured)}`)
    }
  }
  const rows = plan.mixes.flatMap((mix) => toRows(plan, mix, keepQuiet(results, mix)))
  console.log(formatTable(rows))
  if (plan.isRecorded) await record(headingOf(plan), rows)
  return reportFaults(tries)
}

/** Starting a generator and ending its run take some time, too. */
function stretchMs({ load }: Plan): number {
  return (load.warmupSeconds + load.seconds) * 1_000 + 1_000
}

interface Stretch {
  readonly stand: Stand
  readonly contender: Contender
  readonly mix: Mix
}

async function measure(plan: Plan, { stand, contender, mix }: Stretch): Promise<Measured> {
  const { subject, httpPort } = contender.at
  subject.resume()
  await sleep(100)
  // Caches have an empty registry.
  const canChurn = plan.churn > 0 && httpPort !== undefined && mix !== 'cache'
  const measured = await generate({
    ...plan.load,
    ...(isStream(mix) ? { sockets: 20, window: 25 } : {}),
    ...(canChurn ? { churn: { httpPort, perSecond: plan.churn } } : {}),
    ...stand.targetOf(contender.at, mix),
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

await main()
