import { latin1, parentName } from '../name.ts'
import type { NodeContent } from './node-block.ts'
import type { TableWriter } from './table-writer.ts'

/**
 * Empty non-terminals: names that exist because names below them do (RFC 8020: an NXDOMAIN for them
 * would deny all below). Counted by use; a name that is more than an ancestor has its own block.
 */
export class Ancestors {
  readonly #writer: TableWriter
  readonly #zone: number
  readonly #flags: number
  readonly #apexLength: number
  readonly #uses = new Map<string, number>()

  constructor(writer: TableWriter, zone: number, flags: number, apexLength: number) {
    this.#writer = writer
    this.#zone = zone
    this.#flags = flags
    this.#apexLength = apexLength
  }

  /** One more name lies below each ancestor of `key`, up to the apex. */
  add(key: Uint8Array): void {
    for (const ancestor of this.#of(key)) {
      const id = latin1(ancestor)
      const uses = this.#uses.get(id) ?? 0
      this.#uses.set(id, uses + 1)
      if (uses === 0 && !this.#writer.has(ancestor)) this.#put(ancestor)
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
      if (this.#writer.isEmptyAt(ancestor)) this.#writer.removeNode(ancestor)
    }
  }

  /**
   * A name lost its own block (which stays the caller's): if names lie below it, it stays as an
   * ancestor. False when it is not needed.
   */
  restoreOver(key: Uint8Array): boolean {
    if (!this.#uses.has(latin1(key))) return false
    this.#writer.point(key, this.#writer.makeNode(this.#nodeOf(key)))
    return true
  }

  /** A node lost its records: as above, but its old block is freed. */
  restore(key: Uint8Array): boolean {
    if (!this.#uses.has(latin1(key))) return false
    this.#put(key)
    return true
  }

  #put(owner: Uint8Array): void {
    this.#writer.putNode(this.#nodeOf(owner))
  }

  #nodeOf(owner: Uint8Array): NodeContent {
    return { owner, zone: this.#zone, flags: this.#flags, sets: [] }
  }

  *#of(key: Uint8Array): Iterable<Uint8Array> {
    let at = parentName(key)
    while (at !== undefined && at.length > this.#apexLength) {
      yield at
      at = parentName(at)
    }
  }
}
