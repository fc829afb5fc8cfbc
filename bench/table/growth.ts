import { parseName } from '../../src/core/dns/name.ts'
import { Arena } from '../../src/core/dns/table/arena.ts'
import { createTable } from '../../src/core/dns/table/memory.ts'
import { NameIndex } from '../../src/core/dns/table/name-index.ts'
import { summarize } from './subject.ts'

const NAMES = 1_000_000
const ROUNDS = 3

/**
 * A million names come one by one: how long the longest one takes. The table is the same in each
 * round, so the least of the rounds is the table's doing, and what is more the machine's.
 */
export function measureGrowth(): void {
  const leastUs = new Float64Array(NAMES).fill(Number.POSITIVE_INFINITY)
  let bytes = 0
  for (let round = 0; round < ROUNDS; round++) bytes = grow(leastUs)
  const { median, worst } = summarize(leastUs)
  const mean = leastUs.reduce((sum, us) => sum + us, 0) / NAMES
  console.log('\n| 1,000,000 new names, each | |\n|---|---|')
  console.log(`| median, µs | ${median.toFixed(2)} |`)
  console.log(`| mean, µs | ${mean.toFixed(2)} |`)
  console.log(`| longest, µs | ${worst.toFixed(0)} |`)
  console.log(`| longer than 100 µs | ${leastUs.filter((us) => us > 100).length} |`)
  console.log(`| octets of index and name | ${(bytes / NAMES).toFixed(0)} |`)
}

function grow(leastUs: Float64Array): number {
  const memory = createTable(1 << 29, 1, 2)
  const arena = new Arena(memory)
  const index = new NameIndex(memory, arena)
  for (let i = 0; i < NAMES; i++) {
    const key = parseName(`service-${i}.nacos.`)
    const start = performance.now()
    index.put(key, 4_096)
    if (i % 8 === 0) arena.reclaim()
    leastUs[i] = Math.min(leastUs[i] ?? 0, (performance.now() - start) * 1_000)
  }
  return arena.usedBytes
}
