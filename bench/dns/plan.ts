import { parseArgs } from 'node:util'

import { isStream, type Mix, MIXES } from './packets.ts'
import { type Place, PLACES } from './place.ts'
import { type SubjectName, SUBJECTS } from './subjects.ts'

/** What a run of the bench is to do, from its command line. */

const HELP = `node bench/dns.bench.ts [options]
  --rounds 5        every subject once per round and cell (mix, flight, churn, place)
  --seconds 3       measured per subject, cell and round, after a warm-up of 1 s
  --minutes 30      no repetition and no further round that would end later than this
  --names 10000     services, or a list: 100,10000,1000000; each size has servers of its own
  --instances 4     of each service (1 from 400,000 services on)
  --workers 1       threads that answer, or a list; short of cores they share with the generator
  --mix a,srv,nx,mixed,edns,tcp   any of ${MIXES.join(', ')}; all: every one of them
  --flight spread,inflight   UDP, one query in flight per client; several per client
  --subjects cairn,cairn-dgram,knot,nsd,unbound,dnsmasq,echo   of ${SUBJECTS.join(', ')}
                    the first is compared with the others; what is not there is named and left out
  --window 16       in flight per socket (closed loop; a power of two up to 256), --sockets 16
  --rate 0          open loop at so many queries per second, with latencies (UDP); 30%: of what the
                    first subject answers in a closed loop, the same for all
  --churn 0         so many registry changes per second meanwhile, or a list: 0,1000,10000
                    (needs --rate; Cairn's registry only, the others stand beside it as they are);
                    blocked: Cairn's main thread does nothing else meanwhile (needs --inside)
  --inside          changes are made in the process, at the registry's own door, not over HTTP
  --place shared    of Cairn's threads: all on the server's core. apart: those that answer have it to
                    themselves, the others share the generator's (needs --rate and real-time rights)
  --slow            the generator in TypeScript, though a C compiler is there
  --verify          compare the generator's counts with the server's own
  --record          append the rows to bench/README.md
`

/** One query in flight per client, or several per client: then servers can group their answers. */
const FLIGHTS = ['spread', 'inflight'] as const
type Flight = (typeof FLIGHTS)[number]

export interface Plan {
  readonly rounds: number
  readonly mixes: readonly Mix[]
  readonly flights: readonly Flight[]
  readonly subjects: readonly SubjectName[]
  readonly names: readonly number[]
  readonly instances: number | undefined
  readonly workers: readonly number[]
  readonly churns: readonly Churning[]
  /** Changes are made inside the process. */
  readonly isInside: boolean
  readonly places: readonly Place[]
  readonly seconds: number
  readonly sockets: number
  /** Of a closed loop. */
  readonly window: number
  /** Queries per second; absent: a closed loop. */
  readonly rate?: number
  /** Open loop at this share of what the first subject answers. */
  readonly rateShare?: number
  /** Since the start of the process. */
  readonly limitMs: number
  readonly isSlow: boolean
  readonly isVerified: boolean
  readonly isRecorded: boolean
}

export const WARMUP_SECONDS = 1
/** Open loops queue while a server is away: more room, so that they stay by the clock. */
export const OPEN_WINDOW = 256

/** Changes per second, or a main thread that does nothing else. */
export type Churning = number | 'blocked'

/** What is measured by turns: all subjects, once per round. */
export interface Cell {
  readonly mix: Mix
  /** Connections have several queries in flight each. */
  readonly flight: Flight
  readonly churn: Churning
  readonly place: Place
}

export function isOpen({ rate, rateShare }: Plan): boolean {
  return rate !== undefined || rateShare !== undefined
}

export function cellsOf({ mixes, flights, churns, places }: Plan): readonly Cell[] {
  return mixes.flatMap((mix) => {
    if (isStream(mix)) return [{ mix, flight: 'inflight', churn: 0, place: 'shared' }]
    return flights.flatMap((flight) =>
      churns.flatMap((churn) => places.map((place): Cell => ({ mix, flight, churn, place }))),
    )
  })
}

/** Whether anything happens beside the queries in any cell. */
export function hasChurn({ churns }: Plan): boolean {
  return churns.some((churn) => churn !== 0)
}

const TEXT = (preset: string) => ({ type: 'string', default: preset }) as const
const FLAG = { type: 'boolean', default: false } as const

const OPTIONS = {
  help: FLAG,
  rounds: TEXT('5'),
  seconds: TEXT('3'),
  minutes: TEXT('30'),
  names: TEXT('10000'),
  instances: TEXT('0'),
  workers: TEXT('1'),
  mix: TEXT('a,srv,nx,mixed,edns,tcp'),
  flight: TEXT(FLIGHTS.join(',')),
  subjects: TEXT('cairn,cairn-dgram,knot,nsd,unbound,dnsmasq,echo'),
  sockets: TEXT('16'),
  window: TEXT('16'),
  rate: TEXT('0'),
  churn: TEXT('0'),
  inside: FLAG,
  place: TEXT('shared'),
  slow: FLAG,
  verify: FLAG,
  record: FLAG,
} as const

/** Undefined: help was asked for, and has been given. */
export function readPlan(): Plan | undefined {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const mixes = values.mix === 'all' ? MIXES : readNames(values.mix, MIXES)
  const rate = readRate(values.rate)
  const churns = values.churn.split(',').map((one) => (one === 'blocked' ? one : readNumber(one)))
  const places = readNames(values.place, PLACES)
  const instances = readNumber(values.instances)
  const isByClock = rate.rate !== undefined || rate.rateShare !== undefined
  const isPlain = churns.every((churn) => churn === 0) && !places.includes('apart')
  if (!isByClock && !isPlain) throw new Error('--churn and --place need --rate')
  if (churns.includes('blocked') && !values.inside) throw new Error('blocked needs --inside')
  if (values.slow && places.includes('apart')) throw new Error('--place apart: not with --slow')
  return {
    ...rate,
    rounds: readNumber(values.rounds),
    mixes: isByClock ? mixes.filter((mix) => !isStream(mix)) : mixes,
    flights: readNames(values.flight, FLIGHTS),
    subjects: readNames(values.subjects, SUBJECTS),
    names: readNumbers(values.names),
    instances: instances === 0 ? undefined : instances,
    workers: readNumbers(values.workers),
    churns,
    isInside: values.inside,
    places,
    seconds: readNumber(values.seconds),
    sockets: readNumber(values.sockets),
    window: readNumber(values.window),
    limitMs: readNumber(values.minutes) * 60_000,
    isSlow: values.slow,
    isVerified: values.verify,
    isRecorded: values.record,
  }
}

/** In the order of `all`: the first subject is the one that others are compared with. */
function readNames<T extends string>(text: string, all: readonly T[]): readonly T[] {
  const names = text.split(',')
  const unknown = names.filter((name) => !all.some((one) => one === name))
  if (unknown.length > 0) throw new Error(`no such thing: ${unknown.join(', ')}\n${HELP}`)
  return all.filter((one) => names.includes(one))
}

function readRate(text: string): { rate?: number; rateShare?: number } {
  if (text.endsWith('%')) return { rateShare: readNumber(text.slice(0, -1)) / 100 }
  const rate = readNumber(text)
  return rate === 0 ? {} : { rate }
}

function readNumbers(text: string): readonly number[] {
  return text.split(',').map((one) => readNumber(one))
}

function readNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a number: ${text}`)
  return value
}
