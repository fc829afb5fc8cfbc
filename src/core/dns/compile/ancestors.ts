import { latin1, parentName } from '../name.ts'
import { ShardedMap } from './sharded-map.ts'
import type { TableWriter } from './table-writer.ts'

/**
 * Empty non-terminals: names that exist because names below them do (RFC 8020: an NXDOMAIN for them
 * would deny all below). Counted by use; a name that is more than an ancestor has its own block.
 * All of a zone share one block, so that a name can become one again without any memory.
 */
export class Ancestors {
  readonly #writer: TableWriter
  readonly #node: number
  readonly #apexLength: number
  readonly #uses = new ShardedMap<number>()

  constructor(writer: TableWriter, zone: number, flags: number, apexLength: number) {
    this.#writer = writer
    this.#node = writer.makeShared({ owner: new Uint8Array(1), zone, flags, sets: [] })
    this.#apexLength = apexLength
  }

  /** One more name lies below each ancestor of `key`, up to the apex. All or, thrown, nothing. */
  add(key: Uint8Array): void {
    const made: Uint8Array[] = []
    try {
      for (const ancestor of this.#of(key)) {
        if (this.#writer.has(ancestor)) continue
        this.#writer.point(ancestor, this.#node)
        made.push(ancestor)
      }
    } catch (error) {
      for (const ancestor of made) this.#writer.unpoint(ancestor)
      throw error
    }
    for (const ancestor of this.#of(key)) {
      const id = latin1(ancestor)
      this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1)
    }
  }

  /** `key` is gone; ancestors that nothing needs any more go with it. */
  remove(key: Uint8Array): void {
    for (const ancestor of this.#of(key)) {
      const id = latin1(ancestor)
      const uses = (this.#uses.get(id) ?? 0) - 1
      if (uses > 0) {
        this.#uses.set(id, uses)
        continue
      }
      this.#uses.delete(id)
      if (this.#writer.blockOf(ancestor) === this.#node) this.#writer.unpoint(ancestor)
    }
  }

  /**
   * A name loses its own block, which stays the caller's: if names lie below it, it stays as an
   * ancestor, else it goes.
   */
  restore(key: Uint8Array): number {
    if (this.#uses.has(latin1(key))) return this.#writer.point(key, this.#node)
    return this.#writer.unpoint(key)
  }

  *#of(key: Uint8Array): Iterable<Uint8Array> {
    let at = parentName(key)
    while (at !== undefined && at.length > this.#apexLength) {
      yield at
      at = parentName(at)
    }
  }
}
