import { BLOCK, FLAG, HEADER, KIND, MARK, NODE, ZONE_SLOTS } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { NameFinder } from '../table/name-index.ts'
import { isPlainName, respell, type Spellings } from './respell.ts'
import { Selectors } from './selectors.ts'

/** What a name turned out to be. */
export const FOUND = {
  /** No zone of ours holds it. */
  NOT_OURS: 0,
  /** `block` is its node or service. */
  NAME: 1,
  /** It does not exist itself; `block` is the wildcard that stands for it (RFC 4592). */
  WILDCARD: 2,
  /** Names below it exist, or it is a part of selectors: NODATA. */
  EMPTY: 3,
  NO_SUCH_NAME: 4,
  /** Below a delegation; `block` is the cut's node. */
  DELEGATED: 5,
  /** The registry is not caught up: no answer would be true. */
  NOT_READY: 6,
  /** Below a DNAME; `block` is its node. */
  DNAME: 7,
} as const

const WILDCARD_LABEL = 0x2a
/**
 * Looking for another spelling costs by the label: a name of more is only found as it is published,
 * or by its hash. No service that anybody would type has half as many.
 */
const RESPELLED_LABELS_MAX = 40

/**
 * Finds out what a name is. One per thread, reused; nothing is allocated but for rare spellings.
 */
export class Lookup {
  /** A `FOUND`. */
  found = 0
  /** The node or service, or 0. */
  block = 0
  /** The apex block of the zone it is in, or 0. */
  apex = 0
  /** Start of the cut's name in the key, for `DELEGATED`. */
  cutAt = 0
  /** Start of the closest encloser's name in the key, for what does not exist itself. */
  encloserAt = 0
  readonly selectors: Selectors = new Selectors()
  readonly #table: DataView
  readonly #words: Int32Array
  readonly #finder: NameFinder
  readonly #spellings: Spellings
  readonly #wildcard = new Uint8Array(264)
  readonly #wildcardView = new DataView(this.#wildcard.buffer)
  readonly #marked = new Uint8Array(264)
  readonly #markedView = new DataView(this.#marked.buffer)

  constructor(memory: TableMemory, spellings: Spellings) {
    this.#table = memory.view
    this.#words = memory.words
    this.#finder = new NameFinder(memory)
    this.#spellings = spellings
  }

  /** `key[0, length)`: a lower-cased wire name; `labelAt`: where its `labels` labels start. */
  run(key: Uint8Array, view: DataView, length: number, labelAt: Uint8Array, labels: number): void {
    this.selectors.reset()
    this.cutAt = 0
    const block = this.#finder.find(view, 0, length)
    if (block !== 0) this.#settle(FOUND.NAME, block)
    else this.#search(key, view, length, labelAt, labels)
    if (this.found === FOUND.NAME && (this.#flags(this.block) & (FLAG.CUT | FLAG.OCCLUDED)) !== 0) {
      this.#climbToCut(view, length, labelAt, labels, 0)
    }
  }

  /** The block of exactly this name, or 0: for targets in the additional section. */
  findExact(view: DataView, length: number): number {
    return this.#finder.find(view, 0, length)
  }

  /** The block of `key[start, end)` under a `MARK`, or 0. */
  findMarked(mark: number, key: Uint8Array, start: number, end: number): number {
    this.#marked[0] = mark
    for (let i = start; i < end; i++) this.#marked[1 + i - start] = key[i] ?? 0
    return this.#finder.find(this.#markedView, 0, 1 + end - start)
  }

  /**
   * The name is an apex of ours and the question is for DS: goes over to the zone above, if that
   * is ours and delegates (RFC 4035 §3.1.4.1).
   */
  toParentSide(key: Uint8Array, length: number): void {
    if (this.found !== FOUND.NAME || !this.hasFlag(this.block, FLAG.APEX)) return
    const cut = this.findMarked(MARK.PARENT_SIDE, key, 0, length)
    if (cut !== 0) this.#settle(FOUND.DELEGATED, cut)
  }

  isSameZone(a: number, b: number): boolean {
    const zone = this.#table.getInt32(a + BLOCK.ZONE, true)
    return zone === this.#table.getInt32(b + BLOCK.ZONE, true)
  }

  /** Number of the zone that the name is in, or −1. */
  get zone(): number {
    return this.apex === 0 ? -1 : this.#table.getInt32(this.apex + BLOCK.ZONE, true)
  }

  isNode(block: number): boolean {
    return this.#kind(block) === KIND.NODE
  }

  hasFlag(block: number, flag: number): boolean {
    return (this.#flags(block) & flag) !== 0
  }

  #search(
    key: Uint8Array,
    view: DataView,
    length: number,
    labelAt: Uint8Array,
    labels: number,
  ): void {
    const first = this.selectors.countLabels(key, labelAt, labels)
    if (first > 0) {
      const base = this.#finder.find(view, labelAt[first] ?? 0, length)
      if (base !== 0 && this.#kind(base) === KIND.SERVICE) {
        this.#select(base, key, labelAt, first)
        return
      }
    }
    const encloser = this.#closestEncloser(view, length, labelAt, labels)
    if (encloser < 0) {
      this.#settle(FOUND.NOT_OURS, 0)
      return
    }
    this.encloserAt = labelAt[encloser] ?? 0
    const flags = this.#flags(this.block)
    if (flags & (FLAG.CUT | FLAG.OCCLUDED)) {
      this.#climbToCut(view, length, labelAt, labels, encloser)
    } else if (flags & FLAG.DYNAMIC) {
      this.#respell(key, length, labelAt, labels, first)
    } else if (flags & FLAG.DNAME) {
      this.#settle(FOUND.DNAME, this.block)
    } else if (flags & FLAG.WILDCARD) {
      this.#useWildcard(key, length, labelAt[encloser] ?? 0)
    } else {
      this.#settle(FOUND.NO_SUCH_NAME, this.block)
    }
  }

  /** The number of the first label whose suffix exists, or −1; `block` is its node. */
  #closestEncloser(view: DataView, length: number, labelAt: Uint8Array, labels: number): number {
    for (let i = 1; i <= labels; i++) {
      const block = this.#finder.find(view, labelAt[i] ?? 0, length)
      if (block !== 0) {
        this.block = block
        return i
      }
    }
    return -1
  }

