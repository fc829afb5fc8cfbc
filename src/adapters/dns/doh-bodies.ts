/** Bodies that are being received, 64 KiB each at most, of all connections of this worker. */
const BODIES_MAX = 1_000
/**
 * Of one client address: as many as one HTTP/2 connection may have streams, for a client may send
 * the headers of all of them before the first body.
 */
const BODIES_PER_CLIENT_MAX = 100

/** One body under way. */
interface Body {
  readonly client: string
  readonly since: number
  readonly cut: () => void
}

/** The bodies of DNS over HTTPS that are being received: each has its own deadline. */
export class DohBodies {
  readonly #deadlineMs: number
  readonly #open = new Set<Body>()
  readonly #perClient = new Map<string, number>()

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** Calls `cut` when the body takes too long. Undefined: there are too many. */
  begin(client: string, cut: () => void): Body | undefined {
    const ofClient = this.#perClient.get(client) ?? 0
    if (this.#open.size >= BODIES_MAX || ofClient >= BODIES_PER_CLIENT_MAX) return undefined
    const body = { client, since: performance.now(), cut }
    this.#perClient.set(client, ofClient + 1)
    this.#open.add(body)
    return body
  }

  /** It came to its end, or will not. */
  end(body: Body): void {
    if (!this.#open.delete(body)) return
    const left = (this.#perClient.get(body.client) ?? 1) - 1
    if (left > 0) this.#perClient.set(body.client, left)
    else this.#perClient.delete(body.client)
  }

  /** Cuts what takes too long, whatever else its connection does. */
  sweep(): void {
    const now = performance.now()
    for (const body of this.#open) {
      // They stand in the order in which they began.
      if (now - body.since <= this.#deadlineMs) return
      this.end(body)
      body.cut()
    }
  }
}
