import { assert } from '../../kernel/assert.ts'
import { millis, type Millis } from '../../kernel/ids.ts'
import type { Clock } from '../../engine/ports.ts'

/** Node's timers hold a signed 32-bit number of ms; a longer wait is made of several. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** Time of this machine: monotonic for waiting, wall time for people. */
export class SystemClock implements Clock {
  now(): Millis {
    return millis(performance.now())
  }

  wall(): Millis {
    return millis(Date.now())
  }

  /** Never early, though Node's timers may fire up to 1 ms before the monotonic clock is there. */
  after(delayMs: Millis, run: () => void): Disposable {
    assert(Number.isFinite(delayMs), 'a wait is a finite number of ms')
    return new Alarm(this.now() + Math.max(delayMs, 0), () => {
      run()
      return undefined
    })
  }

  /**
   * Ticks at whole periods from now, so that lateness does not add up. After a stall there is one
   * late tick, not a burst; the others are left out, and `now()` tells whoever asks.
   */
  every(periodMs: Millis, run: () => void): Disposable {
    assert(Number.isFinite(periodMs) && periodMs > 0, 'a period is above 0 ms')
    const start = this.now()
    return new Alarm(start + periodMs, () => {
      run()
      const periodsOver = Math.floor((this.now() - start) / periodMs)
      return start + (periodsOver + 1) * periodMs
    })
  }
}

/** One timer that re-arms itself until it is due, and again as often as `ring` asks. */
class Alarm implements Disposable {
  readonly #ring: () => number | undefined
  #dueMs: number
  #timer: NodeJS.Timeout
  #isOver = false

  constructor(dueMs: number, ring: () => number | undefined) {
    this.#ring = ring
    this.#dueMs = dueMs
    this.#timer = this.#arm()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #arm(): NodeJS.Timeout {
    const waitMs = Math.ceil(this.#dueMs - performance.now())
    return setTimeout(() => this.#check(), Math.min(Math.max(waitMs, 1), TIMER_MAX_MS))
  }

  #check(): void {
    if (performance.now() >= this.#dueMs) {
      const next = this.#ring()
      // `ring` may have disposed of us.
      if (next === undefined || this.#isOver) return
      this.#dueMs = next
    }
    this.#timer = this.#arm()
  }
}
