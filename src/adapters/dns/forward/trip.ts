import type { Scalar } from '../../../core/dns/counters.ts'
import type { Ask, Flight, Move, Outcome } from '../../../core/dns/forward/flight.ts'
import { askOverTcp, askOverUdp, type Exchange } from './exchange.ts'

export interface TripParts {
  readonly now: () => number
  readonly count: (scalar: Scalar, by: number) => void
}

/** A flight with its sockets and its timer: does what the flight says, tells it what comes. */
export class Trip {
  readonly flight: Flight
  readonly #parts: TripParts
  readonly #onDone: (outcome: Outcome) => void
  readonly #exchanges: Exchange[] = []
  #timer: NodeJS.Timeout | undefined
  #isDone = false

  constructor(flight: Flight, parts: TripParts, onDone: (outcome: Outcome) => void) {
    this.flight = flight
    this.#parts = parts
    this.#onDone = onDone
  }

  start(): void {
    this.#apply(this.flight.start(this.#parts.now()))
  }

  /** Ends it without an outcome. */
  close(): void {
    this.#isDone = true
    clearTimeout(this.#timer)
    for (const exchange of this.#exchanges) exchange.close()
  }

  #apply(move: Move): void {
    if (this.#isDone) return
    if (move.kind === 'done') {
      this.close()
      this.#parts.count('forward_discarded', this.flight.wrong)
      this.#onDone(move.outcome)
      return
    }
    if (move.kind === 'ask') this.#send(move.ask)
    this.#arm()
  }

  #send({ exchange, upstream, via, packet }: Ask): void {
    const { now, count } = this.#parts
    const events = {
      onPacket: (bytes: Uint8Array): void => {
        this.#apply(this.flight.receive(exchange, bytes, now()))
      },
      onError: (): void => this.#apply(this.flight.fail(exchange, now())),
    }
    count(via === 'udp' ? 'forward_udp' : 'forward_tcp', 1)
    const ask = via === 'udp' ? askOverUdp : askOverTcp
    this.#exchanges.push(ask(upstream, packet, events))
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const { now, count } = this.#parts
    const waitMs = Math.max(0, this.flight.wakeAt - now())
    this.#timer = setTimeout(() => {
      count('forward_timeouts', 1)
      this.#apply(this.flight.wake(now()))
    }, Math.ceil(waitMs))
  }
}
