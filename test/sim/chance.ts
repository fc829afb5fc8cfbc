import { SeededRng } from '../../src/kernel/rng.ts'

/** Draws for scenarios. Forked by label: a draw more in one place does not shift the others. */
export class Chance {
  readonly #seed: number
  readonly #rng: SeededRng

  constructor(seed: number) {
    this.#seed = seed
    this.#rng = new SeededRng(seed)
  }

  fork(label: string): Chance {
    let hash = this.#seed | 0
    for (const char of label) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
    return new Chance(hash)
  }

  coin(probability: number): boolean {
    return this.#rng.f64() < probability
  }

  /** A whole number, both ends included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#rng.f64() * (max - min + 1))
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0]
  }
}
