export interface AdmissionLimits {
  /** Questions on their way at a time, and of these for one client. */
  readonly inFlightMax: number
  readonly perClientMax: number
  /** Questions that wait for their turn. */
  readonly queueMax: number
}

/**
 * Bounds what clients can make us ask: so many at a time, in all and for each, the others wait in
 * a queue that is bounded, too. Who joins a question that is on its way costs nothing.
 */
export class Admission<T> {
  readonly #limits: AdmissionLimits
  readonly #perClient = new Map<string, number>()
  readonly #queue: { readonly client: string; readonly task: T }[] = []
  #inFlight = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Whether a task of this client would start at once. */
  hasRoom(client: string): boolean {
    const { inFlightMax, perClientMax } = this.#limits
    return this.#inFlight < inFlightMax && (this.#perClient.get(client) ?? 0) < perClientMax
  }

  /** `go`: start it now; `queued`: `leave` will hand it out; `full`: refuse it. */
  enter(client: string, task: T): 'go' | 'queued' | 'full' {
    if (this.hasRoom(client)) {
      this.#begin(client)
      return 'go'
    }
    if (this.#queue.length >= this.#limits.queueMax) return 'full'
    this.#queue.push({ client, task })
    return 'queued'
  }

  /** A task of this client has ended; the answer is the one to start in its place. */
  leave(client: string): T | undefined {
    this.#inFlight--
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
    const at = this.#queue.findIndex((waiting) => this.hasRoom(waiting.client))
    if (at < 0) return undefined
    const [next] = this.#queue.splice(at, 1)
    if (next === undefined) return undefined
    this.#begin(next.client)
    return next.task
  }

  /** It no longer waits for its turn. */
  cancel(task: T): void {
    const at = this.#queue.findIndex((waiting) => waiting.task === task)
    if (at >= 0) this.#queue.splice(at, 1)
  }

  #begin(client: string): void {
    this.#inFlight++
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1)
  }
}
