import { Flight, type FlightSettings, type Outcome } from '../../../core/dns/forward/flight.ts'
import type { LoopProbe } from '../../../core/dns/forward/loop-probe.ts'
import type { Routes } from '../../../core/dns/forward/routes.ts'
import type { Upstream } from '../../../core/dns/forward/upstream.ts'
import type { Rng } from '../../../kernel/rng.ts'
import { Trip, type TripParts } from './trip.ts'

/** A loop shows at the first look; one that is made later must show, too. */
const LOOK_MS = 600_000
/** After a loop, or no answer at all. */
const LOOK_AGAIN_MS = 30_000

export interface LoopWatchParts extends TripParts {
  readonly probe: LoopProbe
  readonly flight: FlightSettings
  readonly rng: Rng
  readonly onLoop: (upstream: Upstream, isLooping: boolean) => void
}

/** Asks each upstream for a name that only we can answer; who gives the answer asked us. */
export class LoopWatch {
  readonly #parts: LoopWatchParts
  readonly #trips = new Set<Trip>()
  #timer: NodeJS.Timeout | undefined
  #again = false

  constructor(parts: LoopWatchParts) {
    this.#parts = parts
  }

  /** Looks at all upstreams now, and goes on from there. */
  watch(routes: Routes): void {
    this.close()
    this.#again = false
    for (const { suffix, upstreams } of routes.all) {
      for (const upstream of upstreams) this.#look(suffix, upstream)
    }
    this.#timer = setTimeout(() => this.#relook(routes), LOOK_AGAIN_MS)
    this.#timer.unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const trip of this.#trips) trip.close()
    this.#trips.clear()
  }

  #relook(routes: Routes): void {
    if (this.#again) {
      this.watch(routes)
      return
    }
    this.#timer = setTimeout(() => this.watch(routes), LOOK_MS)
    this.#timer.unref()
  }

  #look(suffix: Uint8Array, upstream: Upstream): void {
    const { probe, flight: settings, rng, now, count } = this.#parts
    // A flight of its own leaves those out that loop, which is what is to be found out here.
    upstream.isLooping = false
    const route = { suffix, upstreams: [upstream], isInBailiwick: () => true }
    const question = probe.questionFor(suffix)
    const flight = new Flight({ question, route, settings, rng }, now())
    const trip = new Trip(flight, { now, count }, (outcome) => {
      this.#trips.delete(trip)
      this.#judge(upstream, outcome)
    })
    this.#trips.add(trip)
    trip.start()
  }

  #judge(upstream: Upstream, outcome: Outcome): void {
    const isLooping = outcome.kind === 'answer' && this.#parts.probe.isProof(outcome.entry)
    if (isLooping || outcome.kind === 'failure') this.#again = true
    upstream.isLooping = isLooping
    this.#parts.onLoop(upstream, isLooping)
  }
}
