import { parseArgs } from 'node:util'

import { DEFAULTS, type Load } from './generator.ts'
import { type Mix, MIXES } from './packets.ts'
import { isBuilt, type SubjectName, SUBJECTS } from './subjects.ts'

/** What a run of the bench is to do, from its command line. */

const HELP = `node bench/dns.bench.ts [options]
  --rounds 5        every subject once per round and mix
  --seconds 3       measured per subject, mix and round, after a warm-up of 1 s
  --minutes 10      no repetition and no further round that would end later than this
  --names 10000     services, each with 4 instances
  --mix a,srv,nx,tcp   any of ${MIXES.join(', ')}; all: every one of them
  --subjects cairn,knot,unbound   of ${SUBJECTS.join(', ')}; the first is compared with the others
  --window 16       in flight per socket (closed loop), --sockets 16
  --rate 0          open loop at so many queries per second, with latencies (UDP)
  --churn 0         so many registry changes per second meanwhile (needs --rate; Cairn only)
  --verify          compare the generator's counts with the server's own
  --record          append the rows to bench/README.md
`

export interface Plan {
  readonly rounds: number
  readonly mixes: readonly Mix[]
  readonly subjects: readonly SubjectName[]
  readonly names: number
  readonly load: Omit<Load, 'port' | 'pid' | 'mix'>
  readonly churn: number
  /** Since the start of the process. */
  readonly limitMs: number
  readonly isVerified: boolean
  readonly isRecorded: boolean
}

/** Undefined: help was asked for, and has been given. */
export function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '10' },
      names: { type: 'string', default: '10000' },
      mix: { type: 'string', default: 'a,srv,nx,tcp' },
      subjects: { type: 'string', default: 'cairn,knot,unbound' },
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
    limitMs: readNumber(values.minutes) * 60_000,
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
