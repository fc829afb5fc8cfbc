import { TYPE } from '../protocol.ts'
import { ENTRY, SEGMENT } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import type { NameFinder } from '../table/name-index.ts'
import type { FastQuery } from './fast-query.ts'

/** Octets that come into the cache together. */
const LINE = 64
/**
 * Lines of a block that an answer of SRV reads: four in five services have no more. A service's
 * header and its first table are the first four, the SRV records stand right behind.
 */
const SRV_LINES = 10
const LAST_SLOT: number = SEGMENT.SLOT_COUNT - 1

/**
 * Has the processor fetch what the queries of a batch will look at. Finding a name is a chain of
 * loads from all over the table, each of which waits for memory; the chains of different queries
 * do not wait for each other when they are walked side by side, a step of all at a time. What it
 * finds may be another name of equal hash, or none. Nothing is allocated.
 */
export class ReadAhead {
  /** Of all that was loaded: without a use the loads could be left out. */
  seen = 0
  readonly #words: Int32Array
  readonly #finder: NameFinder
  /** By query: where its search begins in the index; then an entry of its hash; 0: none. */
  readonly #slots: Int32Array
  readonly #entries: Int32Array
  /** Blocks beyond it end before their lines do. */
  readonly #last: number

  constructor(memory: TableMemory, finder: NameFinder, queries: number) {
    this.#words = memory.words
    this.#last = memory.buffer.byteLength - SRV_LINES * LINE
    this.#finder = finder
    this.#slots = new Int32Array(queries)
    this.#entries = new Int32Array(queries)
  }

  /** Nothing is known of query `i` yet. */
  forget(i: number): void {
    this.#entries[i] = 0
  }

  /** For the first `count` queries. Good as long as the reader stays in its guard. */
  run(queries: readonly FastQuery[], count: number): void {
    this.#fetchSlots(queries, count)
    this.#fetchEntries(queries, count)
    this.#fetchBlocks(queries, count)
  }

  /** An entry of the hash of query `i`, nearly always its own; 0: look for it. */
  entryOf(i: number): number {
    return this.#entries[i] ?? 0
  }

  #fetchSlots(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    const finder = this.#finder
    let seen = 0
    for (let i = 0; i < count; i++) {
      const query = queries[i]
      const isUsual = query?.isUsual === true
      const hash = isUsual ? query.hash : 0
      const slot = finder.slotsOf(hash) + (hash & LAST_SLOT) * SEGMENT.SLOT_BYTES
      this.#slots[i] = isUsual ? slot : 0
      seen ^= words[(slot + 4) >> 2] ?? 0
    }
    this.seen ^= seen
  }

  /** The entry of an equal hash. */
  #fetchEntries(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < count; i++) {
      let slot = this.#slots[i] ?? 0
      const query = queries[i]
      if (slot === 0 || query === undefined) continue
      const { hash, nameLength } = query
      // As long as the chain stays in the line; it may end with the table's last slot.
      while ((words[slot >> 2] ?? 0) !== hash && ((slot + SEGMENT.SLOT_BYTES) & (LINE - 1)) !== 0) {
        slot += SEGMENT.SLOT_BYTES
      }
      const entry = words[slot >> 2] === hash ? (words[(slot + 4) >> 2] ?? 0) : 0
      if (entry <= SEGMENT.REMOVED) continue
      this.#entries[i] = entry
      seen ^= (words[entry >> 2] ?? 0) ^ (words[(entry + ENTRY.KEY + nameLength) >> 2] ?? 0)
    }
    this.seen ^= seen
  }

  #fetchBlocks(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    const last = this.#last
    let seen = 0
    for (let i = 0; i < count; i++) {
      const entry = this.#entries[i] ?? 0
      if (entry === 0) continue
      const block = Math.min(words[(entry + ENTRY.BLOCK) >> 2] ?? 0, last)
      // Four lines, without a loop whose end would have to be foreseen.
      seen ^= (words[block >> 2] ?? 0) ^ (words[(block + LINE) >> 2] ?? 0)
      seen ^= (words[(block + 2 * LINE) >> 2] ?? 0) ^ (words[(block + 3 * LINE) >> 2] ?? 0)
      if (queries[i]?.type !== TYPE.SRV) continue
      for (let k = 4; k < SRV_LINES; k++) seen ^= words[(block + k * LINE) >> 2] ?? 0
    }
    this.seen ^= seen
  }
}
