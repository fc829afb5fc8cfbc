import { assert } from '../../../kernel/assert.ts'
import type { Arena } from './arena.ts'
import { DIRECTORY, HEADER, SEGMENT } from './layout.ts'
import type { TableMemory } from './memory.ts'

/** A segment with more names and removed ones than this is rewritten: chains stay short. */
const FILLED_MAX: number = (SEGMENT.SLOT_COUNT * 5) >> 3
/** A rewritten segment with more names than this becomes two. */
const LIVE_MAX: number = FILLED_MAX >> 1
/** More than fit in the table. Beyond that names would have equal hashes, not too few segments. */
const DEPTH_MAX = 20
/** Slots begin at a cache line, so that most looks touch one. */
const LINE = 64

/**
 * The writer's side of the index (extendible hashing, Fagin et al. 1979). The first bits of a hash
 * choose a segment in the directory, its last bits a slot in that. A full segment is written anew,
 * as two if it has many names, and the directory's pointers are swapped: growth costs one segment
 * at a time, whatever the number of names, and readers always see the old one or the new.
 */
export class Segments {
  readonly #memory: TableMemory
  readonly #arena: Arena
  #count = 2

  constructor(memory: TableMemory, arena: Arena) {
    this.#memory = memory
    this.#arena = arena
    const directory = this.#makeDirectory(1)
    for (const i of [0, 1]) this.#setSegment(directory, i, this.#makeSegment(1))
    Atomics.store(memory.words, HEADER.INDEX >> 2, directory)
  }

  /** Slots of all segments. */
  get slots(): number {
    return this.#count * SEGMENT.SLOT_COUNT
  }

  /** A name that the index does not have, after `makeRoom`. */
  insert(hash: number, entry: number): void {
    const segment = this.#segmentOf(hash)
    this.#place(segment, hash, entry)
    this.#add(segment, SEGMENT.LIVE, 1)
    this.#add(segment, SEGMENT.FILLED, 1)
  }

  /** Room for one more name with this hash. Throws `too_large`; then all is as it was. */
  makeRoom(hash: number): void {
    for (;;) {
      const segment = this.#segmentOf(hash)
      if (this.#get(segment, SEGMENT.FILLED) < FILLED_MAX) return
      if (this.#get(segment, SEGMENT.LIVE) <= LIVE_MAX) this.#rewrite(segment, hash)
      else this.#split(segment, hash)
    }
  }

  /** Marks the slot: what stands behind it in a chain is still found. */
  remove(hash: number, slot: number): void {
    Atomics.store(this.#memory.words, (slot + 4) >> 2, SEGMENT.REMOVED)
    this.#add(this.#segmentOf(hash), SEGMENT.LIVE, -1)
  }

  /** Sweeps removed names out. */
  #rewrite(old: number, hash: number): void {
    const made = this.#makeSegment(this.#get(old, SEGMENT.DEPTH))
    this.#copy(old, () => made)
    this.#point(old, hash, made, made)
  }

  #split(old: number, hash: number): void {
    const depth = this.#get(old, SEGMENT.DEPTH) + 1
    assert(depth <= DEPTH_MAX, 'the hashes of names differ')
    if (depth > this.#bits) this.#growDirectory()
    const low = this.#makeSegment(depth)
    let high = 0
    try {
      high = this.#makeSegment(depth)
    } catch (error) {
      this.#free(low)
      throw error
    }
    this.#copy(old, (one) => ((one >>> (32 - depth)) & 1 ? high : low))
    this.#point(old, hash, low, high)
    this.#count++
  }

  #copy(old: number, to: (hash: number) => number): void {
    const { view } = this.#memory
    for (let i = 0; i < SEGMENT.SLOT_COUNT; i++) {
      const slot = old + SEGMENT.SLOTS + i * SEGMENT.SLOT_BYTES
      const entry = view.getInt32(slot + 4, true)
      if (entry === 0 || entry === SEGMENT.REMOVED) continue
      const hash = view.getInt32(slot, true)
      const made = to(hash)
      this.#place(made, hash, entry)
      this.#add(made, SEGMENT.LIVE, 1)
      this.#add(made, SEGMENT.FILLED, 1)
    }
  }

  /** What the directory has of the old segment: the first half to one, the rest to the other. */
  #point(old: number, hash: number, low: number, high: number): void {
    const directory = this.#directory
    const span = this.#span(old)
    const first = (hash >>> (32 - this.#bits)) & -span
    for (let i = 0; i < span; i++) {
      this.#setSegment(directory, first + i, i * 2 < span ? low : high)
    }
    this.#free(old)
  }

  #free(segment: number): void {
    this.#arena.retire(this.#get(segment, SEGMENT.BLOCK))
  }

  #growDirectory(): void {
    const old = this.#directory
    const bits = this.#bits
    const made = this.#makeDirectory(bits + 1)
    for (let i = 0; i < 2 << bits; i++) this.#setSegment(made, i, this.#segmentAt(i >> 1))
    Atomics.store(this.#memory.words, HEADER.INDEX >> 2, made)
    this.#arena.retire(old)
  }

  #makeDirectory(bits: number): number {
    const directory = this.#arena.allocate(DIRECTORY.SEGMENTS + (4 << bits))
    this.#memory.view.setInt32(directory + DIRECTORY.BITS, bits, true)
    return directory
  }

  #makeSegment(depth: number): number {
    const bytes = SEGMENT.SLOTS + SEGMENT.SLOT_COUNT * SEGMENT.SLOT_BYTES
    const block = this.#arena.allocateZeroed(bytes + LINE)
    const segment = (block + LINE - 1) & -LINE
    this.#memory.view.setInt32(segment + SEGMENT.BLOCK, block, true)
    this.#memory.view.setInt32(segment + SEGMENT.DEPTH, depth, true)
    return segment
  }

  /** The hash first, then the entry: a reader that sees the entry sees the hash. */
  #place(segment: number, hash: number, entry: number): void {
    const { view, words } = this.#memory
    for (let i = hash, steps = 0; ; i++, steps++) {
      assert(steps < SEGMENT.SLOT_COUNT, 'a segment has an empty slot')
      const slot = segment + SEGMENT.SLOTS + (i & (SEGMENT.SLOT_COUNT - 1)) * SEGMENT.SLOT_BYTES
      if (view.getInt32(slot + 4, true) !== 0) continue
      view.setInt32(slot, hash, true)
      Atomics.store(words, (slot + 4) >> 2, entry)
      return
    }
  }

  get #directory(): number {
    return this.#memory.view.getInt32(HEADER.INDEX, true)
  }

  get #bits(): number {
    return this.#memory.view.getInt32(this.#directory + DIRECTORY.BITS, true)
  }

  /** How many pointers of the directory lead to the segment. */
  #span(segment: number): number {
    return 1 << (this.#bits - this.#get(segment, SEGMENT.DEPTH))
  }

  #segmentOf(hash: number): number {
    return this.#segmentAt(hash >>> (32 - this.#bits))
  }

  #segmentAt(i: number): number {
    return this.#memory.view.getInt32(this.#directory + DIRECTORY.SEGMENTS + i * 4, true)
  }

  #setSegment(directory: number, i: number, segment: number): void {
    Atomics.store(this.#memory.words, (directory + DIRECTORY.SEGMENTS + i * 4) >> 2, segment)
  }

  #get(segment: number, field: number): number {
    return this.#memory.view.getInt32(segment + field, true)
  }

  #add(segment: number, field: number, count: number): void {
    this.#memory.view.setInt32(segment + field, this.#get(segment, field) + count, true)
  }
}
