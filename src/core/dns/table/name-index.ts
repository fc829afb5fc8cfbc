import { assert } from '../../../kernel/assert.ts'
import type { Arena } from './arena.ts'
import { ENTRY, HEADER, INDEX } from './layout.ts'
import type { TableMemory } from './memory.ts'
import { hashName } from './name-hash.ts'

/** Finds names in the table. One per thread; allocates nothing. */
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
    return entry === 0 ? 0 : Atomics.load(this.#words, (entry + ENTRY.BLOCK) >> 2)
  }

  /** As `find`, for a name at the start of `name` whose hash is known. */
  findBlock(name: DataView, length: number, hash: number): number {
    const entry = this.findEntry(name, 0, length, hash)
    return entry === 0 ? 0 : Atomics.load(this.#words, (entry + ENTRY.BLOCK) >> 2)
  }

  /**
   * The name's entry, or 0; `slot` is where the index holds it. A slot is looked at once: the
   * writer may remove the name at any moment, the entry stays readable until this reader leaves.
   */
  findEntry(name: DataView, start: number, end: number, hash: number): number {
    const index = Atomics.load(this.#words, HEADER.INDEX >> 2)
    const mask = this.#table.getInt32(index + INDEX.MASK, true)
    let i = hash & mask
    for (;;) {
      const slot = index + INDEX.SLOTS + i * INDEX.SLOT_BYTES
      const entry = Atomics.load(this.#words, (slot + 4) >> 2)
      if (entry === 0) return 0
      if (
        entry !== INDEX.REMOVED &&
        this.#table.getInt32(slot, true) === hash &&
        this.#isSame(entry, name, start, end)
      ) {
        this.slot = slot
        return entry
      }
      i = (i + 1) & mask
    }
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

const SLOTS_MIN = 1024

/** The writer's side: names come, get other blocks, and go. Open addressing, linear probing. */
export class NameIndex {
  readonly #memory: TableMemory
  readonly #arena: Arena
  readonly finder: NameFinder
  #size = 0
  /** Slots that are not empty: names and removed ones. */
  #filled = 0

  constructor(memory: TableMemory, arena: Arena) {
    this.#memory = memory
    this.#arena = arena
    this.finder = new NameFinder(memory)
    this.#publish(this.#makeIndex(SLOTS_MIN))
  }

  get size(): number {
    return this.#size
  }

  get(key: Uint8Array): number {
    return this.finder.find(viewOf(key), 0, key.length)
  }

  /** Points the name at the block, and gives the block it pointed at before, or 0. */
  put(key: Uint8Array, block: number): number {
    const view = viewOf(key)
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
    const view = viewOf(key)
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
    const view = viewOf(key)
    const hash = this.finder.hash(view, 0, key.length)
    const entry = this.finder.findEntry(view, 0, key.length, hash)
    if (entry === 0) return 0
    const block = this.#memory.view.getInt32(entry + ENTRY.BLOCK, true)
    Atomics.store(this.#memory.words, (this.finder.slot + 4) >> 2, INDEX.REMOVED)
    this.#arena.retire(entry)
    this.#size--
    return block
  }

  #insert(key: Uint8Array, hash: number, block: number): number {
    this.#makeRoom()
    const entry = this.#arena.allocate(ENTRY.KEY + key.length)
    this.#memory.view.setInt32(entry + ENTRY.BLOCK, block, true)
    this.#memory.view.setInt32(entry + ENTRY.KEY_LENGTH, key.length, true)
    this.#memory.bytes.set(key, entry + ENTRY.KEY)
    const index = this.#memory.view.getInt32(HEADER.INDEX, true)
    this.#place(index, hash, entry)
    this.#size++
    this.#filled++
    return entry
  }

  /** At most 5 of 8 slots are filled; removed names are swept out on the way. */
  #makeRoom(): void {
    const old = this.#memory.view.getInt32(HEADER.INDEX, true)
    const slots = this.#memory.view.getInt32(old + INDEX.MASK, true) + 1
    if ((this.#filled + 1) * 8 <= slots * 5) return
    const wanted = this.#size * 8 > slots * 2.5 ? slots * 2 : slots
    const index = this.#makeIndex(wanted)
    for (let i = 0; i < slots; i++) {
      const slot = old + INDEX.SLOTS + i * INDEX.SLOT_BYTES
      const entry = this.#memory.view.getInt32(slot + 4, true)
      if (entry > INDEX.REMOVED) this.#place(index, this.#memory.view.getInt32(slot, true), entry)
    }
    this.#filled = this.#size
    this.#publish(index)
    this.#arena.retire(old)
  }

  #makeIndex(slots: number): number {
    const index = this.#arena.allocate(INDEX.SLOTS + slots * INDEX.SLOT_BYTES)
    this.#memory.view.setInt32(index + INDEX.MASK, slots - 1, true)
    return index
  }

  /** The hash first, then the entry: a reader that sees the entry sees the hash. */
  #place(index: number, hash: number, entry: number): void {
    const mask = this.#memory.view.getInt32(index + INDEX.MASK, true)
    for (let i = hash & mask, steps = 0; ; i = (i + 1) & mask, steps++) {
      assert(steps <= mask, 'the index has an empty slot')
      const slot = index + INDEX.SLOTS + i * INDEX.SLOT_BYTES
      if (this.#memory.view.getInt32(slot + 4, true) !== 0) continue
      this.#memory.view.setInt32(slot, hash, true)
      Atomics.store(this.#memory.words, (slot + 4) >> 2, entry)
      return
    }
  }

  #publish(index: number): void {
    Atomics.store(this.#memory.words, HEADER.INDEX >> 2, index)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
