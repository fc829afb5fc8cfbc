import type { Measured } from './generator.ts'
import { DISTURBED } from './meter.ts'
import { isStream } from './packets.ts'
import { type Cell, hasChurn, isOpen, OPEN_WINDOW, type Plan } from './plan.ts'
import { median, percent, round, type Row, thousands } from './report.ts'
import type { Contender, Size } from './stand.ts'
import { isEcho, type SubjectName } from './subjects.ts'

/** Results of rounds to rows of a table: medians, and ratios within a round. */

export interface Result {
  readonly size: Size
  readonly cell: Cell
  readonly subject: SubjectName
  readonly round: number
  readonly measured: Measured
}

function microsPerAnswer(measured: Measured): number {
  return measured.cpu.run / 1_000 / measured.answered
}

function lossOf(measured: Measured): number {
  return (measured.lost + measured.skipped) / (measured.sent + measured.skipped)
}

/** @param all of one cell at one size. */
export function toRows(plan: Plan, all: readonly Result[]): Row[] {
  const results = keepQuiet(all)
  const subjects = plan.subjects.filter((name) => results.some((r) => r.subject === name))
  const [first] = subjects
  const baseline = results.filter((r) => r.subject === first)
  return subjects.map((name) =>
    toRow(plan, {
      of: results.filter((r) => r.subject === name),
      rounds: all.filter((r) => r.subject === name).length,
      baseline,
    }),
  )
}

/** Slower than this the floor itself was held up by the machine, in an open loop; µs. */
const ECHO_P99_MAX = 250

function isNoisy({ subject, measured }: Result): boolean {
  if (measured.disturbed > DISTURBED) return true
  return isEcho(subject) && (measured.latency?.p99 ?? 0) > ECHO_P99_MAX
}

/** The rounds in which nobody disturbed any subject; all rounds, if there is none. */
function keepQuiet(all: readonly Result[]): readonly Result[] {
  const noisy = new Set(all.filter((r) => isNoisy(r)).map((r) => r.round))
  const quiet = all.filter((result) => !noisy.has(result.round))
  return quiet.length > 0 ? quiet : all
}

interface Compared {
  readonly of: readonly Result[]
  /** As many were measured. */
  readonly rounds: number
  /** The first subject in the same rounds. */
  readonly baseline: readonly Result[]
}

type Pick = (m: Measured) => number
type Middle = (pick: Pick) => number

function toRow(plan: Plan, { of, rounds, baseline }: Compared): Row {
  const [some] = of
  const [first] = baseline
  if (some === undefined || first === undefined) throw new Error('no result')
  const middle: Middle = (pick) => median(of.map((r) => pick(r.measured)))
  const ratio = (pick: Pick): string => {
    const ratios = of.map((r, i) => pick(r.measured) / pairOf(baseline, i, pick))
    const range = `[${round(Math.min(...ratios), 2)}–${round(Math.max(...ratios), 2)}]`
    return `${round(median(ratios), 2)} ${range}`
  }
  return {
    ...headOf(plan, some),
    subject: some.subject,
    'µs CPU/answer': round(middle(microsPerAnswer), 2),
    [`× ${first.subject}`]: ratio(microsPerAnswer),
    rounds: of.length < rounds ? `${of.length} of ${rounds}` : String(rounds),
    'answered/s': thousands(middle((m) => m.answered / m.seconds)),
    octets: round(
      middle((m) => m.octetsPerAnswer ?? Number.NaN),
      0,
    ),
    lost: percent(middle(lossOf)),
    disturbed: percent(middle((m) => m.disturbed)),
    busy: percent(middle((m) => m.cpu.run / 1e9 / m.seconds)),
    ...(isOpen(plan)
      ? { ...latencyCells(middle), [`p99 × ${first.subject}`]: ratio(p99) }
      : { generator: percent(middle((m) => m.generatorBusy ?? Number.NaN)) }),
    ...(hasChurn(plan) ? churnCells(middle) : {}),
  }
}

function pairOf(baseline: readonly Result[], i: number, pick: Pick): number {
  const pair = baseline[i]
  return pair === undefined ? Number.NaN : pick(pair.measured)
}

function headOf(plan: Plan, { size, cell }: Result): Row {
  const { sockets } = plan
  const window = isOpen(plan) ? OPEN_WINDOW : plan.window
  const clients = sockets * window
  const udp = cell.flight === 'spread' ? `spread ${clients}×1` : `inflight ${sockets}×${window}`
  return {
    mix: cell.mix,
    flight: isStream(cell.mix) ? 'pipelined 20×25' : udp,
    names: String(size.names),
    workers: String(size.workers),
    ...(hasChurn(plan) ? { churn: churnOf(plan, cell) } : {}),
    ...(isOpen(plan) ? { place: cell.place } : {}),
  }
}

function churnOf({ isInside }: Plan, { churn }: Cell): string {
  return isInside && typeof churn === 'number' && churn > 0 ? `${churn} inside` : String(churn)
}

function p99(m: Measured): number {
  return m.latency?.p99 ?? Number.NaN
}

function latencyCells(middle: Middle): Row {
  const of = (pick: Pick): string => round(middle(pick), 0)
  return {
    'p50 µs': of((m) => m.latency?.p50 ?? Number.NaN),
    'p90 µs': of((m) => m.latency?.p90 ?? Number.NaN),
    'p99 µs': of(p99),
    'p99.9 µs': of((m) => m.latency?.p999 ?? Number.NaN),
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

/** What the names of a stand take in memory, before any query. */
export function toMemoryRow(
  { name, at, rss }: Contender,
  stage: Size & { readonly instances: number },
): Row {
  const { names, instances, workers } = stage
  // Cairn's own size is known; other servers begin with their zones.
  const own = at.emptyRss ?? 0
  return {
    names: String(names),
    instances: String(instances),
    workers: String(workers),
    subject: name,
    'RSS MB': round(rss, 0),
    'empty MB': at.emptyRss === undefined ? '–' : round(own, 0),
    'octets/name': round(((rss - own) * 1e6) / names, 0),
  }
}

export function describe(measured: Measured): string {
  const { answered, seconds, cpu, latency, churn, faults, generatorBusy } = measured
  const parts = [
    `${thousands(answered / seconds)}/s`,
    `${round(microsPerAnswer(measured), 2)} µs`,
    `lost ${percent(lossOf(measured))}`,
    `busy ${percent(cpu.run / 1e9 / seconds)}`,
    ...(generatorBusy === undefined ? [] : [`generator ${percent(generatorBusy)}`]),
    `waited ${percent(cpu.wait / 1e9 / seconds)}`,
    `disturbed ${percent(measured.disturbed)}`,
    ...(latency === undefined ? [] : [`latency ${JSON.stringify(latency)}`]),
    ...(churn === undefined ? [] : [`churn ${JSON.stringify(churn)}`]),
    ...Object.entries(faults).map(([kind, count]) => `FAULT ${kind} ${count}`),
  ]
  return parts.join(', ')
}
