import type { Rng } from '../../../kernel/rng.ts'

/** Entries one table can have: far above the 10,000 instances of a service. */
const ENTRIES_MAX = 1 << 16
/** Up to here the weights are added up anew for each pick: cheaper than anything cleverer. */
const SCANNED_MAX = 32

/**
 * Weighted choice without replacement: the first pick is exact, each further one is exact among
 * those left. Small sets are scanned, large ones drawn from until nothing new comes, and ordered by
 * exponential keys (Efraimidis and Spirakis, 2006). All memory is allocated once.
 */
export class Sampler {
  readonly picked: Int32Array = new Int32Array(ENTRIES_MAX)
  readonly #rng: Rng
  readonly #stamps = new Int32Array(ENTRIES_MAX)
  readonly #keys = new Float64Array(ENTRIES_MAX)
  readonly #heap = new Int32Array(ENTRIES_MAX)
  #stamp = 0

  constructor(rng: Rng) {
    this.#rng = rng
  }

  /**
   * Picks `count` of the `size` entries whose running weight sums (float64) stand at `sums`, into
   * `picked`, in weighted order; fewer when there are fewer.
   */
  pick(table: DataView, sums: number, size: number, count: number): number {
    const wanted = Math.min(count, size, ENTRIES_MAX)
    if (wanted <= 0) return 0
    const total = table.getFloat64(sums + (size - 1) * 8, true)
    if (wanted === 1) {
      this.picked[0] = bisect(table, sums, size, this.#rng.f64() * total)
      return 1
    }
    if (size <= SCANNED_MAX) return this.#scan(table, sums, size, wanted)
    this.#stamp = (this.#stamp + 1) | 0
    const drawn = this.#drawDistinct(table, sums, size, wanted, total)
    if (drawn < wanted) this.#order(table, sums, size, drawn, wanted)
    return wanted
  }

  /** One draw per pick, the last one left excepted; those left stand behind those picked. */
  #scan(table: DataView, sums: number, size: number, wanted: number): number {
    const weights = this.#keys
    const { picked } = this
    const first = table.getFloat64(sums, true)
    let isEven = true
    let total = 0
    for (let i = 0; i < size; i++) {
      const sum = table.getFloat64(sums + i * 8, true)
      weights[i] = sum - total
      if (sum - total !== first) isEven = false
      total = sum
      picked[i] = i
    }
    const draws = Math.min(wanted, size - 1)
    if (isEven) this.#shuffle(size, draws)
    else this.#draw(size, draws, total)
    return wanted
  }

  /** Equal weights (Fisher and Yates, 1938). */
  #shuffle(size: number, draws: number): void {
    const { picked } = this
    for (let n = 0; n < draws; n++) {
      const at = n + Math.floor(this.#rng.f64() * (size - n))
      const pick = picked[at] ?? 0
      picked[at] = picked[n] ?? 0
      picked[n] = pick
    }
  }

  #draw(size: number, draws: number, sum: number): void {
    const weights = this.#keys
    const { picked } = this
    let total = sum
    for (let n = 0; n < draws; n++) {
      let left = this.#rng.f64() * total
      let at = n
      for (; at < size - 1; at++) {
        left -= weights[at] ?? 0
        if (left < 0) break
      }
      total -= weights[at] ?? 0
      weights[at] = weights[n] ?? 0
      const pick = picked[at] ?? 0
      picked[at] = picked[n] ?? 0
      picked[n] = pick
    }
  }

  /** Draws and throws doubles away, a bounded number of times: fast while many are left. */
  #drawDistinct(
    table: DataView,
    sums: number,
    size: number,
    wanted: number,
    total: number,
  ): number {
    if (wanted * 2 > size) return 0
    let drawn = 0
    for (let tries = wanted * 2 + 4; tries > 0 && drawn < wanted; tries--) {
      const i = bisect(table, sums, size, this.#rng.f64() * total)
      if (this.#stamps[i] === this.#stamp) continue
      this.#stamps[i] = this.#stamp
      this.picked[drawn++] = i
    }
    return drawn
  }

  /** The rest by exponential keys −ln(u)/w, smallest first, from a heap. */
  #order(table: DataView, sums: number, size: number, drawn: number, wanted: number): void {
    const keys = this.#keys
    const heap = this.#heap
    let left = 0
    for (let i = 0; i < size; i++) {
      if (this.#stamps[i] === this.#stamp) continue
      const before = i === 0 ? 0 : table.getFloat64(sums + (i - 1) * 8, true)
      const weight = table.getFloat64(sums + i * 8, true) - before
      // u in (0, 1): ln(0) would make a key that never comes.
      keys[i] = -Math.log(this.#rng.f64() + 2 ** -33) / weight
      heap[left++] = i
    }
    for (let i = (left >> 1) - 1; i >= 0; i--) siftDown(heap, keys, i, left)
    for (let n = drawn; n < wanted; n++) {
      this.picked[n] = heap[0] ?? 0
      left--
      heap[0] = heap[left] ?? 0
      siftDown(heap, keys, 0, left)
    }
  }
}

/** The first entry whose running sum is above `value`. */
function bisect(table: DataView, sums: number, size: number, value: number): number {
  let low = 0
  let high = size - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (table.getFloat64(sums + middle * 8, true) > value) high = middle
    else low = middle + 1
  }
  return low
}

function siftDown(heap: Int32Array, keys: Float64Array, from: number, size: number): void {
  const item = heap[from] ?? 0
  const key = keys[item] ?? 0
  let i = from
  for (;;) {
    let child = 2 * i + 1
    if (child >= size) break
    const right = child + 1
    if (right < size && (keys[heap[right] ?? 0] ?? 0) < (keys[heap[child] ?? 0] ?? 0)) child = right
    if ((keys[heap[child] ?? 0] ?? 0) >= key) break
    heap[i] = heap[child] ?? 0
    i = child
  }
  heap[i] = item
}
