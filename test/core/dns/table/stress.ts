import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { Arena } from '../../../../src/core/dns/table/arena.ts'
import { createTable, dropReader, type TableMemory } from '../../../../src/core/dns/table/memory.ts'
import { NameIndex } from '../../../../src/core/dns/table/name-index.ts'
import type { Checked, CheckingData } from './checking-reader.ts'
import { keyOf, writeBlock } from './checked-block.ts'

export interface StressOptions {
  readonly ms: number
  readonly readers: number
  readonly isGuarded: boolean
  /** So often a reader is ended wherever it is, and another takes its place; 0: never. */
  readonly killEveryMs: number
  readonly seed: number
}

export interface Stressed extends Checked {
  readonly writes: number
  readonly kills: number
  /** Octets that were still waiting after all readers had ended. */
  readonly waitingBytes: number
  readonly reachedBytes: number
}

const NAMES = 5_000
const TABLE_BYTES = 1 << 26
const CROWDED_BYTES = TABLE_BYTES / 4
/** Writes between two looks at the other threads' messages. */
const BATCH = 500

/** A writer that churns as fast as it can, and readers that check whatever they find. */
export async function stress(options: StressOptions): Promise<Stressed> {
  const memory = createTable(TABLE_BYTES, 3, options.seed)
  const writer = new Churn(memory, options.seed)
  const control = new Int32Array(new SharedArrayBuffer(4))
  const results: Checked[] = []
  const running = Array.from({ length: options.readers }, (_, i) => start(i))
  function start(reader: number): Worker {
    const workerData: CheckingData = {
      table: memory.buffer,
      control: control.buffer,
      names: NAMES,
      reader,
      isGuarded: options.isGuarded,
    }
    const worker = new Worker(new URL('./checking-reader.ts', import.meta.url), { workerData })
    worker.on('message', (checked: Checked) => results.push(checked))
    return worker
  }
  await Promise.all(running.map((worker) => once(worker, 'online')))
  const from = performance.now()
  let kills = 0
  while (performance.now() - from < options.ms && results.length === 0) {
    for (let i = 0; i < BATCH; i++) writer.step()
    await new Promise(setImmediate)
    // A reader that is off its core inside its guard holds back all that is retired meanwhile.
    while (writer.isCrowded && results.length === 0) await new Promise(setImmediate)
    const elapsed = performance.now() - from
    if (options.killEveryMs === 0 || elapsed < (kills + 1) * options.killEveryMs) continue
    const reader = kills++ % running.length
    await running[reader]?.terminate()
    dropReader(memory, reader)
    running[reader] = start(reader)
  }
  Atomics.store(control, 0, 1)
  for (const worker of running) if (worker.threadId > 0) await once(worker, 'exit')
  return { ...sum(results), ...writer.end(), kills }
}

function sum(results: readonly Checked[]): Checked {
  return results.reduce(
    (all, one) => ({
      looks: all.looks + one.looks,
      found: all.found + one.found,
      torn: all.torn + one.torn,
    }),
    { looks: 0, found: 0, torn: 0 },
  )
}

/** Names come, change and go; the sizes of their blocks and the number of names drift. */
class Churn {
  readonly #memory: TableMemory
  readonly #arena: Arena
  readonly #index: NameIndex
  readonly #rng: SeededRng
  readonly #keys = Array.from({ length: NAMES }, (_, n) => keyOf(n))
  #writes = 0

  constructor(memory: TableMemory, seed: number) {
    this.#memory = memory
    this.#arena = new Arena(memory)
    this.#index = new NameIndex(memory, this.#arena)
    this.#rng = new SeededRng(seed)
  }

  step(): void {
    const rng = this.#rng
    const phase = Math.floor(this.#writes++ / 20_000) % 4
    const n = rng.u32() % NAMES
    const key = this.#keys[n] ?? keyOf(n)
    // In every other phase most names go, so that segments are swept and split again.
    if (rng.u32() % 10 < (phase % 2 === 0 ? 2 : 6)) this.#retire(this.#index.remove(key))
    else {
      const words = 4 + (rng.u32() % (phase < 2 ? 100 : 700))
      this.#retire(this.#index.put(key, writeBlock(this.#memory, this.#arena, n, words)))
    }
    if (this.#writes % 8 === 0) this.#arena.reclaim()
  }

  /** Too much waits for readers: what can be had back is taken back. */
  get isCrowded(): boolean {
    if (this.#arena.waitingBytes < CROWDED_BYTES) return false
    for (let i = 0; i < BATCH; i++) this.#arena.reclaim()
    return this.#arena.waitingBytes >= CROWDED_BYTES
  }

  end(): Pick<Stressed, 'writes' | 'waitingBytes' | 'reachedBytes'> {
    const { waiting, reachedBytes } = this.#arena
    for (let i = 0; i <= waiting; i++) this.#arena.reclaim()
    return { writes: this.#writes, waitingBytes: this.#arena.waitingBytes, reachedBytes }
  }

  #retire(block: number): void {
    if (block !== 0) this.#arena.retire(block)
  }
}
