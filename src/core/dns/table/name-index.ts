import type { Arena } from './arena.ts'
import { DIRECTORY, ENTRY, HEADER, SEGMENT } from './layout.ts'
import type { TableMemory } from './memory.ts'
import { hashName } from './name-hash.ts'
import { Segments } from './segments.ts'

/**
 * Finds names in the table. One per thread; allocates nothing. Its loads are plain ones: `Atomics`
 * is a call each time. A pointer is an aligned word, so it is never half of one; what it points at
 * was written before it, and is read by way of it; and no load comes before the reader has entered.
 */
export class NameFinder {
  /** Offset of the index slot of the entry found last; for the writer. */
  slot = 0
  readonly #table: DataView
  readonly #words: Int32Array
  readonly #key0: number
  readonly #key1: number

  constructor(memory: TableMemory) {
    this.#table = memory.view
    this.#words = memory.words
    this.#key0 = memory.view.getInt32(HEADER.SEED, true)
    this.#key1 = memory.view.getInt32(HEADER.SEED + 4, true)
  }

  hash(name: DataView, start: number, end: number): number {
    return hashName(name, start, end, this.#key0, this.#key1)
  }

  /** The block of the lower-cased wire name in `name[start, end)`, or 0. */
  find(name: DataView, start: number, end: number): number {
    const entry = this.findEntry(name, start, end, this.hash(name, start, end))
    return entry === 0 ? 0 : (this.#words[(entry + ENTRY.BLOCK) >> 2] ?? 0)
  }

  /**
   * As `find`, for a name at the start of `name` whose hash is known. `guess`: an entry that was
   * found under this hash since the reader entered, or 0.
   */
  findBlock(name: DataView, length: number, hash: number, guess: number): number {
    const isRight = guess !== 0 && this.#isSame(guess, name, 0, length)
    const entry = isRight ? guess : this.findEntry(name, 0, length, hash)
    return entry === 0 ? 0 : (this.#words[(entry + ENTRY.BLOCK) >> 2] ?? 0)
  }

  /**
   * The name's entry, or 0; `slot` is where the index holds it. A slot is looked at once: the
   * writer may remove the name at any moment, the entry stays readable until this reader leaves.
   */
  findEntry(name: DataView, start: number, end: number, hash: number): number {
    const words = this.#words
    const slots = this.slotsOf(hash)
    for (let i = hash; ; i++) {
      const slot = slots + (i & (SEGMENT.SLOT_COUNT - 1)) * SEGMENT.SLOT_BYTES
      const entry = words[(slot + 4) >> 2] ?? 0
      if (entry === 0) return 0
      if (
        entry !== SEGMENT.REMOVED &&
        words[slot >> 2] === hash &&
        this.#isSame(entry, name, start, end)
      ) {
        this.slot = slot
        return entry
      }
    }
  }

  /** The slots among which names with this hash stand, the first one looked at by its last bits. */
  slotsOf(hash: number): number {
    const words = this.#words
    const directory = words[HEADER.INDEX >> 2] ?? 0
    const bits = words[(directory + DIRECTORY.BITS) >> 2] ?? 0
    const at = (directory + DIRECTORY.SEGMENTS + (hash >>> (32 - bits)) * 4) >> 2
    return (words[at] ?? 0) + SEGMENT.SLOTS
  }

  #isSame(entry: number, name: DataView, start: number, end: number): boolean {
    const length = end - start
    if (this.#table.getInt32(entry + ENTRY.KEY_LENGTH, true) !== length) return false
    const key = entry + ENTRY.KEY
    let i = 0
    for (; i + 4 <= length; i += 4) {
      if (this.#table.getInt32(key + i, true) !== name.getInt32(start + i, true)) return false
    }
    for (; i < length; i++) {
      if (this.#table.getUint8(key + i) !== name.getUint8(start + i)) return false
    }
    return true
  }
}

/** A name of 255 octets behind a mark. */
const KEY_MAX = 256

/** The writer's side: names come, get other blocks, and go. */
export class NameIndex {
  readonly #memory: TableMemory
  readonly #arena: Arena
  readonly #segments: Segments
  readonly finder: NameFinder
  readonly #key = new Uint8Array(KEY_MAX)
  readonly #keyView = new DataView(this.#key.buffer)
  #size = 0

  constructor(memory: TableMemory, arena: Arena) {
    this.#memory = memory
    this.#arena = arena
    this.#segments = new Segments(memory, arena)
    this.finder = new NameFinder(memory)
  }

  get size(): number {
    return this.#size
  }

  /** Slots of the index: the share that is filled tells how long chains are. */
  get slots(): number {
    return this.#segments.slots
  }

  get(key: Uint8Array): number {
    return this.finder.find(this.#viewOf(key), 0, key.length)
  }

  /** Points the name at the block, and gives the block it pointed at before, or 0. */
  put(key: Uint8Array, block: number): number {
    const view = this.#viewOf(key)
    const hash = this.finder.hash(view, 0, key.length)
    const entry = this.finder.findEntry(view, 0, key.length, hash)
    if (entry === 0) {
      this.#insert(key, hash, block)
      return 0
    }
    return Atomics.exchange(this.#memory.words, (entry + ENTRY.BLOCK) >> 2, block)
  }

  /** The name's entry. A new one points at nothing, and is not found before it does. */
  reserve(key: Uint8Array): number {
    const view = this.#viewOf(key)
    const hash = this.finder.hash(view, 0, key.length)
    const entry = this.finder.findEntry(view, 0, key.length, hash)
    return entry === 0 ? this.#insert(key, hash, 0) : entry
  }

  /** Points a reserved entry at the block, and gives the block it pointed at before, or 0. */
  exchange(entry: number, block: number): number {
    return Atomics.exchange(this.#memory.words, (entry + ENTRY.BLOCK) >> 2, block)
  }

  /** Forgets the name, and gives the block it pointed at, or 0. */
  remove(key: Uint8Array): number {
    const view = this.#viewOf(key)
    const hash = this.finder.hash(view, 0, key.length)
    const entry = this.finder.findEntry(view, 0, key.length, hash)
    if (entry === 0) return 0
    const block = this.#memory.view.getInt32(entry + ENTRY.BLOCK, true)
    this.#segments.remove(hash, this.finder.slot)
    this.#arena.retire(entry)
    this.#size--
    return block
  }

  #insert(key: Uint8Array, hash: number, block: number): number {
    this.#segments.makeRoom(hash)
    const entry = this.#arena.allocate(ENTRY.KEY + key.length)
    this.#memory.view.setInt32(entry + ENTRY.BLOCK, block, true)
    this.#memory.view.setInt32(entry + ENTRY.KEY_LENGTH, key.length, true)
    this.#memory.bytes.set(key, entry + ENTRY.KEY)
    this.#segments.insert(hash, entry)
    this.#size++
    return entry
  }

  /** A copy to look from: a view per key would cost more than the look itself. */
  #viewOf(key: Uint8Array): DataView {
    this.#key.set(key)
    return this.#keyView
  }
}
