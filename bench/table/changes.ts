import { BlockBuilder } from '../../src/core/dns/compile/block-builder.ts'
import { buildService } from '../../src/core/dns/compile/service-block.ts'
import { parseName } from '../../src/core/dns/name.ts'
import { Arena } from '../../src/core/dns/table/arena.ts'
import { createTable } from '../../src/core/dns/table/memory.ts'
import { NameIndex } from '../../src/core/dns/table/name-index.ts'
import { instancesOf, serviceOf, snapshotOf } from './services.ts'
import { cpuNs, makeSubject } from './subject.ts'

const OPS = 20_000
const ROUNDS = 7

/** One change of a service with 10 instances: compiled, stored, and the whole way. */
export function measureChanges(): void {
  console.log('\n| one change of a service with 10 instances | µs |\n|---|---|')
  const service = serviceOf('order-service', instancesOf(0, 10))
  const builder = new BlockBuilder()
  const note = { hashLabel: 'h', collisions: 0 }
  const apex = parseName('nacos.')
  const options = { ttl: 1, answers: 0, failOpen: true, zone: 1, apex } as const
  print('compile', () => buildService(builder, service, options, note))
  print('publish: store the block, swap a pointer, give the old one back', publishing(builder))
  print('whole: one of 200 services has one instance changed', changing())
}

function publishing(builder: BlockBuilder): () => void {
  const memory = createTable(1 << 26, 1, 2)
  const arena = new Arena(memory)
  const index = new NameIndex(memory, arena)
  const keys = Array.from({ length: 10_000 }, (_, i) => parseName(`service-${i}.nacos.`))
  for (const key of keys) index.put(key, builder.copyTo(memory, arena))
  let i = 0
  return () => {
    const key = keys[(i = (i + 7_919) % keys.length)]
    if (key !== undefined) arena.retire(index.put(key, builder.copyTo(memory, arena)))
    if (i % 8 === 0) arena.reclaim()
  }
}

function changing(): () => void {
  const { table } = makeSubject(64)
  const states = Array.from({ length: 200 }, (_, n) => {
    const before = instancesOf(n * 16, 10)
    const after = before.with({ ...firstOf(before.list), healthy: false })
    return [before, after].map((one) => snapshotOf(serviceOf(`service-${n}`, one)))
  })
  const refs = states.map((_, n) => serviceOf(`service-${n}`, instancesOf(0, 0)).ref)
  let i = 0
  return () => {
    const n = i % 200
    const snapshot = states[n]?.[Math.floor(i++ / 200) % 2]
    const ref = refs[n]
    if (ref !== undefined && snapshot !== undefined) table.publish(ref, snapshot)
    if (i % 8 === 0) table.settle(i)
  }
}

function firstOf<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined) throw new Error('nothing to measure')
  return first
}

function print(name: string, run: () => void): void {
  const took = Array.from({ length: ROUNDS }, () => {
    const start = cpuNs()
    for (let i = 0; i < OPS; i++) run()
    return (cpuNs() - start) / 1_000 / OPS
  }).toSorted((a, b) => a - b)
  console.log(`| ${name} | ${(took[ROUNDS >> 1] ?? 0).toFixed(2)} |`)
}
