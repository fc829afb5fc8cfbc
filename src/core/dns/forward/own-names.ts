import type { TableMemory } from '../table/memory.ts'
import { NameFinder } from '../table/name-index.ts'

/** Whether names are in a zone of ours. One per thread; the caller holds its reader's guard. */
export class OwnNames {
  readonly #finder: NameFinder

  constructor(memory: TableMemory) {
    this.#finder = new NameFinder(memory)
  }

  /** A zone's names end in its apex, and that is in the table; the name is in lower case. */
  has(name: Uint8Array): boolean {
    const view = new DataView(name.buffer, name.byteOffset, name.byteLength)
    for (let at = 0; ; at += 1 + (name[at] ?? 0)) {
      if (this.#finder.find(view, at, name.length) !== 0) return true
      if ((name[at] ?? 0) === 0) return false
    }
  }
}
