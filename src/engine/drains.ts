import { millis, type Millis } from '../kernel/ids.ts'
import { LEAVING_TTL, ttlOf, type AnswerPolicy } from '../core/dns/compile/answer-policy.ts'
import type { InstanceKey } from '../core/registry/ids.ts'
import {
  DEFAULT_SETTINGS,
  findService,
  type Drain,
  type Instance,
  type Metadata,
  type ServiceRef,
  type ServiceSettings,
} from '../core/registry/state.ts'
import type { Registry } from './commit.ts'
import type { Ports } from './ports.ts'

/** Metadata by which an instance's owner takes it out of the answers. */
export const DRAIN_KEY = 'dns.drain'
/** From a commit to the last answer that did not know of it, and its way to a cache. */
const FLIGHT_MS = 1_000
/** Caches count whole seconds: an entry may live one longer than its TTL. */
const ROUNDING_MS = 1_000
/** `dns.ttl` at most; ms. */
const TTL_MAX_MS = 3_600_000

/**
 * Takes instances out of the answers so that no cache is surprised. First the TTL of the service is
 * cut, for as long as answers with the old one may be cached; then the instance leaves, from all
 * caches within the short TTL.
 */
export class Drains implements Disposable {
  readonly #ports: Ports
  readonly #registry: Registry
  readonly #policy: AnswerPolicy
  /** Leaving instances that wait for their moment. */
  readonly #waiting = new Map<string, { readonly outAt: Millis; readonly timer: Disposable }>()
  /** Services whose TTL was lowered: until when answers with the higher one may be cached. */
  readonly #longer = new Map<string, { readonly since: Millis; readonly until: Millis }>()

  constructor(ports: Ports, registry: Registry, policy: AnswerPolicy) {
    this.#ports = ports
    this.#registry = registry
    this.#policy = policy
  }

  /** Instances that are answered for the last time. */
  get leavingCount(): number {
    return this.#waiting.size
  }

  /** What becomes of a drain when the instance is told anew: its metadata may begin or end one. */
  next(ref: ServiceRef, before: Instance | undefined, said: Metadata): Drain | undefined {
    const isWanted = said.size > 0 && said.get(DRAIN_KEY)?.toLowerCase() === 'true'
    const drain = before?.drain
    // An operator's word outlives what the client says; it ends with the instance.
    if (drain?.by === 'operator') return drain
    if (!isWanted) return undefined
    return drain ?? this.plan(ref, 'metadata')
  }

  /** A drain that begins now. */
  plan(ref: ServiceRef, by: Drain['by']): Drain {
    const wall = this.#ports.clock.wall()
    const outAt = wall + this.#cachedMs(ref)
    return { by, phase: 'leaving', outAt: millis(outAt), clearAt: clearAfter(outAt) }
  }

  /** Makes the moment come at which a leaving instance is answered no more. */
  follow(ref: ServiceRef, { key, drain }: Instance): void {
    if (drain?.phase !== 'leaving') {
      this.forget(ref, key)
      return
    }
    const id = `${idOf(ref)}\n${key}`
    const { outAt } = drain
    if (this.#waiting.get(id)?.outAt === outAt) return
    this.forget(ref, key)
    const delay = millis(Math.max(0, outAt - this.#ports.clock.wall()))
    const timer = this.#ports.clock.after(delay, () => {
      this.#waiting.delete(id)
      this.#leave(ref, key)
    })
    this.#waiting.set(id, { outAt, timer })
  }

  /** The instance is gone, or stays. */
  forget(ref: ServiceRef, key: InstanceKey): void {
    if (this.#waiting.size === 0) return
    const id = `${idOf(ref)}\n${key}`
    this.#waiting.get(id)?.timer[Symbol.dispose]()
    this.#waiting.delete(id)
  }

  /** A service's settings change: answers with a longer TTL stay in caches for a while. */
  noteSettings(ref: ServiceRef, before: ServiceSettings, after: ServiceSettings): void {
    const old = ttlOf({ ref, settings: before }, this.#policy)
    if (ttlOf({ ref, settings: after }, this.#policy) >= old) return
    const now = this.#ports.clock.now()
    for (const [id, { since }] of this.#longer) {
      if (now - since <= TTL_MAX_MS) break
      this.#longer.delete(id)
    }
    const id = idOf(ref)
    const until = Math.max(this.#longer.get(id)?.until ?? 0, now + old * 1_000)
    this.#longer.delete(id)
    this.#longer.set(id, { since: now, until: millis(until) })
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#waiting.values()) timer[Symbol.dispose]()
    this.#waiting.clear()
  }

  /** How long from now a cache may hold an answer that was given without the short TTL; ms. */
  #cachedMs(ref: ServiceRef): number {
    const { settings } = findService(this.#registry.snapshot, ref) ?? { settings: DEFAULT_SETTINGS }
    const longer = this.#longer.get(idOf(ref))?.until ?? 0
    const present = ttlOf({ ref, settings }, this.#policy) * 1_000
    return Math.max(present, longer - this.#ports.clock.now())
  }

  #leave(ref: ServiceRef, key: InstanceKey): void {
    const before = findService(this.#registry.snapshot, ref)?.instances.get(key)
    if (before?.drain?.phase !== 'leaving') return
    const since = this.#ports.clock.wall()
    // A process that stood still is late: then the caches are clear later, too.
    const clearAt = millis(Math.max(before.drain.clearAt, clearAfter(since)))
    const after: Instance = {
      ...before,
      drain: { ...before.drain, phase: 'drained', clearAt },
      since,
    }
    this.#registry.commit([{ kind: 'instance_put', ref, before, after, reason: 'drained' }])
  }
}

/** When no cache holds what was answered until `outAt` with the short TTL. */
function clearAfter(outAt: number): Millis {
  return millis(outAt + LEAVING_TTL * 1_000 + FLIGHT_MS + ROUNDING_MS)
}

function idOf(ref: ServiceRef): string {
  return `${ref.namespace}\n${ref.group}\n${ref.name}`
}
