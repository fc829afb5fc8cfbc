/** Some 0.5 ms of work: what a UDP query may wait for connections with much to ask. */
const MESSAGES_PER_TURN = 512

/**
 * How many messages of connections are answered in one turn of the event loop. One read can bring
 * two thousand of them; those over the budget wait for the next turn, first come, first served.
 */
export class TurnBudget {
  #left = MESSAGES_PER_TURN
  #isScheduled = false
  readonly #waiting: (() => void)[] = []

  /** False: no more in this turn. */
  take(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.#schedule()
    return true
  }

  /** `resume` is called in a turn that has something left. */
  defer(resume: () => void): void {
    this.#waiting.push(resume)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isScheduled = false
    this.#left = MESSAGES_PER_TURN
    for (let i = this.#waiting.length; i > 0 && this.#left > 0; i--) this.#waiting.shift()?.()
    if (this.#waiting.length > 0) this.#schedule()
  }
}
