import { parseArgs } from 'node:util'
import { stress } from '../core/dns/table/stress.ts'

/**
 * The shared table for as long as wanted: a writer that churns, readers that check every octet, one
 * of them ended and replaced each second. `npm run soak:table -- --seconds 600 --readers 4`.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    readers: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() & 0xffff) },
  },
})

const seed = Number(values.seed)
const stressed = await stress({
  ms: Number(values.seconds) * 1_000,
  readers: Number(values.readers),
  isGuarded: true,
  killEveryMs: 1_000,
  seed,
})
console.log({ seed, ...stressed })
process.exitCode = stressed.torn > 0 || stressed.waitingBytes > 0 ? 1 : 0
