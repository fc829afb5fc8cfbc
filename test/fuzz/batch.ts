import { parseArgs } from 'node:util'
import { BatchFuzz } from './batch-fuzz.ts'

/**
 * `npm run fuzz:batch -- [--count 10000000] [--seed n]`: packets in batches through sockets and the
 * batched engine, compared with the complete path; memory must stay whole, and as large as it was.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
})
const STEPS = 20
const GROWTH_MAX_MB = 20
const MB = 1 << 20
const count = Number(values.count)
console.log(`seed ${values.seed}`)

using fuzz = new BatchFuzz(Number(values.seed))
await fuzz.open()
const started = performance.now()
let settledMb = 0
for (let step = 1; step <= STEPS && fuzz.told.faults.length === 0; step++) {
  await fuzz.run((count * step) / STEPS)
  const { packets, answers, compared } = fuzz.told
  const mb = process.memoryUsage.rss() / MB
  if (step === 2) settledMb = mb
  const seconds = ((performance.now() - started) / 1_000).toFixed(0)
  const what = `${answers} answers, ${compared} compared, ${mb.toFixed(1)} MB, ${seconds} s`
  console.log(`${packets} packets, ${what}`)
}
const growth = process.memoryUsage.rss() / MB - settledMb
if (growth > GROWTH_MAX_MB) fuzz.told.faults.push(`memory grew by ${growth.toFixed(1)} MB`)
for (const fault of fuzz.told.faults) console.log(fault)
const isSound = fuzz.told.faults.length === 0
console.log(isSound ? `sound; memory grew by ${growth.toFixed(1)} MB` : 'NOT SOUND')
process.exitCode = isSound ? 0 : 1
