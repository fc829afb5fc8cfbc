import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureAnswers } from './table/answers.ts'
import { measureChanges } from './table/changes.ts'
import { measureChurn } from './table/churn.ts'
import { measureGrowth } from './table/growth.ts'

/**
 * The table that DNS answers come from: what a change costs, what growth and churn do to pauses and
 * to memory, what an answer costs by the number of names. `npm run bench:table`.
 */

const PARTS = {
  changes: measureChanges,
  growth: measureGrowth,
  answers: measureAnswers,
  churn: measureChurn,
}

function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [cpu] = cpus()
  return `${cpu?.model}, ${cpus().length} cores, Node ${process.versions.node}, commit ${commit}`
}

const { positionals } = parseArgs({ allowPositionals: true })
console.log(machine())
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length === 0 || positionals.includes(name)) measure()
}
