import { questionKey, type Question } from './question.ts'

/** RFC 9520 §3.2: failures are kept 1 to 5 seconds, longer the more often they repeat. */
const FIRST_MS = 1_000
const LAST_MS = 5_000
/** A failure that did not repeat for this long is forgotten. */
const FORGET_MS = 10_000
/** Bounds the memory; the oldest are given up. */
const FAILURES_MAX = 10_000

interface Failed {
  readonly until: number
  readonly waitMs: number
}

/** Questions whose upstreams failed a moment ago: they are not asked again at once. */
export class Failures {
  readonly #failed = new Map<string, Failed>()

  has(question: Question, now: number): boolean {
    return now < (this.#failed.get(questionKey(question))?.until ?? 0)
  }

  note(question: Question, now: number): void {
    const key = questionKey(question)
    const before = this.#failed.get(key)
    const isRepeated = before !== undefined && now - before.until < FORGET_MS
    const waitMs = isRepeated ? Math.min(LAST_MS, before.waitMs * 2) : FIRST_MS
    this.#failed.delete(key)
    this.#failed.set(key, { until: now + waitMs, waitMs })
    if (this.#failed.size > FAILURES_MAX) this.#forgetOldest()
  }

  forget(question: Question): void {
    this.#failed.delete(questionKey(question))
  }

  #forgetOldest(): void {
    for (const key of this.#failed.keys()) {
      this.#failed.delete(key)
      return
    }
  }
}
