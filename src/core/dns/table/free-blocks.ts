import { assert } from '../../../kernel/assert.ts'
import { CairnError } from '../../../kernel/errors.ts'
import { ARENA_START } from './layout.ts'
import type { TableMemory } from './memory.ts'

/**
 * Before every block: its size with this prefix, a multiple of 16, and two flags; then, while the
 * block before it is free, the size of that. A free block goes on with its neighbours in its list.
 */
const PREFIX = 8
const UNIT = 16
const IS_FREE = 1
const IS_AFTER_FREE = 2
const SIZE = ~(UNIT - 1)
const BLOCK_MIN = 32
/** Sizes are rounded in 31 bits. Nothing is a hundredth as large. */
const BLOCK_MAX: number = 2 ** 30

/** Lists of free blocks: 16 to a doubling, so that a size rounded to its list's wastes 1/16. */
const PER_DOUBLING = 16
const DOUBLINGS = 25

/** Readers look at whole words, and so a few octets behind what they mean: those must exist. */
const MARGIN = 64

/**
 * The table's memory, for the one writer: two-level segregated fit (Masmano et al. 2004). Taking
 * and giving take a bounded number of steps, whatever is in use; what is given joins free
 * neighbours at once, so sizes may drift for ever without leaving crumbs behind.
 */
export class FreeBlocks {
  readonly #words: Int32Array
  readonly #end: number
  /** By list: its first block, 0 for none; by doubling: its lists that have any, as bits. */
  readonly #heads = new Int32Array(DOUBLINGS * PER_DOUBLING)
  readonly #listed = new Int32Array(DOUBLINGS)
  #doublings = 0
  /** All beyond is free, and in no list. */
  #top = (ARENA_START + UNIT - 1) & SIZE
  #reached = this.#top

  constructor(memory: TableMemory) {
    this.#words = memory.words
    this.#end = (memory.bytes.length - MARGIN) & SIZE
  }

  /** The most octets of the buffer that ever were in use: these are memory, all else is none. */
  get reachedBytes(): number {
    return this.#reached
  }

  /** The whole size of a block that is in use, by its offset. */
  sizeOf(offset: number): number {
    return this.#word(offset - PREFIX) & SIZE
  }

  /** The offset of `bytes` octets or more. Throws `too_large` when there are none. */
  take(bytes: number): number {
    if (bytes > BLOCK_MAX) throw full()
    const size = roundUp(Math.max(BLOCK_MIN, (bytes + PREFIX + UNIT - 1) & SIZE))
    const at = this.#find(size)
    if (at === 0) return this.#extend(size) + PREFIX
    this.#unlist(at)
    const whole = this.#word(at) & SIZE
    // Another free block before it there is none: they would have joined.
    if (whole - size < BLOCK_MIN) {
      this.#set(at, whole)
      this.#tellNext(at + whole, 0)
    } else {
      this.#set(at, size)
      this.#list(at + size, whole - size)
    }
    return at + PREFIX
  }

  /** A block that nobody sees any more. */
  give(offset: number): void {
    let at = offset - PREFIX
    const tag = this.#word(at)
    let size = tag & SIZE
    assert((tag & IS_FREE) === 0 && size >= BLOCK_MIN, 'a block that is given back was taken')
    // Also where it becomes the inside of a larger one: to give it twice would be seen.
    this.#set(at, tag | IS_FREE)
    if (tag & IS_AFTER_FREE) {
      const before = this.#word(at + 4)
      at -= before
      size += before
      this.#unlist(at)
    }
    const next = at + size
    if (next < this.#top && this.#word(next) & IS_FREE) {
      this.#unlist(next)
      size += this.#word(next) & SIZE
    }
    if (at + size === this.#top) this.#top = at
    else this.#list(at, size)
  }

  #extend(size: number): number {
    const at = this.#top
    if (size > this.#end - at) throw full()
    this.#top = at + size
    if (this.#top > this.#reached) this.#reached = this.#top
    this.#set(at, size)
    return at
  }

  /** A free block of at least this size, a list's, or 0. */
  #find(size: number): number {
    const list = listOf(size)
    const doubling = Math.floor(list / PER_DOUBLING)
    const here = (this.#listed[doubling] ?? 0) & (-1 << (list % PER_DOUBLING))
    if (here !== 0) return this.#heads[doubling * PER_DOUBLING + lowestBit(here)] ?? 0
    const above = this.#doublings & (-2 << doubling)
    if (above === 0) return 0
    const larger = lowestBit(above)
    return this.#heads[larger * PER_DOUBLING + lowestBit(this.#listed[larger] ?? 0)] ?? 0
  }

  #list(at: number, size: number): void {
    const list = listOf(size)
    const head = this.#heads[list] ?? 0
    this.#set(at, size | IS_FREE)
    this.#set(at + 8, head)
    this.#set(at + 12, 0)
    if (head !== 0) this.#set(head + 12, at)
    this.#heads[list] = at
    const doubling = Math.floor(list / PER_DOUBLING)
    this.#listed[doubling] = (this.#listed[doubling] ?? 0) | (1 << (list % PER_DOUBLING))
    this.#doublings |= 1 << doubling
    this.#tellNext(at + size, size)
  }

  #unlist(at: number): void {
    const next = this.#word(at + 8)
    const before = this.#word(at + 12)
    if (next !== 0) this.#set(next + 12, before)
    if (before !== 0) this.#set(before + 8, next)
    else this.#setHead(listOf(this.#word(at) & SIZE), next)
  }

  #setHead(list: number, at: number): void {
    this.#heads[list] = at
    if (at !== 0) return
    const doubling = Math.floor(list / PER_DOUBLING)
    const left = (this.#listed[doubling] ?? 0) & ~(1 << (list % PER_DOUBLING))
    this.#listed[doubling] = left
    if (left === 0) this.#doublings &= ~(1 << doubling)
  }

  /** Whether, and how long, what stands before it is free. */
  #tellNext(next: number, freeSize: number): void {
    if (next >= this.#top) return
    const tag = this.#word(next) & ~IS_AFTER_FREE
    this.#set(next, freeSize === 0 ? tag : tag | IS_AFTER_FREE)
    if (freeSize !== 0) this.#set(next + 4, freeSize)
  }

  #word(at: number): number {
    return this.#words[at >> 2] ?? 0
  }

  #set(at: number, value: number): void {
    this.#words[at >> 2] = value
  }
}

/** To the next size at which a list begins: what is given back then fits the next of its kind. */
function roundUp(size: number): number {
  const step = stepOf(size)
  return (size + step - 1) & -step
}

/** Lists of sizes below 256 hold one size each. */
function listOf(size: number): number {
  const units = size / UNIT
  if (units < PER_DOUBLING) return units
  const exponent = 31 - Math.clz32(units)
  return (exponent - 3) * PER_DOUBLING + ((units >> (exponent - 4)) & (PER_DOUBLING - 1))
}

function stepOf(size: number): number {
  return size < UNIT * PER_DOUBLING ? UNIT : 1 << (27 - Math.clz32(size))
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

function full(): CairnError {
  return new CairnError('too_large', 'the DNS table is full: raise dns.table_bytes')
}
