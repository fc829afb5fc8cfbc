import type { Client } from '../answer/client.ts'
import { hashName } from '../table/name-hash.ts'

/** What becomes of an answer. */
export const LIMIT = {
  SEND: 0,
  /** Truncated and empty: a real client asks again over TCP, a forged one gains nothing. */
  SLIP: 1,
  DROP: 2,
} as const

export interface RateSettings {
  /** Answers per second to one network, of one class; 0 = no limit. */
  readonly perSecond: number
  /** Every so manieth dropped answer slips; 0 = none. */
  readonly slip: number
  /** Key of the hash: nobody can choose whom he shares a bucket with. */
  readonly seed: readonly [number, number]
}

/** Buckets of one set, looked at one after the other; their words share two cache lines. */
const WAYS = 8
/** First and second hash, time, dropped. */
const WORDS = 4
const SETS = 1 << 13
const MICROS = 1_000_000
/** What was limited this long ago is no sign of an attack any more. */
const ATTACK_MS = 10_000

/** Octets of the buckets, 65,536 of them: shared by the workers, so that a limit is one limit. */
export const RATE_TABLE_BYTES: number = SETS * WAYS * WORDS * 4

/**
 * Response rate limiting (dns.md §1.9). A bucket is the time at which it would be full again (the
 * generic cell rate algorithm), in microseconds that go around every 71 minutes. Threads race for
 * it without locks: at worst an answer is not counted. Nothing is allocated.
 */
export class RateLimiter {
  readonly #words: Int32Array
  readonly #settings: RateSettings
  /** Microseconds between two answers. */
  readonly #interval: number
  readonly #key = new DataView(new ArrayBuffer(16))
  #limitedAt = Number.NEGATIVE_INFINITY

  constructor(table: SharedArrayBuffer, settings: RateSettings) {
    this.#words = new Int32Array(table)
    this.#settings = settings
    this.#interval = settings.perSecond > 0 ? MICROS / settings.perSecond : 0
  }

  get isOn(): boolean {
    return this.#settings.perSecond > 0
  }

  /** Whether this thread limited somebody lately. */
  isUnderAttack(nowMs: number): boolean {
    return nowMs - this.#limitedAt < ATTACK_MS
  }

  /**
   * Counts an answer of the class (`kind`, `value`) to the client's network, /24 or /56, as `cost`
   * of them, at the client's time. The answer is a `LIMIT`.
   */
  decide(client: Client, kind: number, value: number, cost: number): number {
    const words = this.#words
    const now = (client.nowMs * 1_000) | 0
    const at = this.#find(client, kind, value, now)
    const ahead = ((words[at + 2] ?? 0) - now) | 0
    // Out of reach of any bucket in use: it was left alone for so long that the time went around.
    const level = ahead < 0 || ahead > MICROS ? 0 : ahead
    // Whoever has a whole second left may have what costs more than that.
    const after = level + this.#interval * cost
    if (level === 0 || after <= MICROS) {
      words[at + 2] = now + Math.min(after, MICROS)
      return LIMIT.SEND
    }
    this.#limitedAt = client.nowMs
    const dropped = ((words[at + 3] ?? 0) + 1) | 0
    words[at + 3] = dropped
    const { slip } = this.#settings
    return slip > 0 && dropped % slip === 0 ? LIMIT.SLIP : LIMIT.DROP
  }

  /** The bucket of this class, or the one that was left alone longest, made empty. */
  #find(client: Client, kind: number, value: number, now: number): number {
    const [seed0, seed1] = this.#settings.seed
    const key = this.#key
    this.#writeNetwork(client)
    key.setInt32(8, kind)
    key.setInt32(12, value)
    const first = hashName(key, 0, 16, seed0, seed1)
    const second = hashName(key, 0, 16, seed1, ~seed0)
    const words = this.#words
    const set = (first & (SETS - 1)) * WAYS * WORDS
    let idlest = set
    let idle = Number.NEGATIVE_INFINITY
    for (let at = set; at < set + WAYS * WORDS; at += WORDS) {
      if (words[at] === first && words[at + 1] === second) return at
      const ahead = ((words[at + 2] ?? 0) - now) | 0
      const left = ahead > MICROS ? Number.MAX_SAFE_INTEGER : -ahead
      if (left <= idle) continue
      idle = left
      idlest = at
    }
    words[idlest] = first
    words[idlest + 1] = second
    words[idlest + 2] = now
    words[idlest + 3] = 0
    return idlest
  }

  /** A /24 is what one customer has, and so is a /56. */
  #writeNetwork(client: Client): void {
    const key = this.#key
    if (!client.isV6) {
      key.setInt32(0, client.v4 & ~0xff)
      // No /56 ends so.
      key.setInt32(4, 4)
      return
    }
    for (let i = 0; i < 7; i++) key.setUint8(i, client.v6[i] ?? 0)
    key.setUint8(7, 6)
  }
}
