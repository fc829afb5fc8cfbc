import type { Socket } from 'node:net'

/** How much of the network is let in at a time; all listening addresses together. */
export interface AdmissionLimits {
  readonly connectionsMax: number
  readonly connectionsPerClientMax: number
  /** Bytes of bodies that are still arriving, see `body-budget.ts`. */
  readonly bodiesBytesMax: number
}

export const DEFAULT_ADMISSION_LIMITS: AdmissionLimits = {
  connectionsMax: 10_000,
  connectionsPerClientMax: 2_000,
  bodiesBytesMax: 128 * 1_024 * 1_024,
}

const CAUSES = ['connections', 'client', 'bodies'] as const
type Cause = (typeof CAUSES)[number]

interface AdmissionReading {
  readonly connections: number
  readonly refused: Iterable<readonly [cause: string, count: number]>
}

/** The doorkeeper of one process: all its HTTP servers share it. */
export class Admission {
  readonly limits: AdmissionLimits
  readonly #perClient = new Map<string, number>()
  readonly #refused = new Map<Cause, number>(CAUSES.map((cause) => [cause, 0]))
  #open = 0
  #bodyBytes = 0

  constructor(limits: AdmissionLimits) {
    this.limits = limits
  }

  /** Counts a connection until it is closed; one too many is closed at once. */
  admit(socket: Socket): void {
    const client = socket.remoteAddress ?? ''
    const ofClient = this.#perClient.get(client) ?? 0
    const { connectionsMax, connectionsPerClientMax } = this.limits
    if (this.#open >= connectionsMax || ofClient >= connectionsPerClientMax) {
      this.refuse(this.#open >= connectionsMax ? 'connections' : 'client')
      socket.destroy()
      return
    }
    this.#open++
    this.#perClient.set(client, ofClient + 1)
    socket.once('close', () => this.#forget(client))
  }

  refuse(cause: Cause): void {
    this.#refused.set(cause, (this.#refused.get(cause) ?? 0) + 1)
  }

  /** False, and nothing taken, when bodies would have more than their share of memory. */
  takeBodyBytes(bytes: number): boolean {
    if (this.#bodyBytes + bytes > this.limits.bodiesBytesMax) return false
    this.#bodyBytes += bytes
    return true
  }

  giveBodyBytes(bytes: number): void {
    this.#bodyBytes -= bytes
  }

  /** Bytes of bodies that are taken now. */
  get bodyBytes(): number {
    return this.#bodyBytes
  }

  read(): AdmissionReading {
    return { connections: this.#open, refused: this.#refused }
  }

  #forget(client: string): void {
    this.#open--
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
  }
}
