import { createHash } from 'node:crypto'

/** How many of the last lines are kept, to be shown when an invariant breaks. */
const TAIL_MAX = 40

/** The trace of a run, folded into one number: two runs that differ anywhere differ here. */
export class Digest {
  readonly #hash = createHash('sha256')
  readonly #tail: string[] = []
  #lines = 0

  add(line: string): void {
    this.#hash.update(line).update('\n')
    this.#lines++
    this.#tail.push(line)
    if (this.#tail.length > TAIL_MAX) this.#tail.shift()
  }

  get lines(): number {
    return this.#lines
  }

  get tail(): readonly string[] {
    return this.#tail
  }

  /** The digest of all lines so far. */
  hex(): string {
    return this.#hash.copy().digest('hex')
  }
}
