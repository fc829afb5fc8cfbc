import { millis, type Millis } from '../../src/kernel/ids.ts'
import type { Clock } from '../../src/engine/ports.ts'
import { EventQueue, type SimEvent } from './event-queue.ts'

/** 2026-11-20T00:00:00Z: the virtual day on which every run begins. */
const WALL_ORIGIN_MS = 1_795_132_800_000

/**
 * The simulated clock: one queue of events, and time moves only from one event to the next. The
 * world's events (clients, faults) stand in the same queue as the member's timers.
 */
export class SimClock implements Clock {
  readonly #queue = new EventQueue()
  #now = 0
  #wallSkewMs = 0

  now(): Millis {
    return millis(this.#now)
  }

  wall(): Millis {
    return millis(WALL_ORIGIN_MS + this.#now + this.#wallSkewMs)
  }

  after(delayMs: Millis, run: () => void): Disposable {
    return cancelling(this.at(this.#now + Math.max(0, delayMs), run))
  }

  /** At whole periods from now. After a stall there is one late round, not a burst. */
  every(periodMs: Millis, run: () => void): Disposable {
    const start = this.#now
    let isStopped = false
    const round = (): void => {
      run()
      const periodsOver = Math.floor((this.#now - start) / periodMs)
      if (!isStopped) next = this.at(start + (periodsOver + 1) * periodMs, round)
    }
    let next = this.at(start + periodMs, round)
    return {
      [Symbol.dispose]: () => {
        isStopped = true
        next.isCancelled = true
      },
    }
  }

  /** An event of the world at a virtual time; one in the past runs as soon as possible. */
  at(time: number, run: () => void): SimEvent {
    return this.#queue.add(time, run)
  }

  /** The process stands still: time passes and nothing runs; what was due then runs late, after. */
  stall(byMs: number): void {
    this.#now += byMs
  }

  /** Somebody sets the machine's clock. */
  stepWall(byMs: number): void {
    this.#wallSkewMs += byMs
  }

  /** Runs the next event if it is due by `until`; else moves time there and says false. */
  step(until: number): boolean {
    const next = this.#queue.peek()
    if (next === undefined || next.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#queue.take()
    this.#now = Math.max(this.#now, next.at)
    next.run()
    return true
  }

  /** Runs all events of the next `ms`, without letting promises settle in between. */
  pass(ms: number): void {
    const until = this.#now + ms
    let isRunning = true
    while (isRunning) isRunning = this.step(until)
  }
}

function cancelling(event: SimEvent): Disposable {
  return {
    [Symbol.dispose]: () => {
      event.isCancelled = true
    },
  }
}
