/** How often the loop is asked whether it is late. */
const LOOK_MS = 50
/** So late, and what waits in the sockets may have been given up by who asked (dns.md §1.9). */
const LATE_MS = 200
/** Queries that are answered after a stall: the newest ones. */
const HELD_MAX = 256
/** libuv reads at most so many datagrams of a socket in one turn: fewer, and it is empty. */
const READ_AT_ONCE = 32
/** Turns after which a queue that does not end is no backlog but the load of now; some 100 ms. */
const TURNS_MAX = 512

export interface BacklogOptions<T> {
  readonly answer: (held: T) => void
  readonly drop: (count: number) => void
}

/**
 * What waited while the loop stood still. The kernel's queue gives the oldest first and does not
 * say when it came, so after a stall it is emptied, the newest are answered and the rest dropped.
 */
export class Backlog<T> {
  readonly #options: BacklogOptions<T>
  readonly #ring: (T | undefined)[] = Array<undefined>(HELD_MAX).fill(undefined)
  #isHolding = false
  #count = 0
  #countBefore = 0
  #turns = 0
  #lookedAt: number

  constructor(options: BacklogOptions<T>, now: number = performance.now()) {
    this.#options = options
    this.#lookedAt = now
    setInterval(() => this.isHolding(performance.now()), LOOK_MS).unref()
  }

  /** Whether what comes now is to be given to `hold`. */
  isHolding(now: number): boolean {
    const silentMs = now - this.#lookedAt
    if (silentMs < LOOK_MS) return this.#isHolding
    this.#lookedAt = now
    if (silentMs >= LOOK_MS + LATE_MS && !this.#isHolding) {
      this.#isHolding = true
      this.#turns = 0
      setImmediate(() => this.endTurn())
    }
    return this.#isHolding
  }

  hold(held: T): void {
    this.#ring[this.#count % HELD_MAX] = held
    this.#count++
  }

  /** After the sockets were read once. */
  endTurn(): void {
    const came = this.#count - this.#countBefore
    this.#countBefore = this.#count
    this.#turns++
    if (came >= READ_AT_ONCE && this.#turns < TURNS_MAX) setImmediate(() => this.endTurn())
    else this.#end()
  }

  /** The newest first: whoever asked last still waits. */
  #end(): void {
    const count = this.#count
    const kept = Math.min(count, HELD_MAX)
    this.#isHolding = false
    this.#count = 0
    this.#countBefore = 0
    for (let i = 1; i <= kept; i++) {
      const at = (count - i) % HELD_MAX
      const held = this.#ring[at]
      this.#ring[at] = undefined
      if (held !== undefined) this.#options.answer(held)
    }
    if (count > kept) this.#options.drop(count - kept)
  }
}
