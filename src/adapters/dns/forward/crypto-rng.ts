import { randomFillSync } from 'node:crypto'
import type { Rng } from '../../../kernel/rng.ts'

/** Drawn at a time: the system is asked once in 1,024 draws. */
const DRAWS = 1_024

/** Chance that nobody can foresee, for what protects against forged answers. */
export class CryptoRng implements Rng {
  readonly #drawn = new Uint32Array(DRAWS)
  #at = DRAWS

  u32(): number {
    if (this.#at === DRAWS) {
      randomFillSync(this.#drawn)
      this.#at = 0
    }
    return this.#drawn[this.#at++] ?? 0
  }

  f64(): number {
    return this.u32() * 2 ** -32
  }
}
