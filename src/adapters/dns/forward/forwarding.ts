import { setTimeout } from 'node:timers/promises'
import type { Client } from '../../../core/dns/answer/client.ts'
import { AddressSet } from '../../../core/dns/forward/address-set.ts'
import { observeForward, scalarSlot, type Scalar } from '../../../core/dns/counters.ts'
import { Cache } from '../../../core/dns/forward/cache.ts'
import { Failures } from '../../../core/dns/forward/failures.ts'
import { ForeignNames, type Given } from '../../../core/dns/forward/foreign.ts'
import { LoopProbe } from '../../../core/dns/forward/loop-probe.ts'
import { Recent } from '../../../core/dns/forward/recent.ts'
import { isReserved } from '../../../core/dns/forward/reserved.ts'
import { formatUpstream } from '../../../core/dns/forward/upstream-address.ts'
import type { Upstream } from '../../../core/dns/forward/upstream.ts'
import { CryptoRng } from './crypto-rng.ts'
import type { ForwardData, LoopNews } from './forward-data.ts'
import { Forwarder } from './forwarder.ts'
import { LoopWatch } from './loop-watch.ts'
import { followResolvConf, readResolvConf } from './resolv-conf.ts'
import { UpstreamList, type Own } from './upstream-list.ts'

/** Questions asked for one query, say along a chain of aliases through several upstreams. */
const QUESTIONS_MAX = 8
/** How often gauges are told. */
const GAUGE_MS = 1_000
const SETTLE_LOOK_MS = 10
/** Questions that wait for their turn: as many as may be on their way. */
const QUEUE_PER_FLIGHT = 1

export type { Given }
export const NOTHING_GIVEN: readonly Given[] = []

export interface ForwardingParts {
  readonly data: ForwardData
  /** The keys by which the fronts hash names. */
  readonly hashKeys: readonly [number, number]
  /** The counters of this worker. */
  readonly slots: Float64Array
  /** Whether a name is in a zone of ours. */
  readonly isOurs: (name: Uint8Array) => boolean
  /** Told once per change: an upstream that is ourselves, or asks us. */
  readonly onLoop: (upstream: string, how: LoopNews['how']) => void
}

/** Forwarding in one worker, as its fronts use it: `prepare`, respond, `postpone`. */
export class Forwarding {
  readonly foreign: ForeignNames
  readonly #parts: ForwardingParts
  readonly #allowed: AddressSet
  readonly #cache: Cache
  readonly #forwarder: Forwarder
  readonly #upstreams: UpstreamList
  readonly #watch: LoopWatch
  readonly #gauges: NodeJS.Timeout
  readonly #follower: Disposable | undefined
  readonly #looping = new Set<string>()
  #told: readonly string[] = []

  constructor(parts: ForwardingParts) {
    const { data } = parts
    this.#parts = parts
    this.#allowed = new AddressSet(data.allow)
    this.#cache = new Cache({ bytesMax: data.cacheBytes, staleMs: data.staleMs })
    this.#upstreams = new UpstreamList(data)
    const failures = new Failures()
    const probe = new LoopProbe(data.loop)
    const { isMixed, ttlMax, negativeTtlMax, inFlightMax, perClientMax } = data
    const shared = {
      flight: { isMixed, ttlMax, negativeTtlMax },
      rng: new CryptoRng(),
      now: () => performance.now(),
      count: (scalar: Scalar, by: number) => this.#add(scalar, by),
    }
    const limits = { inFlightMax, perClientMax, queueMax: inFlightMax * QUEUE_PER_FLIGHT }
    const observe = (seconds: number): void => observeForward(parts.slots, seconds)
    this.#forwarder = new Forwarder({ ...shared, cache: this.#cache, failures, limits, observe })
    const onLoop = (upstream: Upstream, isLooping: boolean): void => {
      this.#noteLoop(formatUpstream(upstream), isLooping)
    }
    this.#watch = new LoopWatch({ ...shared, probe, onLoop })
    this.foreign = new ForeignNames(this.#makeRoutes(), {
      cache: this.#cache,
      recent: new Recent(...parts.hashKeys),
      failures,
      probe,
      reserved: data.reserved,
      count: (scalar) => this.#add(scalar, 1),
    })
    this.#gauges = setInterval(() => this.#tellGauges(), GAUGE_MS)
    this.#follower =
      data.resolvConf === undefined
        ? undefined
        : followResolvConf(data.resolvConf, () => this.#renewRoutes())
  }

