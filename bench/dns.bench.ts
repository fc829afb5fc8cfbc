import { whileBusy } from './dns/busy.ts'
import { generate, type Measured } from './dns/generator.ts'
import { measureUndisturbed } from './dns/meter.ts'
import { mayGoFirst, Native } from './dns/native.ts'
import { place } from './dns/place.ts'
import {
  type Cell,
  cellsOf,
  hasChurn,
  isOpen,
  type Plan,
  readPlan,
  WARMUP_SECONDS,
} from './dns/plan.ts'
import { formatTable, record, type Row, thousands } from './dns/report.ts'
import { describe, type Result, toMemoryRow, toRows } from './dns/rows.ts'
import { type Contender, openStand, type Size, type Stand } from './dns/stand.ts'
import { type SubjectName, whyAbsent } from './dns/subjects.ts'
import { canVerify, verify } from './dns/verify.ts'
import { describeMachine, pinSelf, sleep } from './process.ts'

/**
 * `node bench/dns.bench.ts --help`. Cairn and its peers by turns on one core, the generator on the
 * other; medians over the rounds, ratios within a round, because the machine's speed varies.
 */

async function main(): Promise<void> {
  const wished = readPlan()
  if (wished === undefined) return
  await pinSelf()
  using native = wished.isSlow ? undefined : await Native.make()
  if (wished.places.includes('apart')) await checkApart(native)
  const plan = await withoutAbsent(wished, native)
  console.error(`${describeMachine()}, ${plan.rounds} rounds`)
  const rows: Row[] = []
  const memory: Row[] = []
  let isRight = true
  for (const size of sizesOf(plan)) {
    await using stand = await openStand(plan, size, native)
    const sizeMemory = stand.servers.map((server) => toMemoryRow(server, stand.stage))
    if (sizeMemory.length > 0) console.log(`${formatTable(sizeMemory)}\n`)
    memory.push(...sizeMemory)
    if (plan.isVerified) isRight = (await check(plan, stand)) && isRight
    else isRight = (await compare(plan, stand, rows)) && isRight
  }
  if (rows.length > 0) console.log(formatTable(rows))
  if (plan.isRecorded && rows.length > 0) {
    await record(headingOf(plan), rows)
    if (memory.length > 0) await record('DNS: memory of names', memory)
  }
  if (!isRight) process.exitCode = 1
}

async function checkApart(native: Native | undefined): Promise<void> {
  if (native === undefined) throw new Error('--place apart needs the generator in C')
  if (!(await mayGoFirst())) throw new Error('--place apart needs real-time rights (CAP_SYS_NICE)')
}

async function withoutAbsent(plan: Plan, native: Native | undefined): Promise<Plan> {
  const subjects: SubjectName[] = []
  for (const name of plan.subjects) {
    const why = await whyAbsent(name, native)
    if (why === undefined) subjects.push(name)
    else console.error(`without ${name}: ${why}`)
  }
  if (subjects.length === 0) throw new Error('nothing to measure')
  return { ...plan, subjects }
}

function sizesOf({ names, workers }: Plan): readonly Size[] {
  return names.flatMap((some) => workers.map((count) => ({ names: some, workers: count })))
}

async function check(plan: Plan, stand: Stand): Promise<boolean> {
  let isRight = true
  for (const cell of cellsOf(plan)) {
    for (const contender of stand.contendersOf(cell.mix)) {
      const { name, at } = contender
      if (!canVerify(at)) {
        console.error(`${cell.mix} ${name}: it has no counters to compare with`)
        continue
      }
      at.subject.resume()
      const verdict = await verify(at, stand.loadOf(contender, cell, plan.rate))
      at.subject.pause()
      console.log(cell.mix, cell.flight, name, JSON.stringify(verdict))
      isRight &&= verdict.isRight
    }
  }
  return isRight
}

