import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant } from './list.ts'
import { Planting } from './planting.ts'

/** Seeds that the simulator gets to find one bug; a right member passes them all. */
const SEEDS: readonly number[] = Array.from({ length: 60 }, (_, i) => i + 1)

export type Verdict =
  | { readonly kind: 'found'; readonly seed: number; readonly by: string }
  | { readonly kind: 'missed' }
  | { readonly kind: 'stale'; readonly times: number }

/** What the simulator says of one planted bug; of the member as it is when there is none. */
async function judge(mutant: Mutant | undefined, seeds: readonly number[]): Promise<Verdict> {
  using planting = new Planting(mutant)
  if (planting.times !== 1) return { kind: 'stale', times: planting.times }
  const runSeed = await planting.load()
  for (const seed of seeds) {
    const by = await lastWords(() => runSeed(seed))
    if (by !== undefined) return { kind: 'found', seed, by }
  }
  return { kind: 'missed' }
}

/** The broken promise, from the end of a trace; undefined in a right run. */
async function lastWords(
  play: () => Promise<{ readonly violation: string | undefined }>,
): Promise<string | undefined> {
  try {
    return (await play()).violation?.split('\n').at(-1)
  } catch (error) {
    return String(error)
  }
}

/** The same verdicts sooner: first the seed that found the bug last time, then the others. */
function seedsFor({ seed }: Mutant, isQuick: boolean): readonly number[] {
  return isQuick ? [seed, ...SEEDS.filter((one) => one !== seed)] : SEEDS
}

/** `--quick` writes one line of JSON for each verdict, for the test; the name of none is ''. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: 'boolean' } } })
  const isQuick = values.quick === true
  const tell = isQuick ? tellProgram : tellPeople
  let found = 0
  for (const mutant of MUTANTS) {
    const verdict = await judge(mutant, seedsFor(mutant, isQuick))
    if (verdict.kind === 'found') found++
    tell(mutant, verdict)
  }
  const known = new Set(MUTANTS.map(({ seed }) => seed))
  const alone = await judge(undefined, isQuick ? [...known] : SEEDS)
  tell(undefined, alone)
  if (!isQuick) console.log(`${found} of ${MUTANTS.length} planted bugs were found`)
  return found === MUTANTS.length && alone.kind === 'missed' ? 0 : 1
}

function tellProgram(mutant: Mutant | undefined, verdict: Verdict): void {
  console.log(JSON.stringify({ name: mutant?.name ?? '', verdict }))
}

function tellPeople(mutant: Mutant | undefined, verdict: Verdict): void {
  const name = mutant === undefined ? 'nothing is planted' : `${mutant.name} (${mutant.file})`
  console.log(`${verdict.kind}: ${name}`)
  if (verdict.kind === 'found') console.log(`    seed ${verdict.seed}: ${verdict.by}`)
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
