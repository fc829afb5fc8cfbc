import { millis, type Millis } from '../../kernel/ids.ts'

/**
 * The time leases are measured in: the monotonic clock minus the time in which this process stood
 * still (a stalled event loop, SIGSTOP, a suspended machine). Beats that arrived meanwhile wait
 * unread in the sockets, so silence measured over a stall is ours, not the clients'.
 */
export class LeaseClock {
  /** A gap between two looks at the clock above this is a stall; ms. */
  readonly #gapMax: Millis
  #lastNow: Millis
  #stalledMs = 0

  constructor(now: Millis, gapMax: Millis) {
    this.#lastNow = now
    this.#gapMax = gapMax
  }

  /** Lease time at clock time `now`. Never runs backwards. */
  at(now: Millis): Millis {
    const gap = now - this.#lastNow
    if (gap > this.#gapMax) this.#stalledMs += gap - this.#gapMax
    if (gap > 0) this.#lastNow = now
    return millis(this.#lastNow - this.#stalledMs)
  }

  /** Time given back to leases since the start; ms. */
  get stalledMs(): Millis {
    return millis(this.#stalledMs)
  }
}
