import type { Client } from '../answer/client.ts'
import type { Query } from '../answer/query.ts'
import { COOKIE, type Cookies } from '../cookie/cookies.ts'
import { AddressSet } from '../forward/address-set.ts'
import { RCODE } from '../protocol.ts'
import { LIMIT, RateLimiter, type RateSettings } from './rate-limiter.ts'
import { CLASS_OF, hashBaseName, isEscaped } from './response-class.ts'

/** What counts as one answer: all that fitted before EDNS (RFC 1035 §4.2.1). */
const BYTES_PER_ANSWER = 512

/** No message is longer. */
const MESSAGE_MAX = 65_535

/** When an unknown cookie over UDP gets BADCOOKIE instead of an answer. */
export type BadCookie = 'auto' | 'always' | 'never'

export interface GateSettings {
  readonly rate: RateSettings
  /** Networks that are not limited, in CIDR notation. */
  readonly exempt: readonly string[]
  readonly badCookie: BadCookie
  /**
   * Octets of an answer per octet of its question, over UDP to strangers: at most so many. 0: no
   * bound. Below 1.5 it is not kept where a cookie is asked for: 8 octets of it bring 24.
   */
  readonly strangerRatio: number
}

/** What is known of an answer when its class is told. */
export interface Answered {
  readonly rcode: number
  readonly answers: number
  /** Octets of the message. */
  readonly length: number
  /** The name asked for has records of its own: no wildcard, no delegation stands for it. */
  readonly isOwnName: boolean
  /** Number of the zone that answered. */
  readonly zone: number
}

/**
 * Who is answered, and how fully: cookies before the answer, the rate limit after it. One per
 * thread; nothing is allocated per query.
 */
export class Gate {
  readonly cookies: Cookies
  /** A `COOKIE`: that of the last query. */
  cookie: number = COOKIE.ABSENT
  /** The last query's address is not forged, or does not matter. */
  isTrusted = true
  readonly #limiter: RateLimiter
  readonly #exempt: AddressSet
  readonly #badCookie: BadCookie
  readonly #strangerRatio: number
  readonly #seed: readonly [number, number]
  #nameHash = 0
  #isEscaped = false

  constructor(cookies: Cookies, settings: GateSettings, table: SharedArrayBuffer) {
    this.cookies = cookies
    this.#limiter = new RateLimiter(table, settings.rate)
    this.#exempt = new AddressSet(settings.exempt)
    this.#badCookie = settings.badCookie
    this.#strangerRatio = settings.strangerRatio
    this.#seed = settings.rate.seed
  }

  /** Looks at a query before it is answered; false: it gets BADCOOKIE. */
  admit(query: Query, client: Client): boolean {
    this.cookie = this.cookies.check(query.cookie, query.cookieSize, client)
    const isKnown = client.isTcp || this.cookie === COOKIE.VALID
    this.isTrusted = isKnown || this.isExempt(client)
    if (!this.isTrusted) {
      const [key0, key1] = this.#seed
      // Now, for an alias overwrites the name with its target.
      this.#nameHash = hashBaseName(query, key0, key1)
      this.#isEscaped = isEscaped(query)
    }
    if (isKnown || this.cookie === COOKIE.ABSENT || this.#badCookie === 'never') return true
    if (this.#badCookie === 'always') return false
    return this.isTrusted || !this.#limiter.isUnderAttack(client.nowMs)
  }

  /** Neither limited nor a stranger, whatever cookie it brings: the short path is for these. */
  isExempt(client: Client): boolean {
    return this.#exempt.has(client)
  }

  /** Octets that the answer to the `asked` octets last looked at may have: padding counts. */
  allowance(asked: number): number {
    if (this.isTrusted || this.#strangerRatio === 0) return MESSAGE_MAX
    return Math.min(MESSAGE_MAX, Math.floor(asked * this.#strangerRatio))
  }

  /** What becomes of the answer to the query that was last looked at: a `LIMIT`. */
  decide(query: Query, client: Client, answered: Answered): number {
    if (this.isTrusted || !this.#limiter.isOn) return LIMIT.SEND
    const { rcode, answers, isOwnName, zone } = answered
    // A large answer is as good to an attacker as several small ones.
    const cost = Math.ceil(answered.length / BYTES_PER_ANSWER)
    if (rcode === RCODE.NXDOMAIN) {
      return this.#limiter.decide(client, CLASS_OF.NO_SUCH_NAME, zone, cost)
    }
    if (rcode !== RCODE.NOERROR) {
      // TC=1 would bring its sender back with the same mistake; and junk must cost us least.
      const limit = this.#limiter.decide(client, CLASS_OF.ERROR, 0, cost)
      return limit === LIMIT.SLIP ? LIMIT.DROP : limit
    }
    if (!isOwnName || this.#isEscaped) {
      return this.#limiter.decide(client, CLASS_OF.MADE_UP, zone, cost)
    }
    const kind = answers > 0 ? query.type : CLASS_OF.NO_DATA
    return this.#limiter.decide(client, kind, this.#nameHash, cost)
  }
}
