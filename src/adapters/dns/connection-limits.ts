import type { Socket } from 'node:net'
import type { StreamProto } from '../../core/dns/counters.ts'
import type { AnswerCounters } from './tell-answer.ts'
import type { TcpSettings } from './worker-data.ts'

/** Above this share of the connections idle ones are given less time (dns.md §1.5). */
const CROWDED = 0.8
const CROWDED_IDLE_MS = 2_000

/** How many connections one transport of one worker has, in all and of each client. */
export class ConnectionLimits {
  readonly #proto: StreamProto
  readonly #settings: TcpSettings
  readonly #counters: AnswerCounters
  readonly #perClient = new Map<string, number>()
  #open = 0

  constructor(proto: StreamProto, settings: TcpSettings, counters: AnswerCounters) {
    this.#proto = proto
    this.#settings = settings
    this.#counters = counters
  }

  /** Counts a connection until it is closed; one too many is closed at once. */
  admit(socket: Socket): boolean {
    const { connectionsMax, connectionsPerClientMax } = this.#settings
    const client = socket.remoteAddress ?? ''
    const ofClient = this.#perClient.get(client) ?? 0
    if (this.#open >= connectionsMax || ofClient >= connectionsPerClientMax) {
      this.#counters.add(`${this.#proto}_refused`, 1)
      socket.destroy()
      return false
    }
    this.#perClient.set(client, ofClient + 1)
    this.#counters.add(`${this.#proto}_accepted`, 1)
    this.#count(1)
    socket.once('close', () => this.#forget(client))
    return true
  }

  /** How long a connection may be silent now. */
  get idleMs(): number {
    const { connectionsMax, idleMs } = this.#settings
    return this.#open > connectionsMax * CROWDED ? Math.min(CROWDED_IDLE_MS, idleMs) : idleMs
  }

  /** From the first octet of a message to its last. */
  get messageMs(): number {
    return this.#settings.messageMs
  }

  countTimeout(): void {
    this.#counters.add(`${this.#proto}_timeouts`, 1)
  }

  /** The system had no socket left. */
  countRefused(): void {
    this.#counters.add(`${this.#proto}_refused`, 1)
  }

  #forget(client: string): void {
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
    this.#count(-1)
  }

  #count(by: number): void {
    this.#open += by
    this.#counters.set(`${this.#proto}_connections`, this.#open)
  }
}
