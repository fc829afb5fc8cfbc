import { assert } from '../../../kernel/assert.ts'
import { CairnError } from '../../../kernel/errors.ts'
import { ARENA_START, HEADER, READERS_MAX, readerSlot } from './layout.ts'
import type { TableMemory } from './memory.ts'

/** Before every block: its size class, so that a pointer is enough to free it. */
const PREFIX = 8

/** Retired blocks per reclamation round: bounds the pause of one publish. */
const RECLAIM_MAX = 256

interface Retired {
  readonly offset: number
  /** The epoch in which it was unlinked; readers that entered later cannot see it. */
  readonly epoch: number
}

/**
 * Memory of the table, for the one writer. Blocks come in size classes (four per doubling, at most
 * 25 % is lost to rounding), freed ones wait until no reader can hold a pointer to them.
 */
export class Arena {
  readonly #memory: TableMemory
  readonly #free: number[][] = []
  /** A queue: retired in the order of epochs, freed from the front. */
  #retired: Retired[] = []
  #retiredHead = 0
  #top = ARENA_START
  #usedBytes = 0

  constructor(memory: TableMemory) {
    this.#memory = memory
  }

  /** Bytes in blocks that are in use or wait to be freed. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  get waiting(): number {
    return this.#retired.length - this.#retiredHead
  }

  /** The offset of `bytes` octets of zeroed memory. Throws `too_large` when the table is full. */
  allocate(bytes: number): number {
    const sizeClass = classOf(bytes + PREFIX)
    const size = sizeOf(sizeClass)
    const offset = this.#free[sizeClass]?.pop() ?? this.#extend(size)
    this.#memory.bytes.fill(0, offset, offset + size - PREFIX)
    this.#memory.view.setInt32(offset - PREFIX, sizeClass, true)
    this.#usedBytes += size
    return offset
  }

  /** Gives a block back once no reader can see it. It must be unlinked already. */
  retire(offset: number): void {
    const epoch = Atomics.load(this.#memory.words, HEADER.EPOCH >> 2)
    this.#retired.push({ offset, epoch })
    if (this.waiting >= RECLAIM_MAX) this.reclaim()
  }

  /** Frees what all readers have left behind; at most `RECLAIM_MAX` blocks a call. */
  reclaim(): void {
    if (this.waiting === 0) return
    const epoch = this.#nextEpoch()
    const agesMax = this.#oldestReader(epoch)
    for (let i = 0; i < RECLAIM_MAX; i++) {
      const next = this.#retired[this.#retiredHead]
      if (next === undefined || ((epoch - next.epoch) | 0) <= agesMax) break
      this.#release(next.offset)
      this.#retiredHead++
    }
    if (this.#retiredHead < RECLAIM_MAX && this.waiting > 0) return
    this.#retired = this.#retired.slice(this.#retiredHead)
    this.#retiredHead = 0
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
    const sizeClass = this.#memory.view.getInt32(offset - PREFIX, true)
    assert(sizeClass >= 0 && sizeClass < 256, 'a freed block has a size class')
    const list = this.#free[sizeClass] ?? []
    list.push(offset)
    this.#free[sizeClass] = list
    this.#usedBytes -= sizeOf(sizeClass)
  }

  #extend(size: number): number {
    const offset = this.#top + PREFIX
    if (this.#top + size > this.#memory.bytes.length) {
      throw new CairnError('too_large', 'the DNS table is full: raise dns.table_bytes')
    }
    this.#top += size
    return offset
  }
}

/** Classes 0 … 15 are 16, 32 … 256 octets; then 320, 384, 448, 512, 640 … */
function classOf(bytes: number): number {
  if (bytes <= 256) return Math.max(0, ((bytes + 15) >> 4) - 1)
  const exponent = 31 - Math.clz32(bytes - 1)
  const quarter = (bytes - 1) >> (exponent - 2)
  return 16 + (exponent - 8) * 4 + (quarter - 4)
}

function sizeOf(sizeClass: number): number {
  if (sizeClass < 16) return (sizeClass + 1) << 4
  const exponent = 8 + ((sizeClass - 16) >> 2)
  const quarter = 5 + ((sizeClass - 16) & 3)
  return quarter << (exponent - 2)
}
