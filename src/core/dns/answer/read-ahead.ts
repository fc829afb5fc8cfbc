import { TYPE } from '../protocol.ts'
import { BLOCK, ENTRY, KIND, SECTION, SEGMENT, SERVICE } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import type { NameFinder } from '../table/name-index.ts'
import type { FastQuery } from './fast-query.ts'

/** Octets that come into the cache together. */
const LINE = 64
/** Lines of one table of a service that are worth fetching: four in five services have no more. */
const LINES_MAX = 16
/** Octets of a row of a table, its running sum included, at least; and of an SRV record, about. */
const ROW_MIN = 12
const SRV_BYTES = 88
const LAST_SLOT: number = SEGMENT.SLOT_COUNT - 1

/**
 * Has the processor fetch what the queries of a batch will look at. Finding a name is a chain of
 * loads from all over the table, each of which waits for memory; the chains of different queries
 * do not wait for each other when they are walked side by side, a step of all at a time. It only
 * looks: what it finds is not kept, and may be wrong. Nothing is allocated.
 */
export class ReadAhead {
  /** Of all that was loaded: without a use the loads could be left out. */
  seen = 0
  readonly #words: Int32Array
  readonly #finder: NameFinder
  readonly #at: Int32Array
  readonly #rows: Int32Array

  constructor(memory: TableMemory, finder: NameFinder, queries: number) {
    this.#words = memory.words
    this.#finder = finder
    this.#at = new Int32Array(queries)
    this.#rows = new Int32Array(queries)
  }

  /** For the first `count` queries, those among them that are usual. */
  run(queries: readonly FastQuery[], count: number): void {
    this.#fetchSlots(queries, count)
    this.#fetchEntries(queries, count)
    this.#fetchBlocks(count)
    this.#fetchTables(queries, count)
    this.#fetchRecords(queries, count)
  }

  #fetchSlots(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < count; i++) {
      const query = queries[i]
      const isUsual = query?.isUsual === true
      const hash = isUsual ? query.hash : 0
      const slot = this.#finder.slotsOf(hash) + (hash & LAST_SLOT) * SEGMENT.SLOT_BYTES
      this.#at[i] = isUsual ? slot : 0
      seen ^= words[(slot + 4) >> 2] ?? 0
    }
    this.seen ^= seen
  }

  /** The entry of an equal hash: nearly always the right one. */
  #fetchEntries(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < count; i++) {
      let slot = this.#at[i] ?? 0
      if (slot === 0) continue
      const hash = queries[i]?.hash ?? 0
      // As long as the chain stays in the line; it may end with the table's last slot.
      while ((words[slot >> 2] ?? 0) !== hash && ((slot + SEGMENT.SLOT_BYTES) & (LINE - 1)) !== 0) {
        slot += SEGMENT.SLOT_BYTES
      }
      const entry = words[slot >> 2] === hash ? (words[(slot + 4) >> 2] ?? 0) : 0
      this.#at[i] = entry > SEGMENT.REMOVED ? entry : 0
      const bytes = queries[i]?.nameLength ?? 0
      seen ^= (words[entry >> 2] ?? 0) ^ (words[(entry + ENTRY.KEY + bytes) >> 2] ?? 0)
    }
    this.seen ^= seen
  }

  #fetchBlocks(count: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < count; i++) {
      const entry = this.#at[i] ?? 0
      if (entry === 0) continue
      const block = words[(entry + ENTRY.BLOCK) >> 2] ?? 0
      this.#at[i] = block
      seen ^= (words[block >> 2] ?? 0) ^ (words[(block + LINE) >> 2] ?? 0)
    }
    this.seen ^= seen
  }

  /** The beginning of the service's table; nodes have little behind their first lines. */
  #fetchTables(queries: readonly FastQuery[], queryCount: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < queryCount; i++) {
      const block = this.#at[i] ?? 0
      this.#at[i] = 0
      if (block === 0 || words[(block + BLOCK.KIND) >> 2] !== KIND.SERVICE) continue
      const count = fieldOf(queries[i]?.type ?? 0)
      if (count < 0) continue
      const fields = block + SERVICE.SECTIONS + count
      const table = block + (words[(fields + 4) >> 2] ?? 0)
      const rows = words[fields >> 2] ?? 0
      this.#at[i] = table
      this.#rows[i] = rows
      seen ^= (words[table >> 2] ?? 0) ^ (words[(table + rows * ROW_MIN) >> 2] ?? 0)
    }
    this.seen ^= seen
  }

  /** SRV records stand behind their table, one after the other. */
  #fetchRecords(queries: readonly FastQuery[], count: number): void {
    const words = this.#words
    let seen = 0
    for (let i = 0; i < count; i++) {
      const table = this.#at[i] ?? 0
      if (table === 0 || queries[i]?.type !== TYPE.SRV) continue
      const bytes = Math.min((this.#rows[i] ?? 0) * (ROW_MIN + SRV_BYTES), LINES_MAX * LINE)
      for (let at = table; at < table + bytes; at += LINE) seen ^= words[at >> 2] ?? 0
    }
    this.seen ^= seen
  }
}

/** Where a section counts its records of this type, with their table next; −1: it has none. */
function fieldOf(type: number): number {
  if (type === TYPE.A) return SECTION.A_COUNT
  if (type === TYPE.AAAA) return SECTION.AAAA_COUNT
  return type === TYPE.SRV ? SECTION.SRV_COUNT : -1
}
