import { SipHash } from '../../../kernel/sip-hash.ts'
import type { Client } from '../answer/client.ts'

/** What a query's COOKIE option says of its sender. */
export const COOKIE = {
  /** No such option. */
  ABSENT: 0,
  /** A client cookie alone: a client that does not know us yet. */
  CLIENT_ONLY: 1,
  /** A server cookie that we made for this address: the address is not forged. */
  VALID: 2,
  /** A server cookie that is too old, forged, or of a secret we do not know. */
  UNKNOWN: 3,
} as const

const CLIENT_COOKIE_BYTES = 8
/** Client cookie, version, three reserved octets, timestamp, hash (RFC 9018 §4). */
export const WHOLE_COOKIE_BYTES = 24
const VERSION_AT = 8
const TIME_AT = 12
const HASH_AT = 16
const VERSION = 1

/** Seconds; RFC 9018 §4.3. */
const AGE_MAX = 3_600
const FUTURE_MAX = 300
const RENEW_AGE = 1_800

/** Octets of a secret. */
const SECRET_BYTES = 16

/**
 * Server cookies that all members with the same secret understand (RFC 9018). One per thread;
 * nothing is allocated per query.
 */
export class Cookies {
  /** Seconds since 1970, set by whoever has a clock; a quarter of a second late does not matter. */
  unixSeconds = 0
  /** The first one makes cookies; the others are still believed. */
  #secrets: readonly SipHash[] = []
  /** What is hashed: cookie without its hash, then the client's address. */
  readonly #input = new DataView(new ArrayBuffer(HASH_AT + 16))
  readonly #output: Uint8Array = new Uint8Array(WHOLE_COOKIE_BYTES)
  readonly #outputView = new DataView(this.#output.buffer)

  constructor(secrets: readonly Uint8Array[]) {
    this.setSecrets(secrets)
  }

  setSecrets(secrets: readonly Uint8Array[]): void {
    this.#secrets = secrets.map((secret) => new SipHash(secret))
  }

  /**
   * Reads the option's first `size` octets, at most 24 of which are in `cookie`. The answer is a
   * `COOKIE`; what `reply` gives is made ready.
   */
  check(cookie: DataView, size: number, client: Client): number {
    if (size < CLIENT_COOKIE_BYTES) return COOKIE.ABSENT
    const found = size === WHOLE_COOKIE_BYTES ? this.#verify(cookie, client) : -1
    const age = size === WHOLE_COOKIE_BYTES ? this.#ageOf(cookie) : 0
    // A cookie that is good for a while goes back as it came.
    if (found === 0 && age < RENEW_AGE) {
      for (let i = 0; i < WHOLE_COOKIE_BYTES; i++) this.#output[i] = cookie.getUint8(i)
    } else {
      this.#make(cookie, client)
    }
    if (found >= 0) return COOKIE.VALID
    return size === CLIENT_COOKIE_BYTES ? COOKIE.CLIENT_ONLY : COOKIE.UNKNOWN
  }

  /** The whole cookie for the client that was last checked; 24 octets, used again. */
  get reply(): Uint8Array {
    return this.#output
  }

  /** RFC 1982: the timestamp goes around in 2106. */
  #ageOf(cookie: DataView): number {
    return (this.unixSeconds - cookie.getUint32(TIME_AT)) | 0
  }

  /** The number of the secret that made this cookie for this client, or −1. */
  #verify(cookie: DataView, client: Client): number {
    if (cookie.getUint8(VERSION_AT) !== VERSION) return -1
    const age = this.#ageOf(cookie)
    if (age > AGE_MAX || age < -FUTURE_MAX) return -1
    const end = this.#fill(cookie, HASH_AT, client)
    for (let i = 0; i < this.#secrets.length; i++) {
      const sip = this.#secrets[i]
      if (sip === undefined) continue
      sip.hash(this.#input, 0, end)
      // Both halves at once: the time tells nothing of where they differ.
      const low = sip.low ^ cookie.getInt32(HASH_AT, true)
      const high = sip.high ^ cookie.getInt32(HASH_AT + 4, true)
      if ((low | high) === 0) return i
    }
    return -1
  }

  #make(cookie: DataView, client: Client): void {
    this.#fill(cookie, CLIENT_COOKIE_BYTES, client)
    const input = this.#input
    input.setUint32(VERSION_AT, VERSION << 24)
    input.setUint32(TIME_AT, this.unixSeconds >>> 0)
    const end = HASH_AT + (client.isV6 ? 16 : 4)
    const sip = this.#secrets[0]
    if (sip === undefined) return
    sip.hash(input, 0, end)
    for (let i = 0; i < HASH_AT; i++) this.#output[i] = input.getUint8(i)
    this.#outputView.setInt32(HASH_AT, sip.low, true)
    this.#outputView.setInt32(HASH_AT + 4, sip.high, true)
  }

  /** `length` octets of the cookie and the address; the answer is where they end. */
  #fill(cookie: DataView, length: number, client: Client): number {
    const input = this.#input
    for (let i = 0; i < length; i++) input.setUint8(i, cookie.getUint8(i))
    if (!client.isV6) {
      input.setInt32(HASH_AT, client.v4 | 0)
      return HASH_AT + 4
    }
    for (let i = 0; i < 16; i++) input.setUint8(HASH_AT + i, client.v6[i] ?? 0)
    return HASH_AT + 16
  }
}

/** A secret as operators write it: 32 hexadecimal digits, as other servers take it. */
export function parseSecret(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{32}$/.test(text)) return undefined
  return Uint8Array.from({ length: SECRET_BYTES }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
}
