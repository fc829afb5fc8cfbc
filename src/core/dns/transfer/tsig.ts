import { hmacSha256 } from '../../../kernel/hash.ts'
import { LABEL_MAX, NAME_MAX, nameKey, parseName, sameName } from '../name.ts'
import { CLASS, TYPE } from '../protocol.ts'

/** Secret key transaction authentication (RFC 8945), hmac-sha256 only. */

export interface TsigKey {
  /** Lower-case wire name. */
  readonly name: Uint8Array
  readonly secret: Uint8Array
}

/** Errors of the TSIG record itself (RFC 8945 §3). */
export const TSIG_ERROR = { NONE: 0, BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const

/** Seconds that clocks may differ (RFC 8945 §10 recommends it). */
const FUDGE = 300
const ALGORITHM: Uint8Array = parseName('hmac-sha256.')
const MAC_BYTES = 32
const HEADER_BYTES = 12

export interface TsigRecord {
  readonly keyName: Uint8Array
  readonly algorithm: Uint8Array
  /** Since 1970, 48 bits. */
  readonly seconds: number
  readonly fudge: number
  readonly mac: Uint8Array
  readonly originalId: number
  readonly error: number
  readonly other: Uint8Array
  /** Where the record begins in its message. */
  readonly at: number
}

/** Octets of the record that signs with this key; `other` is told with BADTIME only. */
export function tsigBytes(keyName: Uint8Array): number {
  return keyName.length + 10 + ALGORITHM.length + 16 + MAC_BYTES + 6
}

/** Reads the record at `at`, which must be the message's last one; undefined when malformed. */
export function readTsig(message: Uint8Array, at: number): TsigRecord | undefined {
  const view = viewOf(message)
  const keyName = readName(message, at)
  if (keyName === undefined) return undefined
  const fixed = at + keyName.length
  if (fixed + 10 > message.length) return undefined
  const end = fixed + 10 + view.getUint16(fixed + 8)
  // Class ANY, TTL 0, nothing behind it (RFC 8945 §4.2, §5.1).
  if (end !== message.length || view.getUint16(fixed + 2) !== CLASS.ANY) return undefined
  if (view.getUint16(fixed) !== TYPE.TSIG || view.getUint32(fixed + 4) !== 0) return undefined
  const algorithm = readName(message, fixed + 10)
  const data = fixed + 10 + (algorithm?.length ?? 0)
  if (algorithm === undefined || data + 16 > end) return undefined
  const macBytes = view.getUint16(data + 8)
  const after = data + 10 + macBytes
  if (after + 6 > end || after + 6 + view.getUint16(after + 4) !== end) return undefined
  return {
    keyName,
    algorithm,
    seconds: view.getUint16(data) * 2 ** 32 + view.getUint32(data + 2),
    fudge: view.getUint16(data + 6),
    mac: message.slice(data + 10, after),
    originalId: view.getUint16(after),
    error: view.getUint16(after + 2),
    other: message.slice(after + 6, end),
    at,
  }
}

/**
 * Checks a request, or with `prior` (the request's MAC) the first answer to it. The order of the
 * checks is RFC 8945 §5.2: key, signature, time.
 */
export function verifyTsig(
  message: Uint8Array,
  tsig: TsigRecord,
  key: TsigKey | undefined,
  now: number,
  prior?: Uint8Array,
): number {
  if (key === undefined || !sameName(key.name, tsig.keyName)) return TSIG_ERROR.BADKEY
  if (!sameName(tsig.algorithm, ALGORITHM)) return TSIG_ERROR.BADKEY
  const expected = hmacSha256(key.secret, [
    ...macParts(prior),
    unsigned(message, tsig),
    variablesOf(tsig),
  ])
  // §5.2.2.1: at least half of the output, and at least ten octets, or it is no signature.
  if (tsig.mac.length < MAC_BYTES / 2 || !isPrefix(tsig.mac, expected)) return TSIG_ERROR.BADSIG
  if (tsig.mac.length < MAC_BYTES) return TSIG_ERROR.BADTRUNC
  return Math.abs(now - tsig.seconds) > tsig.fudge ? TSIG_ERROR.BADTIME : TSIG_ERROR.NONE
}

/** The key of that name. */
export function findKey(keys: readonly TsigKey[], name: Uint8Array): TsigKey | undefined {
  const wanted = nameKey(name)
  return keys.find((key) => nameKey(key.name) === wanted)
}

export interface Stamp {
  /** Since 1970. */
  readonly seconds: number
  readonly error?: number
  readonly other?: Uint8Array
}

/** Signs one message, or one after the other of an answer in many messages (RFC 8945 §5.3.1). */
export class TsigSigner {
  readonly #key: TsigKey
  #prior: Uint8Array | undefined
  #isFirst = true

  /** `requestMac`: of the request that is answered; undefined to sign a request. */
  constructor(key: TsigKey, requestMac: Uint8Array | undefined) {
    this.#key = key
    this.#prior = requestMac
  }

  /** Octets that a message must leave free. */
  get reserved(): number {
    return tsigBytes(this.#key.name)
  }

  /** The MAC of the last message signed. */
  get mac(): Uint8Array {
    return this.#prior ?? new Uint8Array(0)
  }

  /** The record that ends `message`; ARCOUNT must not count it yet. */
  sign(message: Uint8Array, { seconds, error = 0, other = new Uint8Array(0) }: Stamp): Uint8Array {
    const fields = {
      keyName: this.#key.name,
      algorithm: ALGORITHM,
      seconds,
      fudge: FUDGE,
      originalId: viewOf(message).getUint16(0),
      error,
      other,
    }
    // Later messages carry the times alone: the rest was signed with the first one.
    const signed = this.#isFirst ? variablesOf(fields) : timesOf(fields)
    const mac = hmacSha256(this.#key.secret, [...macParts(this.#prior), message, signed])
    this.#prior = mac
    this.#isFirst = false
    return encodeTsig({ ...fields, mac })
  }
}

/** The record that says why a request was not believed: there is no key to sign with. */
export function unsignedTsig(request: TsigRecord, error: number): Uint8Array {
  return encodeTsig({ ...request, fudge: FUDGE, mac: new Uint8Array(0), error, other: NOTHING })
}

const NOTHING = new Uint8Array(0)

/** 48 bits, for the "other data" of BADTIME. */
export function timeOctets(seconds: number): Uint8Array {
  const octets = new Uint8Array(6)
  const view = viewOf(octets)
  view.setUint16(0, Math.floor(seconds / 2 ** 32))
  view.setUint32(2, seconds % 2 ** 32)
  return octets
}

type Fields = Omit<TsigRecord, 'mac' | 'at'>

function encodeTsig(fields: Fields & { readonly mac: Uint8Array }): Uint8Array {
  const { keyName, algorithm, seconds, fudge, mac, originalId, error, other } = fields
  const dataBytes = algorithm.length + 16 + mac.length + other.length
  const record = new Uint8Array(keyName.length + 10 + dataBytes)
  const view = viewOf(record)
  record.set(keyName)
  let at = keyName.length
  view.setUint16(at, TYPE.TSIG)
  view.setUint16(at + 2, CLASS.ANY)
  view.setUint16(at + 8, dataBytes)
  at += 10
  record.set(algorithm, at)
  at += algorithm.length
  record.set(timeOctets(seconds), at)
  view.setUint16(at + 6, fudge)
  view.setUint16(at + 8, mac.length)
  record.set(mac, at + 10)
  at += 10 + mac.length
  view.setUint16(at, originalId)
  view.setUint16(at + 2, error)
  view.setUint16(at + 4, other.length)
  record.set(other, at + 6)
  return record
}

/** RFC 8945 §4.3.3. */
function variablesOf({ keyName, algorithm, other, ...fields }: Fields): Uint8Array {
  const octets = new Uint8Array(keyName.length + 6 + algorithm.length + 12 + other.length)
  const view = viewOf(octets)
  octets.set(keyName)
  view.setUint16(keyName.length, CLASS.ANY)
  const at = keyName.length + 6
  octets.set(algorithm, at)
  const after = at + algorithm.length
  octets.set(timeOctets(fields.seconds), after)
  view.setUint16(after + 6, fields.fudge)
  view.setUint16(after + 8, fields.error)
  view.setUint16(after + 10, other.length)
  octets.set(other, after + 12)
  return octets
}

function timesOf({ seconds, fudge }: Fields): Uint8Array {
  const octets = new Uint8Array(8)
  octets.set(timeOctets(seconds))
  viewOf(octets).setUint16(6, fudge)
  return octets
}

/** RFC 8945 §4.3.1: the MAC before, with its length. */
function macParts(mac: Uint8Array | undefined): readonly Uint8Array[] {
  return mac === undefined ? [] : [Uint8Array.of(mac.length >> 8, mac.length), mac]
}

/** The message as it was before it was signed (RFC 8945 §4.3.2). */
function unsigned(message: Uint8Array, { at, originalId }: TsigRecord): Uint8Array {
  const copy = message.slice(0, Math.max(at, HEADER_BYTES))
  const view = viewOf(copy)
  view.setUint16(0, originalId)
  view.setUint16(10, view.getUint16(10) - 1)
  return copy
}

/** In constant time: how far it was right is nobody's business. */
function isPrefix(mac: Uint8Array, expected: Uint8Array): boolean {
  let differing = mac.length > expected.length ? 1 : 0
  for (let i = 0; i < expected.length && i < mac.length; i++) {
    differing |= (mac[i] ?? 0) ^ (expected[i] ?? 0)
  }
  return differing === 0
}

/** A lower-cased name that is not compressed; undefined otherwise. */
function readName(message: Uint8Array, start: number): Uint8Array | undefined {
  let at = start
  for (;;) {
    const size = message[at]
    if (size === undefined || size > LABEL_MAX) return undefined
    at += 1 + size
    if (at > message.length || at - start > NAME_MAX) return undefined
    if (size === 0) break
  }
  const name = message.slice(start, at)
  return name.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet))
}

function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
}
