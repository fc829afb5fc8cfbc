import { millis } from '../../src/kernel/ids.ts'
import type { ServiceRef } from '../../src/core/registry/state.ts'
import type { InstanceSpec } from '../../src/engine/naming.ts'
import type { Chance } from './chance.ts'
import { keyOf, type World } from './world.ts'

/** What the clients and faults of one run are like; drawn per seed, so runs differ in kind. */
export interface Knobs {
  /** Longest time that a request is on its way; ms. */
  readonly delayMaxMs: number
  readonly lossProbability: number
  /** Stalls of the process are at least this far apart; ms. */
  readonly stallGapMs: number
}

/**
 * One client of Nacos' protocol: it registers, beats on its own time (which goes on while the
 * member stands still), and at the end of each phase goes on, falls silent, leaves, or changes its
 * mind.
 */
export class SimClient {
  readonly #world: World
  readonly #chance: Chance
  readonly #knobs: Knobs
  readonly #ref: ServiceRef
  #spec: InstanceSpec
  /** Its own time: when it sent the last request. */
  #sentAt: number
  /** Beats of an older life stop when they see another number. */
  #life = 0

  constructor(
    world: World,
    chance: Chance,
    knobs: Knobs,
    who: { ref: ServiceRef; spec: InstanceSpec },
  ) {
    this.#world = world
    this.#chance = chance
    this.#knobs = knobs
    this.#ref = who.ref
    this.#spec = who.spec
    this.#sentAt = 0
  }

  /** Begins a life at a time of its own. */
  start(at: number): void {
    this.#sentAt = at
    const life = ++this.#life
    const until = at + this.#chance.between(1_000, 60_000)
    this.#send(() => {
      if (life !== this.#life) return
      this.#world.register(this.#ref, this.#spec)
      this.#claim(true)
      this.#scheduleBeat(life, until)
    })
  }

  #send(arrive: () => void): void {
    this.#world.clock.at(this.#sentAt + this.#chance.between(0, this.#knobs.delayMaxMs), arrive)
  }

  #scheduleBeat(life: number, until: number): void {
    this.#sentAt += this.#spec.times.intervalMs
    const isLost = this.#chance.coin(this.#knobs.lossProbability)
    const isOver = this.#sentAt > until
    this.#send(() => {
      if (life !== this.#life) return
      if (isOver) this.#endPhase()
      else {
        if (!isLost) this.#beat()
        this.#scheduleBeat(life, until)
      }
    })
  }

  /** As a Nacos client does: a light beat, and all it knows when the member has forgotten it. */
  #beat(): void {
    if (this.#chance.coin(0.2)) this.#world.fullBeat(this.#ref, this.#spec)
    else if (!this.#world.lightBeat(this.#ref, keyOf(this.#spec))) {
      this.#world.fullBeat(this.#ref, this.#spec)
    }
    this.#claim(true)
  }

  #endPhase(): void {
    const what = this.#chance.pick(['stop', 'sleep', 'wake', 'leave', 'leave', 'change', 'change'])
    if (what === 'leave') this.#world.deregister(this.#ref, keyOf(this.#spec))
    else this.#claim(false)
    if (what === 'stop') return
    if (what === 'change') {
      this.#spec = { ...this.#spec, times: drawTimes(this.#chance) }
      this.start(this.#world.clock.now())
    } else if (what === 'wake') this.#wake(this.#world.clock.now() + this.#pauseMs())
    else this.start(this.#world.clock.now() + this.#pauseMs())
  }

  /** Beats again without registering, as a client does whose machine was suspended. */
  #wake(at: number): void {
    const life = ++this.#life
    this.#sentAt = at - this.#spec.times.intervalMs
    this.#scheduleBeat(life, at + this.#chance.between(1_000, 30_000))
  }

  #pauseMs(): number {
    return this.#chance.pick([
      this.#chance.between(0, 2_000),
      this.#chance.between(5_000, 40_000),
      this.#chance.between(20_000, 90_000),
    ])
  }

  /** From here on the model may demand that the instance is neither silent nor expired. */
  #claim(isBeating: boolean): void {
    const expected = this.#world.model.find(this.#ref, keyOf(this.#spec))
    if (expected === undefined) return
    const { delayMaxMs, lossProbability, stallGapMs } = this.#knobs
    const gapMs = this.#spec.times.intervalMs + delayMaxMs
    // Each stall between two beats may cost the lease half a second.
    const stallsMs = 500 * (Math.ceil(gapMs / stallGapMs) + 1)
    const { unhealthyMs, removeMs } = expected.times
    const isTimely = gapMs + stallsMs < Math.min(unhealthyMs, removeMs)
    expected.isBeating = isBeating && isTimely && lossProbability === 0
  }
}

/** Preserved metadata in all its forms: fast, slow, removal first, beyond a turn of the wheel. */
export function drawTimes(chance: Chance): InstanceSpec['times'] {
  const interval = chance.between(100, 5_000)
  const [intervalMs, unhealthyMs, removeMs] = chance.pick([
    [5_000, 15_000, 30_000],
    [5_000, 15_000, 30_000],
    [1_000, 3_000, 6_000],
    [1_000, 4_000, 60_000],
    [5_000, 15_000, 10_000],
    [5_000, 70_000, 110_000],
    [interval, interval + chance.between(0, 20_000), interval + chance.between(0, 40_000)],
  ])
  return {
    intervalMs: millis(intervalMs),
    unhealthyMs: millis(unhealthyMs),
    removeMs: millis(removeMs),
  }
}
