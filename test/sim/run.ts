import { parseArgs } from 'node:util'
import { InvariantError } from '../../src/kernel/errors.ts'
import { Violation } from './invariants.ts'
import { createScenario } from './scenario.ts'

export interface Outcome {
  readonly seed: number
  readonly events: number
  readonly digest: string
  /** What was broken, with the last lines of the trace; undefined in a right run. */
  readonly violation: string | undefined
}

/** Plays one seed to its end or to the first broken promise. */
export async function runSeed(seed: number): Promise<Outcome> {
  const { world, untilMs } = createScenario(seed)
  let violation: string | undefined
  try {
    await world.runUntil(untilMs)
  } catch (error) {
    if (!(error instanceof Violation) && !(error instanceof InvariantError)) throw error
    const at = `after ${world.events} events, at ${world.clock.now()} ms: ${error.message}`
    violation = [...world.digest.tail, at].join('\n')
  }
  return { seed, events: world.events, digest: world.digest.hex(), violation }
}

/** `--seed 42` replays one seed; `--seeds 1-200` looks for a seed that breaks a promise. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, seeds: { type: 'string' } },
  })
  const [first = Number.NaN, last = first] = (values.seeds ?? values.seed ?? '1')
    .split('-')
    .map(Number)
  if (!Number.isInteger(first) || !Number.isInteger(last)) {
    console.error('usage: npm run sim -- [--seed 42 | --seeds 1-200]')
    return 2
  }
  for (let seed = first; seed <= last; seed++) {
    const outcome = await runSeed(seed)
    console.log(`seed ${seed}  events ${outcome.events}  digest ${outcome.digest}`)
    if (outcome.violation === undefined) continue
    console.error(`${outcome.violation}\nreplay: npm run sim -- --seed ${seed}`)
    return 1
  }
  return 0
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
