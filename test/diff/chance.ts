/** Chance that comes again: xorshift with 32 bits. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 1
  }

  /** 0 … size − 1. */
  below(size: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % size
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }
}
