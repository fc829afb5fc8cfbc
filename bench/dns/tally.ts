/** What the generator counts. Every answer that is not exactly the expected one is an error. */

const FAULTS = [
  'malformed',
  'wrong_question',
  'wrong_rcode',
  'too_few_answers',
  'truncated',
  'unexpected',
  'refused_port',
] as const
export type Fault = (typeof FAULTS)[number]

export interface Latency {
  /** Microseconds from the scheduled send to the answer. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export class Tally {
  sent = 0
  answered = 0
  lost = 0
  /** Answered after they had been given up: in `answered`, no longer in `lost`. */
  late = 0
  /** Not sent in time, because as many as allowed were in flight already. */
  skipped = 0
  /** Open loop: in turns longer than they can be, when the generator itself was held up. */
  stalledMs = 0
  readonly faults: Partial<Record<Fault, number>> = {}
  readonly latency: Histogram = new Histogram()

  fault(kind: Fault): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1
  }
}

const BUCKETS = 100_000

/** One bucket per microsecond up to 100 ms; the last one holds all that is slower. */
export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  addMs(ms: number): void {
    const micros = Math.max(0, ms * 1_000)
    const bucket = Math.min(BUCKETS - 1, micros) >>> 0
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    if (micros > this.#max) this.#max = micros
  }

  read(): Latency {
    return {
      p50: this.#quantile(0.5),
      p90: this.#quantile(0.9),
      p99: this.#quantile(0.99),
      p999: this.#quantile(0.999),
      max: Math.round(this.#max),
    }
  }

  #quantile(share: number): number {
    const rank = Math.ceil(this.#count * share)
    let seen = 0
    for (const [micros, hits] of this.#buckets.entries()) {
      seen += hits
      if (seen >= rank && seen > 0) return micros === BUCKETS - 1 ? Math.round(this.#max) : micros
    }
    return 0
  }
}