/** Rounds outside, cells inside: what the machine does for a while meets all of them. */
async function compare(plan: Plan, stand: Stand, rows: Row[]): Promise<boolean> {
  const results: Result[] = []
  // Tries that were repeated are no results, but their faults are faults.
  const tries: Result[] = []
  const cells = cellsOf(plan)
  const schedule = cells.flatMap((cell) =>
    stand.contendersOf(cell.mix).map((contender) => ({ cell, contender })),
  )
  const roundMs = schedule.length * stretchMs(plan)
  const rates = await findRates(plan, stand)
  for (let round = 1; round <= plan.rounds; round++) {
    if (round > 1 && performance.now() + roundMs > plan.limitMs) break
    for (const [i, { cell, contender }] of schedule.entries()) {
      const left = (plan.rounds - round + 1) * schedule.length - i
      const head = { size: stand.stage, cell, subject: contender.name, round }
      const measureOne = async (): Promise<Measured> => {
        const rate = rates.get(keyOf(cell)) ?? plan.rate
        const measured = await measure(stand, { contender, cell }, rate)
        tries.push({ ...head, measured })
        return measured
      }
      const mayRepeat = (): boolean => performance.now() + left * stretchMs(plan) < plan.limitMs
      const measured = await measureUndisturbed(measureOne, mayRepeat)
      results.push({ ...head, measured })
      console.error(`${nameOf(cell)} ${round} ${contender.name}: ${describe(measured)}`)
    }
  }
  for (const cell of cells) rows.push(...toRows(plan, resultsOf(results, cell)))
  return reportFaults(tries)
}

function resultsOf(results: readonly Result[], cell: Cell): readonly Result[] {
  return results.filter((result) => result.cell === cell)
}

function nameOf({ mix, flight, churn, place: where }: Cell): string {
  const beside = churn === 'blocked' ? churn : `${churn} changes/s`
  return [mix, flight, where, ...(churn === 0 ? [] : [beside])].join(' ')
}

/** Rates hold for all levels of churn alike. */
function keyOf({ mix, flight }: Cell): string {
  return `${mix} ${flight}`
}

/** A share of what the first subject can: for all subjects of a cell the same rate. */
async function findRates(plan: Plan, stand: Stand): Promise<ReadonlyMap<string, number>> {
  const rates = new Map<string, number>()
  if (plan.rateShare === undefined) return rates
  for (const cell of cellsOf(plan)) {
    const [contender] = stand.contendersOf(cell.mix)
    if (contender === undefined || rates.has(keyOf(cell))) continue
    const { answered, seconds } = await measure(stand, {
      contender,
      cell: { ...cell, churn: 0, place: 'shared' },
    })
    const rate = Math.round((plan.rateShare * answered) / seconds)
    rates.set(keyOf(cell), rate)
    console.error(`${keyOf(cell)}: ${thousands(rate)} queries/s for all`)
  }
  return rates
}

/** Starting a generator and ending its run take some time, too. */
function stretchMs({ seconds }: Plan): number {
  return (WARMUP_SECONDS + seconds) * 1_000 + 1_000
}

interface Stretch {
  readonly contender: Contender
  readonly cell: Cell
}

async function measure(stand: Stand, stretch: Stretch, rate?: number): Promise<Measured> {
  const { contender, cell } = stretch
  const { subject } = contender.at
  const load = stand.loadOf(contender, cell, rate)
  const isPlaced = contender.at.httpPort !== undefined && load.cores !== undefined
  subject.resume()
  if (isPlaced) await place(subject.pid, cell.place, load.cores)
  await sleep(100)
  const measured = await whileBusy(contender.at.controlPort, cell.churn, load, () => generate(load))
  subject.pause()
  return measured
}

function headingOf(plan: Plan): string {
  if (!isOpen(plan)) return 'DNS: side by side'
  return hasChurn(plan) ? 'DNS: latency beside changes' : 'DNS: latency by the clock'
}

/** Any answer that was not the expected one makes all numbers worthless. */
function reportFaults(results: readonly Result[]): boolean {
  let isRight = true
  for (const { cell, subject, measured } of results) {
    const { churn } = measured
    const faults = { ...measured.faults, http: churn?.httpErrors ?? 0, unseen: churn?.unseen ?? 0 }
    for (const [kind, count] of Object.entries(faults)) {
      if (count === 0) continue
      console.error(`FAULT ${nameOf(cell)} ${subject}: ${kind} ${count}`)
      isRight = false
    }
  }
  return isRight
}

await main()
