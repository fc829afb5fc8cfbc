/** Blocks that a reader may still see, in the order in which they were unlinked. A ring. */
export class RetiredBlocks {
  /** Pairs: the block's offset, and the epoch in which it was unlinked. */
  #pairs = new Int32Array(2 * 1_024)
  #first = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  push(offset: number, epoch: number): void {
    if (this.#count * 2 === this.#pairs.length) this.#grow()
    const at = this.#at(this.#count)
    this.#pairs[at] = offset
    this.#pairs[at + 1] = epoch
    this.#count++
  }

  /** Of the one that waits for longest. */
  get offset(): number {
    return this.#pairs[this.#at(0)] ?? 0
  }

  get epoch(): number {
    return this.#pairs[this.#at(0) + 1] ?? 0
  }

  shift(): void {
    this.#first = (this.#first + 1) % (this.#pairs.length >> 1)
    this.#count--
  }

  #at(i: number): number {
    return (((this.#first + i) * 2) & (this.#pairs.length - 1)) | 0
  }

  #grow(): void {
    const { length } = this.#pairs
    const start = this.#first * 2
    const larger = new Int32Array(length * 2)
    larger.set(this.#pairs.subarray(start))
    larger.set(this.#pairs.subarray(0, start), length - start)
    this.#pairs = larger
    this.#first = 0
  }
}
