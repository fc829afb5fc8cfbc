/** Two octets of length before each message (RFC 1035 §4.2.2). */
export const PREFIX = 2
const HEADER_BYTES = 12

/** The first message of a stream. Holds no more of it than its prefix says, 64 KiB at most. */
export class FirstMessage {
  #buffer = new Uint8Array(PREFIX)
  #filled = 0
  #hasLength = false

  /** The message when it is whole; `wrong` if it cannot be one. Not to be called after either. */
  take(chunk: Uint8Array): Uint8Array | 'more' | 'wrong' {
    const taken = this.#fill(chunk)
    if (!this.#hasLength && this.#filled === PREFIX) {
      const length = ((this.#buffer[0] ?? 0) << 8) | (this.#buffer[1] ?? 0)
      if (length < HEADER_BYTES) return 'wrong'
      this.#buffer = new Uint8Array(length)
      this.#filled = 0
      this.#hasLength = true
      this.#fill(chunk.subarray(taken))
    }
    return this.#hasLength && this.#filled === this.#buffer.length ? this.#buffer : 'more'
  }

  #fill(chunk: Uint8Array): number {
    const part = chunk.subarray(0, this.#buffer.length - this.#filled)
    this.#buffer.set(part, this.#filled)
    this.#filled += part.length
    return part.length
  }
}
