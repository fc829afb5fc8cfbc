import { assert } from '../../../kernel/assert.ts'
import { ARENA_START, HEADER, MAGIC, READERS_MAX, readerSlot } from './layout.ts'

/** Three views of one shared buffer: by number, by octet, and as words for `Atomics`. */
export interface TableMemory {
  readonly buffer: SharedArrayBuffer
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

/**
 * At least this much; the default setting reserves far more address space, untouched until used.
 */
const TABLE_BYTES_MIN: number = 1 << 20

/** A new empty table. `seedLow` and `seedHigh` key the name hash. */
export function createTable(byteLength: number, seedLow: number, seedHigh: number): TableMemory {
  assert(byteLength >= TABLE_BYTES_MIN, 'the table is at least 1 MiB')
  assert(byteLength > ARENA_START && byteLength < 2 ** 31, 'offsets in the table fit 31 bits')
  const memory = openTable(new SharedArrayBuffer(byteLength & ~7))
  memory.view.setInt32(HEADER.MAGIC, MAGIC, true)
  memory.view.setInt32(HEADER.SEED, seedLow, true)
  memory.view.setInt32(HEADER.SEED + 4, seedHigh, true)
  memory.view.setInt32(HEADER.EPOCH, 1, true)
  return memory
}

/** The same table in another thread. */
export function openTable(buffer: SharedArrayBuffer): TableMemory {
  return {
    buffer,
    view: new DataView(buffer),
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
  }
}

/**
 * A reader's guard: blocks that a reader may still see are not reused. `enter` before the first
 * look of a batch, `leave` after the last. A new one takes the slot over from a worker that died
 * while it read, and would hold back every block for ever. `enter` ends with an atomic load: it
 * cannot move before the store, and no plain load that follows before it.
 */
export class Reader {
  readonly #words: Int32Array
  readonly #slot: number
  #isInside = false

  constructor(memory: TableMemory, worker: number) {
    assert(worker >= 0 && worker < READERS_MAX, 'a reader has a slot')
    this.#words = memory.words
    this.#slot = readerSlot(worker) >> 2
    dropReader(memory, worker)
  }

  enter(): void {
    // The inner one of two would open the guard for the outer one.
    assert(!this.#isInside, 'a guard is left before it is entered again')
    this.#isInside = true
    Atomics.store(this.#words, this.#slot, Atomics.load(this.#words, HEADER.EPOCH >> 2))
    Atomics.load(this.#words, HEADER.INDEX >> 2)
  }

  leave(): void {
    Atomics.store(this.#words, this.#slot, 0)
    this.#isInside = false
  }
}

/** What a worker that ended may have been reading is free for others; call it when it has ended. */
export function dropReader({ words }: TableMemory, worker: number): void {
  Atomics.store(words, readerSlot(worker) >> 2, 0)
}
