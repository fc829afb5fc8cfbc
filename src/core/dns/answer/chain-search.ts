import { CHAIN } from '../table/layout.ts'
import type { WireName } from './wire-name.ts'

const WILDCARD_LABEL = 0x2a

/** Finds by halves which entry of a zone's chain is a name, or denies it. Allocates nothing. */
export class ChainSearch {
  /** The entry found last is the name itself. */
  isExact = false
  readonly #table: DataView
  /** Labels below the apex from right to left, as the chain has them. */
  readonly #sought = new Uint8Array(264)
  #length = 0

  constructor(table: DataView) {
    this.#table = table
  }

  /** Seeks the name's labels from number `first` on, as far as `apexLabel`. */
  seek(name: WireName, first: number, apexLabel: number): void {
    this.#length = 0
    for (let label = apexLabel - 1; label >= first; label--) {
      const from = name.labelAt[label] ?? 0
      const size = name.key[from] ?? 0
      for (let i = 0; i <= size; i++) this.#sought[this.#length++] = name.key[from + i] ?? 0
    }
  }

  /** The wildcard below what is sought. */
  seekWildcard(): void {
    this.#sought[this.#length++] = 1
    this.#sought[this.#length++] = WILDCARD_LABEL
  }

  /** The entry of the name that is sought, or of the one before it, in the canonical order. */
  findName(chain: number): number {
    let low = 0
    let high = this.#table.getInt32(chain + CHAIN.COUNT, true) - 1
    this.isExact = false
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = this.#compare(this.nameAt(chain, middle))
      this.isExact = order === 0
      if (this.isExact) return middle
      if (order < 0) high = middle - 1
      else low = middle + 1
    }
    // The apex comes first: every name of the zone has one before it.
    return Math.max(0, high)
  }

  /** Where the counted name of an entry is. */
  nameAt(chain: number, entry: number): number {
    return chain + this.#table.getInt32(chain + CHAIN.ENTRIES + entry * 4, true)
  }

  /** The entry of the hash, or of the one before it on the circle. */
  findHash(chain: number, words: Int32Array): number {
    const count = this.#table.getInt32(chain + CHAIN.COUNT, true)
    let low = 0
    let high = count - 1
    this.isExact = false
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = this.#compareHash(this.hashAt(chain, middle), words)
      this.isExact = order === 0
      if (this.isExact) return middle
      if (order < 0) high = middle - 1
      else low = middle + 1
    }
    return high < 0 ? count - 1 : high
  }

  hashAt(chain: number, entry: number): number {
    return chain + CHAIN.ENTRIES + entry * CHAIN.HASH_BYTES
  }

  /** Below zero when what is sought comes before the counted name at `at` (RFC 4034 §6.1). */
  #compare(at: number): number {
    const end = at + 1 + this.#table.getUint8(at)
    let here = 0
    let there = at + 1
    while (here < this.#length && there < end) {
      const size = this.#sought[here] ?? 0
      const otherSize = this.#table.getUint8(there)
      const common = Math.min(size, otherSize)
      for (let i = 1; i <= common; i++) {
        const order = (this.#sought[here + i] ?? 0) - this.#table.getUint8(there + i)
        if (order !== 0) return order
      }
      if (size !== otherSize) return size - otherSize
      here += 1 + size
      there += 1 + size
    }
    return this.#length - here - (end - there)
  }

  #compareHash(at: number, words: Int32Array): number {
    for (let i = 0; i < words.length; i++) {
      const one = (words[i] ?? 0) >>> 0
      const other = this.#table.getUint32(at + i * 4)
      if (one !== other) return one < other ? -1 : 1
    }
    return 0
  }
}
