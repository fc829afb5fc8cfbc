/** A source of chance. Seeded, one per member or worker: the same seed gives the same draws. */
export interface Rng {
  /** Uniform in 0 … 2^32 − 1. */
  u32(): number
  /** Uniform in [0, 1), 32 bits of resolution. */
  f64(): number
}

/**
 * xoshiro128** (Blackman and Vigna, 2018), seeded through splitmix32. Not for secrets.
 * Allocates nothing per draw.
 */
export class SeededRng implements Rng {
  readonly #s = new Int32Array(4)

  constructor(seed: number) {
    let x = seed | 0
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) | 0
      let z = x ^ (x >>> 16)
      z = Math.imul(z, 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.#s[i] = z ^ (z >>> 15)
    }
  }

  u32(): number {
    const s = this.#s
    const s0 = s[0] ?? 0
    const s1 = s[1] ?? 0
    const s2 = (s[2] ?? 0) ^ s0
    const s3 = (s[3] ?? 0) ^ s1
    const m = Math.imul(s1, 5)
    const result = Math.imul((m << 7) | (m >>> 25), 9)
    s[0] = s0 ^ s3
    s[1] = s1 ^ s2
    s[2] = s2 ^ (s1 << 9)
    s[3] = (s3 << 11) | (s3 >>> 21)
    return result >>> 0
  }

  f64(): number {
    return this.u32() * 2 ** -32
  }
}
