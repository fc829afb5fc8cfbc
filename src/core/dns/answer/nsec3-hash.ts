import { CHAIN } from '../table/layout.ts'

/** Octets of one block of SHA-1. */
const BLOCK_BYTES = 64
/** A name and a salt, 255 octets each, and the padding. */
const BUFFER_BYTES = 576
const STEPS = 80

/**
 * The hash of NSEC3 (RFC 5155 §5): SHA-1 (FIPS 180-4) over name and salt, then over its own result
 * and the salt again and again. In place: the path of a query allocates nothing.
 */
export class Nsec3Hash {
  /** The result: five words, the first octet in the highest bits. */
  readonly words: Int32Array = new Int32Array(5)
  readonly #table: DataView
  readonly #buffer = new Uint8Array(BUFFER_BYTES)
  readonly #view = new DataView(this.#buffer.buffer)
  readonly #schedule = new Int32Array(STEPS)

  /** `table` has the chains, with their salts. */
  constructor(table: DataView) {
    this.#table = table
  }

  /** Hashes `name[start, end)` as the chain says. */
  run(name: Uint8Array, start: number, end: number, chain: number): void {
    const iterations = this.#table.getInt32(chain + CHAIN.ITERATIONS, true)
    for (let i = start; i < end; i++) this.#buffer[i - start] = name[i] ?? 0
    this.#digest(this.#addSalt(end - start, chain))
    for (let i = 0; i < iterations; i++) {
      for (let word = 0; word < 5; word++) this.#view.setInt32(word * 4, this.words[word] ?? 0)
      this.#digest(this.#addSalt(CHAIN.HASH_BYTES, chain))
    }
  }

  /** The length with the salt behind. */
  #addSalt(length: number, chain: number): number {
    const saltLength = this.#table.getInt32(chain + CHAIN.SALT_LENGTH, true)
    for (let i = 0; i < saltLength; i++) {
      this.#buffer[length + i] = this.#table.getUint8(chain + CHAIN.SALT + i)
    }
    return length + saltLength
  }

  /** SHA-1 of the first `length` octets of the buffer. */
  #digest(length: number): void {
    const { words } = this
    words[0] = 0x6745_2301
    words[1] = 0xefcd_ab89
    words[2] = 0x98ba_dcfe
    words[3] = 0x1032_5476
    words[4] = 0xc3d2_e1f0
    // A one bit, zeros, and the length in bits: 64 of them, of which 13 are ever needed.
    const end = (length + 9 + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1)
    this.#buffer.fill(0, length, end)
    this.#buffer[length] = 0x80
    this.#view.setInt32(end - 4, length * 8)
    for (let at = 0; at < end; at += BLOCK_BYTES) this.#compress(at)
  }

  #compress(at: number): void {
    const { words } = this
    const schedule = this.#schedule
    for (let i = 0; i < 16; i++) schedule[i] = this.#view.getInt32(at + i * 4)
    for (let i = 16; i < STEPS; i++) {
      const word =
        (schedule[i - 3] ?? 0) ^
        (schedule[i - 8] ?? 0) ^
        (schedule[i - 14] ?? 0) ^
        (schedule[i - 16] ?? 0)
      schedule[i] = (word << 1) | (word >>> 31)
    }
    let a = words[0] ?? 0
    let b = words[1] ?? 0
    let c = words[2] ?? 0
    let d = words[3] ?? 0
    let e = words[4] ?? 0
    for (let i = 0; i < STEPS; i++) {
      const mixed =
        i < 20
          ? ((b & c) | (~b & d)) + 0x5a82_7999
          : i < 40
            ? (b ^ c ^ d) + 0x6ed9_eba1
            : i < 60
              ? ((b & c) | (b & d) | (c & d)) + 0x8f1b_bcdc
              : (b ^ c ^ d) + 0xca62_c1d6
      const next = (((a << 5) | (a >>> 27)) + mixed + e + (schedule[i] ?? 0)) | 0
      e = d
      d = c
      c = (b << 30) | (b >>> 2)
      b = a
      a = next
    }
    words[0] = (words[0] ?? 0) + a
    words[1] = (words[1] ?? 0) + b
    words[2] = (words[2] ?? 0) + c
    words[3] = (words[3] ?? 0) + d
    words[4] = (words[4] ?? 0) + e
  }
}
