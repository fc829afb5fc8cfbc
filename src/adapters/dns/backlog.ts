/** How often the loop is asked whether it is late. */
const LOOK_MS = 50
/** So late, and what waits in the sockets may have been given up by who asked (dns.md §1.9). */
const LATE_MS = 200
/** Queries of one turn that are answered after a stall: the newest ones. */
const HELD_MAX = 256
/** Turns after which a queue that does not end is no backlog but the load of now. */
const TURNS_MAX = 32

export interface BacklogOptions<T> {
  readonly answer: (held: T) => void
  readonly drop: (count: number) => void
}

/**
 * What waited while the loop stood still. The kernel's queue gives the oldest first and does not
 * say when it came, so after a stall each turn of the loop takes all there is, answers the newest
 * and drops the rest, until a turn brings no more than can be answered.
 */
export class Backlog<T> {
  /** What comes now is to be given to `hold`. */
  isHolding = false
  readonly #options: BacklogOptions<T>
  readonly #ring: (T | undefined)[] = Array<undefined>(HELD_MAX).fill(undefined)
  #count = 0
  #turns = 0
  #lookedAt: number = performance.now()

  constructor(options: BacklogOptions<T>) {
    this.#options = options
    setInterval(() => this.look(performance.now()), LOOK_MS).unref()
  }

  /** Timers run before sockets are read: a late one knows what the sockets hold. */
  look(now: number): void {
    const late = now - this.#lookedAt - LOOK_MS
    this.#lookedAt = now
    if (late < LATE_MS || this.isHolding) return
    this.isHolding = true
    this.#turns = 0
    setImmediate(() => this.flush())
  }

  hold(held: T): void {
    this.#ring[this.#count % HELD_MAX] = held
    this.#count++
  }

  /** The newest first: whoever asked last still waits. */
  flush(): void {
    const count = this.#count
    const kept = Math.min(count, HELD_MAX)
    this.#count = 0
    for (let i = 1; i <= kept; i++) {
      const at = (count - i) % HELD_MAX
      const held = this.#ring[at]
      this.#ring[at] = undefined
      if (held !== undefined) this.#options.answer(held)
    }
    if (count > kept) this.#options.drop(count - kept)
    this.#turns++
    if (count > kept && this.#turns < TURNS_MAX) setImmediate(() => this.flush())
    else this.isHolding = false
  }
}
