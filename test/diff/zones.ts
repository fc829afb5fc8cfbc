/**
 * The same zones in Cairn, Knot and NSD, the same questions: the same answers, but for what
 * `allowed.ts` lists. `node test/diff/zones.ts [--names 20000] [--seed 1]`
 */
import { parseArgs } from 'node:util'
import { runComparison } from './run.ts'
import { missingPrograms } from './servers.ts'

const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
})

const missing = missingPrograms()
if (missing.length > 0) {
  console.error(
    `not installed: ${missing.join(' ')} (apt-get install knot nsd bind9-utils ldnsutils)`,
  )
  process.exit(69)
}
const started = performance.now()
const findings = await runComparison({
  hosts: 2000,
  names: Number(values.names),
  seed: Number(values.seed),
})
const seconds = ((performance.now() - started) / 1000).toFixed(0)
for (const difference of findings.wrong) console.log(difference)
for (const [{ why, rfc }, count] of findings.allowed) {
  console.log(`allowed: ${count} × ${why} (${rfc})`)
}
console.log(`${findings.asked} questions, ${findings.wrongCount} differences, ${seconds} s`)
process.exitCode = findings.wrongCount === 0 ? 0 : 1
