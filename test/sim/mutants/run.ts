import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MUTANTS, type Mutant } from './list.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Seeds that the simulator gets to find one bug; a right member passes them all. */
const SEEDS = '1-60'

export type Verdict =
  | { readonly kind: 'found'; readonly by: string }
  | { readonly kind: 'missed' }
  | { readonly kind: 'stale'; readonly times: number }

/** A copy of the member and its simulator that bugs are planted in; disposed of at the end. */
export class Plot implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'cairn-mutants-'))

  constructor() {
    for (const part of ['src/kernel', 'src/core', 'src/engine', 'test/sim', 'package.json']) {
      cpSync(join(ROOT, part), join(this.#root, part), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.#root, 'node_modules'))
  }

  /** Plants one bug, lets the simulator look for it, and pulls it out again. */
  judge({ file, find, put }: Mutant): Verdict {
    const path = join(this.#root, file)
    const right = readFileSync(path, 'utf8')
    const times = right.split(find).length - 1
    if (times !== 1) return { kind: 'stale', times }
    writeFileSync(
      path,
      right.replace(find, () => put),
    )
    try {
      return this.simulate()
    } finally {
      writeFileSync(path, right)
    }
  }

  simulate(): Verdict {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(this.#root, 'test/sim/run.ts'), '--seeds', SEEDS],
      { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
    )
    if (status === 0) return { kind: 'missed' }
    return { kind: 'found', by: lastWords(stderr) }
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true })
  }
}

/** The broken promise and the seed, from the end of a trace. */
function lastWords(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return lines.slice(-2).join('; ') || 'no word'
}

function main(): number {
  using plot = new Plot()
  let missed = 0
  for (const mutant of MUTANTS) {
    const verdict = plot.judge(mutant)
    if (verdict.kind !== 'found') missed++
    console.log(`${verdict.kind}: ${mutant.name} (${mutant.file})`)
    if (verdict.kind === 'found') console.log(`    ${verdict.by}`)
  }
  console.log(`${MUTANTS.length - missed} of ${MUTANTS.length} planted bugs were found`)
  return missed === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
