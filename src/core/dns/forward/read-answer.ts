import { NAME_MAX } from '../name.ts'
import { RCODE, TYPE } from '../protocol.ts'

/** One record of an upstream's answer; names in owner and data are uncompressed. */
export interface AnswerRecord {
  readonly owner: Uint8Array
  readonly type: number
  readonly class: number
  /** Seconds. */
  readonly ttl: number
  readonly data: Uint8Array
}

export interface UpstreamAnswer {
  /** With the upper bits of the OPT. */
  readonly rcode: number
  readonly isTruncated: boolean
  readonly isAuthentic: boolean
  readonly hasOpt: boolean
  readonly answers: readonly AnswerRecord[]
  readonly authorities: readonly AnswerRecord[]
}

const HEADER_BYTES = 12
const TC = 0x0200
const AD = 0x0020
/** RFC 2181 §8: a TTL with the top bit set means 0. */
const TTL_SIGN = 0x8000_0000
/** More is no answer of a real server; bounds the work on a message of 64 KiB. */
const RECORDS_MAX = 4_096
/** dns.md §1.9: bounds the work on one name. */
const JUMPS_MAX = 16

/** Octets before the names in the data, how many names, octets after them. */
type Layout = readonly [before: number, names: number, after: number]

/** Types whose data may come compressed (RFC 1035 §3.3, RFC 3597 §4). */
const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [TYPE.NS, [0, 1, 0]],
  [TYPE.CNAME, [0, 1, 0]],
  [TYPE.SOA, [0, 2, 20]],
  [TYPE.PTR, [0, 1, 0]],
  [TYPE.MX, [2, 1, 0]],
  [TYPE.SRV, [6, 1, 0]],
  [TYPE.DNAME, [0, 1, 0]],
  // MD, MF, MB, MG, MR, MINFO; RP, AFSDB, RT, PX, KX.
  ...[3, 4, 7, 8, 9].map((type): [number, Layout] => [type, [0, 1, 0]]),
  [14, [0, 2, 0]],
  [17, [0, 2, 0]],
  ...[18, 21, 36].map((type): [number, Layout] => [type, [2, 1, 0]]),
  [26, [2, 2, 0]],
])

/** The whole message, or undefined when anything in it is malformed. */
export function readAnswer(bytes: Uint8Array): UpstreamAnswer | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  return new AnswerReader(bytes).read()
}

class AnswerReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #scratch = new Uint8Array(NAME_MAX)
  #at = HEADER_BYTES
  #extended = 0
  #hasOpt = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read(): UpstreamAnswer | undefined {
    const [questions = 0, ...counts] = [4, 6, 8, 10].map((at) => this.#view.getUint16(at))
    if (questions > 1 || counts.reduce((sum, count) => sum + count, 0) > RECORDS_MAX) {
      return undefined
    }
    if (questions === 1) {
      if (this.#name(this.#bytes.length) === undefined) return undefined
      this.#at += 4
    }
    const answers = this.#records(counts[0] ?? 0)
    const authorities = answers && this.#records(counts[1] ?? 0)
    const additionals = authorities && this.#records(counts[2] ?? 0)
    if (additionals === undefined || this.#at !== this.#bytes.length) return undefined
    const flags = this.#view.getUint16(2)
    return {
      rcode: (flags & 15) | (this.#extended << 4),
      isTruncated: (flags & TC) !== 0,
      isAuthentic: (flags & AD) !== 0,
      hasOpt: this.#hasOpt,
      answers: answers ?? [],
      authorities: authorities ?? [],
    }
  }

  #records(count: number): AnswerRecord[] | undefined {
    const records: AnswerRecord[] = []
    for (let i = 0; i < count; i++) {
      const record = this.#record()
      if (record === undefined) return undefined
      if (record.type === TYPE.OPT) this.#takeOpt(record)
      else records.push(record)
    }
    return records
  }

  #takeOpt({ ttl }: AnswerRecord): void {
    this.#hasOpt = true
    this.#extended = ttl >>> 24
  }

  #record(): AnswerRecord | undefined {
    const owner = this.#name(this.#bytes.length)
    const at = this.#at
    if (owner === undefined || at + 10 > this.#bytes.length) return undefined
    const type = this.#view.getUint16(at)
    const rawTtl = this.#view.getUint32(at + 4)
    const end = at + 10 + this.#view.getUint16(at + 8)
    if (end > this.#bytes.length) return undefined
    this.#at = at + 10
    const data = this.#data(type, end)
    if (data === undefined || this.#at !== end) return undefined
    // The OPT keeps its upper rcode bits where others have their TTL.
    const ttl = rawTtl >= TTL_SIGN && type !== TYPE.OPT ? 0 : rawTtl
    return { owner, type, class: this.#view.getUint16(at + 2), ttl, data }
  }

  #data(type: number, end: number): Uint8Array | undefined {
    const length = end - this.#at
    if (type === TYPE.A && length !== 4) return undefined
    if (type === TYPE.AAAA && length !== 16) return undefined
    const layout = LAYOUTS.get(type)
    if (layout === undefined) return this.#take(length)
    const [before, names, after] = layout
    if (this.#at + before > end) return undefined
    const parts = [this.#take(before)]
    for (let i = 0; i < names; i++) {
      const name = this.#name(end)
      if (name === undefined) return undefined
      parts.push(name)
    }
    if (this.#at + after !== end) return undefined
    parts.push(this.#take(after))
    return join(parts)
  }

  #take(length: number): Uint8Array {
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  /** The name at `at`, whose own octets end at or before `end`; moves behind it. */
  #name(end: number): Uint8Array | undefined {
    const bytes = this.#bytes
    let at = this.#at
    let after = -1
    let length = 0
    for (let jumps = 0; ;) {
      if (at >= bytes.length) return undefined
      const size = bytes[at] ?? 0
      if (size >= 0xc0) {
        const target = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0)
        // Pointers point strictly backwards, past the header: no loops, and 16 jumps at most.
        if (at + 2 > bytes.length || target < HEADER_BYTES || target >= at) return undefined
        if (++jumps > JUMPS_MAX) return undefined
        if (after < 0) after = at + 2
        at = target
        continue
      }
      if (size > 63 || length + 1 + size > NAME_MAX || at + 1 + size > bytes.length) {
        return undefined
      }
      this.#scratch.set(bytes.subarray(at, at + 1 + size), length)
      length += 1 + size
      at += 1 + size
      if (size === 0) break
    }
    this.#at = after < 0 ? at : after
    return this.#at > end ? undefined : this.#scratch.slice(0, length)
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Rcodes by which a server says that it does not know EDNS, or not our version (RFC 6891 §7). */
export function refusesEdns({ rcode, hasOpt }: Pick<UpstreamAnswer, 'rcode' | 'hasOpt'>): boolean {
  if (rcode === RCODE.BADVERS) return true
  return !hasOpt && (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP)
}
