export interface SimEvent {
  /** Virtual ms at which it is due. */
  readonly at: number
  readonly sequence: number
  readonly run: () => void
  isCancelled: boolean
}

/** A binary heap ordered by (time, sequence): among events of one moment, first come, first run. */
export class EventQueue {
  readonly #heap: SimEvent[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  add(at: number, run: () => void): SimEvent {
    const event: SimEvent = { at, sequence: this.#sequence++, run, isCancelled: false }
    this.#heap.push(event)
    this.#rise(this.#heap.length - 1)
    return event
  }

  /** The next event that is not cancelled, left where it is. */
  peek(): SimEvent | undefined {
    while (this.#heap[0]?.isCancelled === true) this.#removeFirst()
    return this.#heap[0]
  }

  take(): SimEvent | undefined {
    const first = this.peek()
    if (first !== undefined) this.#removeFirst()
    return first
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink()
  }

  #rise(from: number): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#swapIfBefore(i, parent)) return
      i = parent
    }
  }

  #sink(): void {
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      const right = left + 1
      const [a, b] = [this.#heap[left], this.#heap[right]]
      const child = a !== undefined && b !== undefined && isBefore(b, a) ? right : left
      if (!this.#swapIfBefore(child, i)) return
      i = child
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const [a, b] = [this.#heap[lower], this.#heap[upper]]
    if (a === undefined || b === undefined || !isBefore(a, b)) return false
    this.#heap[lower] = b
    this.#heap[upper] = a
    return true
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at
}