  /** Where this server listens: from now on nothing is sent there. */
  setOwn(own: Own): void {
    this.#upstreams.setOwn(own)
    this.#renewRoutes()
  }

  /** Before each message. */
  prepare(client: Client, now: number, given: readonly Given[]): void {
    const { foreign } = this
    foreign.now = now
    foreign.isAllowed = this.#allowed.has(client)
    foreign.given = given
    foreign.isLast = given.length >= QUESTIONS_MAX
  }

  /** After each message: whether `postpone` has anything to do. */
  get isUnfinished(): boolean {
    return this.foreign.pending !== undefined || this.foreign.due !== undefined
  }

  /**
   * After each message. True when its answer must wait: `retry` is called when the message is to be
   * answered again, with what was found out meanwhile.
   */
  postpone(
    client: string,
    given: readonly Given[],
    retry: (given: readonly Given[]) => void,
  ): boolean {
    this.refresh()
    const { pending } = this.foreign
    if (pending === undefined) return false
    let isAsking = true
    this.#forwarder.ask(pending, client, (found) => {
      const more = found === undefined ? given : [...given, found]
      // It may be known at once; whoever asked is in the middle of something, and goes on first.
      if (isAsking) queueMicrotask(() => retry(more))
      else retry(more)
    })
    isAsking = false
    return true
  }

  /** After each message: what is popular and soon runs out is asked for again. */
  refresh(): void {
    const { due } = this.foreign
    if (due !== undefined) this.#forwarder.refresh(due)
  }

  /** Until nobody waits for an upstream, or for a while. */
  async settle(maxMs: number): Promise<void> {
    const deadline = performance.now() + maxMs
    while (this.#forwarder.inFlight > 0 && performance.now() < deadline) {
      await setTimeout(SETTLE_LOOK_MS)
    }
  }

  close(): void {
    clearInterval(this.#gauges)
    this.#follower?.[Symbol.dispose]()
    this.#watch.close()
    this.#forwarder.close()
  }

  #makeRoutes(): ForeignNames['routes'] {
    const { resolvConf, reserved } = this.#parts.data
    const fromFile = resolvConf === undefined ? [] : readResolvConf(resolvConf)
    return this.#upstreams.routes(fromFile, {
      isOurs: this.#parts.isOurs,
      isReserved: (name) => isReserved(name, reserved),
    })
  }

  #renewRoutes(): void {
    this.foreign.routes = this.#makeRoutes()
    const { dropped } = this.#upstreams
    for (const name of dropped) {
      if (!this.#told.includes(name)) this.#parts.onLoop(name, 'is_own')
    }
    this.#told = dropped
    this.#watch.watch(this.foreign.routes)
  }

  #noteLoop(name: string, isLooping: boolean): void {
    if (isLooping === this.#looping.has(name)) return
    if (isLooping) this.#looping.add(name)
    else this.#looping.delete(name)
    this.#parts.onLoop(name, isLooping ? 'loops' : 'loops_no_more')
  }

  #tellGauges(): void {
    this.#set('cache_entries', this.#cache.size)
    this.#set('cache_bytes', this.#cache.bytes)
    this.#set('cache_evictions', this.#cache.evictions)
    this.#set('forward_in_flight', this.#forwarder.inFlight)
    this.#set('forward_queued', this.#forwarder.queued)
    this.#set('forward_looping', this.#looping.size + this.#told.length)
  }

  #add(scalar: Scalar, by: number): void {
    const slot = scalarSlot(scalar)
    this.#parts.slots[slot] = (this.#parts.slots[slot] ?? 0) + by
  }

  #set(scalar: Scalar, value: number): void {
    this.#parts.slots[scalarSlot(scalar)] = value
  }
}
