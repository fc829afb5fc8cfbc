import { FreeBlocks } from './free-blocks.ts'
import { HEADER, READERS_MAX, readerSlot } from './layout.ts'
import type { TableMemory } from './memory.ts'
import { RetiredBlocks } from './retired-blocks.ts'

/** Retired blocks per reclamation round: bounds the pause of one publish. */
const RECLAIM_MAX = 256
/** While so many wait, one of so many that are retired looks whether some can be freed. */
const LOOK_EVERY = 64

/**
 * Blocks of the table, for the one writer. What is given back is used again once no reader can hold
 * a pointer to it.
 */
export class Arena {
  readonly #memory: TableMemory
  readonly #blocks: FreeBlocks
  readonly #retired = new RetiredBlocks()
  #usedBytes = 0
  #waitingBytes = 0

  constructor(memory: TableMemory) {
    this.#memory = memory
    this.#blocks = new FreeBlocks(memory)
  }

  /** Bytes in blocks that are in use or wait to be freed. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Bytes in blocks that wait for readers to leave. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** The most bytes of the buffer that ever were in use: so much memory it takes. */
  get reachedBytes(): number {
    return this.#blocks.reachedBytes
  }

  get waiting(): number {
    return this.#retired.count
  }

  /**
   * The offset of `bytes` octets, with whatever was in them before. Throws `too_large` when the
   * table is full.
   */
  allocate(bytes: number): number {
    const offset = this.#blocks.take(bytes)
    this.#usedBytes += this.#blocks.sizeOf(offset)
    return offset
  }

  /** As `allocate`, all zero. */
  allocateZeroed(bytes: number): number {
    const offset = this.allocate(bytes)
    this.#memory.words.fill(0, offset >> 2, (offset + bytes + 3) >> 2)
    return offset
  }

  /** Gives a block back once no reader can see it. It must be unlinked already. */
  retire(offset: number): void {
    this.#retired.push(offset, Atomics.load(this.#memory.words, HEADER.EPOCH >> 2))
    this.#waitingBytes += this.#blocks.sizeOf(offset)
    if (this.waiting >= RECLAIM_MAX && this.waiting % LOOK_EVERY === 0) this.reclaim()
  }

  /** Frees what all readers have left behind; at most `RECLAIM_MAX` blocks a call. */
  reclaim(): void {
    if (this.waiting === 0) return
    const epoch = this.#nextEpoch()
    const agesMax = this.#oldestReader(epoch)
    for (let i = 0; i < RECLAIM_MAX && this.waiting > 0; i++) {
      if (((epoch - this.#retired.epoch) | 0) <= agesMax) return
      this.#release(this.#retired.offset)
      this.#retired.shift()
    }
  }

  /** Epochs are compared by difference: they come round after 2^32, some weeks of busy days. */
  #nextEpoch(): number {
    const { words } = this.#memory
    const next = (Atomics.load(words, HEADER.EPOCH >> 2) + 1) | 0
    // 0 in a reader's slot means that it does not read.
    const epoch = next === 0 ? 1 : next
    Atomics.store(words, HEADER.EPOCH >> 2, epoch)
    return epoch
  }

  /** How many epochs ago the oldest present reader entered; −1 when nobody reads. */
  #oldestReader(now: number): number {
    let oldest = -1
    for (let worker = 0; worker < READERS_MAX; worker++) {
      const epoch = Atomics.load(this.#memory.words, readerSlot(worker) >> 2)
      // 0: not reading now; what it reads next it will find through live pointers only.
      if (epoch !== 0) oldest = Math.max(oldest, (now - epoch) | 0)
    }
    return oldest
  }

  #release(offset: number): void {
    const size = this.#blocks.sizeOf(offset)
    this.#blocks.give(offset)
    this.#usedBytes -= size
    this.#waitingBytes -= size
  }
}
