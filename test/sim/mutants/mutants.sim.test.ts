import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { MUTANTS } from './list.ts'
import type { Verdict } from './run.ts'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
/** All bugs one after the other, and then some: a bug may make the simulator run for ever. ms. */
const ALL_MS = 60_000
const verdicts = new Map<string, Verdict>()

// A process of its own: there the hooks that plant bugs are alone, and it can be killed.
beforeAll(() => {
  const { stdout, stderr } = spawnSync(process.execPath, [RUN, '--quick'], {
    encoding: 'utf8',
    timeout: ALL_MS,
    killSignal: 'SIGKILL',
  })
  if (stderr !== '') console.warn(stderr)
  for (const line of stdout.split('\n').filter(Boolean)) {
    const { name, verdict } = JSON.parse(line) as { name: string; verdict: Verdict }
    verdicts.set(name, verdict)
  }
}, ALL_MS + 10_000)

// A simulator in which nobody has planted bugs is theatre.
test.each(MUTANTS)('the simulator finds: $name', ({ name, seed }) => {
  const verdict = verdicts.get(name)
  expect(verdict).toMatchObject({ kind: 'found' })
  if (verdict?.kind !== 'found' || verdict.seed === seed) return
  console.warn(`"${name}" is found by seed ${verdict.seed}, no more by ${seed}: see list.ts`)
})

test('the simulator finds nothing where nothing is planted', () => {
  expect(verdicts.get('')).toEqual({ kind: 'missed' })
})
