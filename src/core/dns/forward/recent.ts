import { hashName } from '../table/name-hash.ts'
import type { Cached } from './cache.ts'
import { DO_BIT, CD_BIT } from './question.ts'

/** A power of two. Each question has two of them, side by side; a third takes the place of one. */
const SLOTS = 65_536
/** Spreads types over the slots: 2^32 divided by the golden ratio. */
const SPREAD = 0x9e37_79b1
/** Behind a key's name: type and bits, a character each. */
const KEY_TAIL = 2

/** What distinguishes questions about one name. */
export function markOf(type: number, isDnssec: boolean, isUnchecked: boolean): number {
  return (type << 2) | (isDnssec ? DO_BIT : 0) | (isUnchecked ? CD_BIT : 0)
}

/**
 * What the cache was asked for lately, found by the hash of the name: without a key of characters,
 * which costs more than all else of a hit. Of what the cache has given up it holds an empty shell
 * at most. One per thread; nothing is allocated.
 */
export class Recent {
  readonly #slots = Array.from<Cached | undefined>({ length: SLOTS })
  readonly #marks = new Int32Array(SLOTS)
  readonly #key0: number
  readonly #key1: number

  /** The keys of `hashName`: those by which the hashes of `find` were made. */
  constructor(key0: number, key1: number) {
    this.#key0 = key0
    this.#key1 = key1
  }

  /** The name is `key[0, length)` in lower case, `hash` its hash. */
  find(hash: number, mark: number, key: DataView, length: number): Cached | undefined {
    const slot = slotOf(hash, mark)
    return this.#at(slot, mark, key, length) ?? this.#at(slot ^ 1, mark, key, length)
  }

  note(cached: Cached, mark: number, key: DataView, length: number): void {
    const first = slotOf(hashName(key, 0, length, this.#key0, this.#key1), mark)
    const slot = this.#slotFor(first, mark, key, length)
    this.#slots[slot] = cached
    this.#marks[slot] = mark
  }

  /** The one it has, or one that is free, or the first. */
  #slotFor(first: number, mark: number, key: DataView, length: number): number {
    const second = first ^ 1
    if (this.#at(first, mark, key, length) !== undefined) return first
    if (this.#at(second, mark, key, length) !== undefined) return second
    return this.#isTaken(first) && !this.#isTaken(second) ? second : first
  }

  #at(slot: number, mark: number, key: DataView, length: number): Cached | undefined {
    const cached = this.#slots[slot]
    if (cached === undefined || this.#marks[slot] !== mark) return undefined
    return isNamed(cached.key, key, length) ? cached : undefined
  }

  #isTaken(slot: number): boolean {
    return this.#slots[slot]?.isGone === false
  }
}

function slotOf(hash: number, mark: number): number {
  return (hash ^ Math.imul(mark, SPREAD)) & (SLOTS - 1)
}

function isNamed(text: string, key: DataView, length: number): boolean {
  if (text.length !== length + KEY_TAIL) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== key.getUint8(i)) return false
  return true
}