  #climbToCut(
    view: DataView,
    length: number,
    labelAt: Uint8Array,
    labels: number,
    from: number,
  ): void {
    for (let i = from; i <= labels; i++) {
      const block = this.#finder.find(view, labelAt[i] ?? 0, length)
      // The highest one: a cut below a cut is not ours to tell of.
      const flags = block === 0 ? 0 : this.#flags(block)
      if ((flags & (FLAG.CUT | FLAG.OCCLUDED)) !== FLAG.CUT) continue
      this.cutAt = labelAt[i] ?? 0
      this.#settle(FOUND.DELEGATED, block)
      return
    }
    this.#settle(FOUND.NO_SUCH_NAME, this.block)
  }

  #useWildcard(key: Uint8Array, length: number, encloserAt: number): void {
    const wildcard = this.#wildcard
    wildcard[0] = 1
    wildcard[1] = WILDCARD_LABEL
    for (let i = encloserAt; i < length; i++) wildcard[2 + i - encloserAt] = key[i] ?? 0
    const block = this.#finder.find(this.#wildcardView, 0, 2 + length - encloserAt)
    if (block === 0) this.#settle(FOUND.NO_SUCH_NAME, this.block)
    else this.#settle(FOUND.WILDCARD, block)
  }

  /** A name of a dynamic zone that is not spelled as the table spells it: aliases, escapes. */
  #respell(
    key: Uint8Array,
    length: number,
    labelAt: Uint8Array,
    labels: number,
    selectorLabels: number,
  ): void {
    this.#settle(FOUND.NO_SUCH_NAME, this.block)
    if (this.found === FOUND.NOT_READY) return
    const apexAt = length - this.#table.getInt32(this.apex + NODE.NAME_LENGTH, true)
    const start = labelAt[selectorLabels] ?? 0
    if (labels > RESPELLED_LABELS_MAX || start >= apexAt) return
    if (isPlainName(key, start, apexAt, this.#spellings)) return
    const isNsTaken = this.#table.getInt32(HEADER.NS_TAKEN, true) !== 0
    const aliases = isNsTaken ? this.#spellings.aliasesNsTaken : this.#spellings.aliases
    for (const name of respell(key, start, apexAt, length, aliases)) {
      const block = this.#finder.find(name.view, 0, name.view.byteLength)
      if (block === 0) continue
      if (name.isAncestor) this.#settle(FOUND.EMPTY, block)
      else if (this.#kind(block) === KIND.SERVICE) this.#select(block, key, labelAt, selectorLabels)
      else if (selectorLabels === 0) this.#settle(FOUND.NAME, block)
      return
    }
  }

  /** Selectors before a service: good ones choose among its instances. */
  #select(block: number, key: Uint8Array, labelAt: Uint8Array, count: number): void {
    this.#settle(FOUND.NAME, block)
    if (this.found === FOUND.NOT_READY || count === 0) return
    const meaning = this.selectors.parse(key, labelAt, count)
    if (meaning === 'part') this.#settle(FOUND.EMPTY, block)
    else if (meaning === 'bad') this.#settle(FOUND.NO_SUCH_NAME, block)
  }

  #settle(found: number, block: number): void {
    this.found = found
    this.block = block
    this.apex = block === 0 ? 0 : this.#apexOf(block)
    if (block !== 0 && this.#isUnready(this.#flags(block))) this.found = FOUND.NOT_READY
  }

  #isUnready(flags: number): boolean {
    if (flags & FLAG.UNREADY) return true
    return (flags & FLAG.DYNAMIC) !== 0 && this.#table.getInt32(HEADER.READY, true) === 0
  }

  #apexOf(block: number): number {
    const zone = this.#table.getInt32(block + BLOCK.ZONE, true)
    return Atomics.load(this.#words, (ZONE_SLOTS + zone * 4) >> 2)
  }

  #kind(block: number): number {
    return this.#table.getInt32(block + BLOCK.KIND, true)
  }

  #flags(block: number): number {
    return this.#table.getInt32(block + BLOCK.FLAGS, true)
  }
}
