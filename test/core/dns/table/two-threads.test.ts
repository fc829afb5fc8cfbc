import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { at, DnsWorld } from '../answer/world.ts'
import { ref } from '../../registry/build.ts'
import type { AnsweringData, Judged } from './answering-worker.ts'

const SERVICES = 30
const PUBLISHES = 10_000
/** Lets the other thread's messages in now and then; the writer is busy otherwise. */
const BATCH = 2_000

test('while a writer churns, each answer of another thread belongs to one published state', async () => {
  const world = new DnsWorld({ bytes: 1 << 25 })
  const control = new Int32Array(new SharedArrayBuffer(4))
  const workerData: AnsweringData = {
    table: world.memory.buffer,
    control: control.buffer,
    services: SERVICES,
    seed: 5,
  }
  const worker = new Worker(new URL('./answering-worker.ts', import.meta.url), { workerData })
  const judged = once(worker, 'message')
  await once(worker, 'online')
  const states = churn()
  const rng = new SeededRng(9)
  for (let i = 0; i < PUBLISHES; i++) {
    const n = rng.u32() % SERVICES
    if (rng.u32() % 10 === 0) world.remove(ref(`service-${n}`))
    else states(world, n, rng.u32() % 256)
    if (i % BATCH === 0) await new Promise(setImmediate)
  }
  Atomics.store(control, 0, 1)
  const [{ answers, absent, torn }] = (await judged) as [Judged]
  expect(torn).toEqual([])
  expect(answers).toBeGreaterThan(1_000)
  expect(absent).toBeGreaterThan(0)
  await worker.terminate()
  expectEmpty(world)
}, 60_000)

test('two hundred thousand publishes leave no more memory in use than the first few', () => {
  const world = new DnsWorld({ bytes: 1 << 20 })
  const states = [1, 2, 3].map((port) => [at(`10.0.0.${port % 2}`, { port })])
  for (let i = 0; i < 200_000; i++) world.putState(ref(`service-${i % 2}`), states[i % 3] ?? [], i)
  expectEmpty(world)
}, 60_000)

function expectEmpty(world: DnsWorld): void {
  for (let n = 0; n < SERVICES; n++) world.remove(ref(`service-${n}`))
  for (let i = 0; i < 100; i++) world.table.settle(1)
  const fresh = new DnsWorld()
  expect(world.table.nameCount).toBe(fresh.table.nameCount)
  // The index may have grown once or twice; it keeps what it has.
  expect(world.table.usedBytes).toBeLessThan(fresh.table.usedBytes + 32_768)
}

/** Publishes state g of service n; the instances of a state are made once. */
function churn(): (world: DnsWorld, n: number, g: number) => void {
  const made = new Map<number, ReturnType<typeof at>[]>()
  return (world, n, g) => {
    const instances =
      made.get(n * 256 + g) ??
      Array.from({ length: 1 + (g % 20) }, (_, i) => at(`10.${n}.${g}.${i}`, { port: g }))
    made.set(n * 256 + g, instances)
    world.putState(ref(`service-${n}`), instances, g)
  }
}
