import { assert } from '../../../kernel/assert.ts'
import type { Rng } from '../../../kernel/rng.ts'
import type { Client } from '../answer/client.ts'
import type { Message } from '../answer/message.ts'
import type { Query } from '../answer/query.ts'
import { formatName } from '../name.ts'

/** Entries that wait for their reader: with one look per 200 ms, 1,280 a second and worker. */
const SLOTS = 256
/** Where things are in an entry; numbers are float64, so that none is torn or cut. */
const ENTRY = {
  WALL_MS: 0,
  SECONDS: 8,
  TYPE: 16,
  RCODE: 24,
  ANSWERS: 32,
  BYTES: 40,
  PROTO: 48,
  /** 0 unknown, 4, 6. */
  FAMILY: 56,
  V4: 64,
  V6: 72,
  NAME_LENGTH: 88,
  NAME: 96,
  SIZE: 352,
} as const
/** Two counters before the entries: written, and read. */
const WRITTEN = 0
const READ = 1
const ENTRIES = 64
const HEADER_BYTES = 12
/** Characters of a name in the log: an octet takes up to four. */
const NAME_CHARS_MAX = 300

/** Octets of the ring between one worker and the thread that writes the log. */
export const RING_BYTES: number = ENTRIES + SLOTS * ENTRY.SIZE

/** What is told of one answer. */
export interface Sampled {
  readonly client: Client
  readonly query: Query
  readonly message: Message
  readonly rcode: number
}

export interface Measured {
  readonly wallMs: number
  readonly seconds: number
  readonly bytes: number
  readonly proto: number
}

/** The worker's end: never waits. Allocates nothing. */
export class QueryLogWriter {
  readonly #words: Int32Array
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #sample: number
  readonly #rng: Rng
  #left = 0

  /** One answer of `sample` is told, by chance: regular traffic must not fall into step. */
  constructor(ring: SharedArrayBuffer, sample: number, rng: Rng) {
    assert(ring.byteLength >= RING_BYTES && sample >= 1, 'a ring and a share of 1 in 1 or more')
    this.#words = new Int32Array(ring)
    this.#view = new DataView(ring)
    this.#bytes = new Uint8Array(ring)
    this.#sample = sample
    this.#rng = rng
    this.#left = this.#gap()
  }

  /** Whether this answer is one to be told. */
  isDrawn(): boolean {
    this.#left -= 1
    if (this.#left > 0) return false
    this.#left = this.#gap()
    return true
  }

  /** False: the reader is behind and the entry is lost. */
  write({ client, query, message, rcode }: Sampled, measured: Measured): boolean {
    const written = Atomics.load(this.#words, WRITTEN)
    if (((written - Atomics.load(this.#words, READ)) | 0) >= SLOTS) return false
    const at = ENTRIES + (written & (SLOTS - 1)) * ENTRY.SIZE
    this.#set(at + ENTRY.WALL_MS, measured.wallMs)
    this.#set(at + ENTRY.SECONDS, measured.seconds)
    this.#set(at + ENTRY.TYPE, query.type)
    this.#set(at + ENTRY.RCODE, rcode)
    this.#set(at + ENTRY.ANSWERS, message.answers)
    this.#set(at + ENTRY.BYTES, measured.bytes)
    this.#set(at + ENTRY.PROTO, measured.proto)
    this.#set(at + ENTRY.FAMILY, client.v4 >= 0 ? 4 : client.isV6 ? 6 : 0)
    this.#set(at + ENTRY.V4, client.v4)
    for (let i = 0; i < 16; i++) this.#bytes[at + ENTRY.V6 + i] = client.v6[i] ?? 0
    // As it was asked, from the answer's question: the parsed name may have moved on since.
    const name = message.start + HEADER_BYTES
    this.#set(at + ENTRY.NAME_LENGTH, query.nameLength)
    for (let i = 0; i < query.nameLength; i++) {
      this.#bytes[at + ENTRY.NAME + i] = message.bytes[name + i] ?? 0
    }
    Atomics.store(this.#words, WRITTEN, (written + 1) | 0)
    return true
  }

  #set(at: number, value: number): void {
    this.#view.setFloat64(at, value, true)
  }

  /** Uniform in 1 … 2 × sample − 1: `sample` on average. */
  #gap(): number {
    return 1 + Math.floor(this.#rng.f64() * (2 * this.#sample - 1))
  }
}

/** One answer, ready to be logged. */
export interface LoggedQuery {
  readonly wallMs: number
  readonly seconds: number
  readonly type: number
  readonly rcode: number
  readonly answers: number
  readonly bytes: number
  readonly proto: number
  /** Empty when it is unknown. */
  readonly client: string
  /** Presentation form, what does not print as `\DDD`; cut when it is very long. */
  readonly name: string
}

/** The other end: takes what is there. */
export class QueryLogReader {
  readonly #words: Int32Array
  readonly #view: DataView
  readonly #bytes: Uint8Array

  constructor(ring: SharedArrayBuffer) {
    this.#words = new Int32Array(ring)
    this.#view = new DataView(ring)
    this.#bytes = new Uint8Array(ring)
  }

  *take(): Iterable<LoggedQuery> {
    // Bounded by the ring, also while the writer goes on.
    for (let i = 0; i < SLOTS; i++) {
      const read = Atomics.load(this.#words, READ)
      if (read === Atomics.load(this.#words, WRITTEN)) return
      const logged = this.#read(ENTRIES + (read & (SLOTS - 1)) * ENTRY.SIZE)
      Atomics.store(this.#words, READ, (read + 1) | 0)
      yield logged
    }
  }

  #read(at: number): LoggedQuery {
    const get = (field: number): number => this.#view.getFloat64(at + field, true)
    const name = at + ENTRY.NAME
    const octets = this.#bytes.slice(name, name + get(ENTRY.NAME_LENGTH))
    const text = octets.length === 0 ? '' : formatName(octets)
    return {
      wallMs: get(ENTRY.WALL_MS),
      seconds: get(ENTRY.SECONDS),
      type: get(ENTRY.TYPE),
      rcode: get(ENTRY.RCODE),
      answers: get(ENTRY.ANSWERS),
      bytes: get(ENTRY.BYTES),
      proto: get(ENTRY.PROTO),
      client: this.#clientAt(at, get(ENTRY.FAMILY), get(ENTRY.V4)),
      name: text.length > NAME_CHARS_MAX ? `${text.slice(0, NAME_CHARS_MAX)}…` : text,
    }
  }

  #clientAt(at: number, family: number, v4: number): string {
    if (family === 4) return [24, 16, 8, 0].map((shift) => (v4 >>> shift) & 255).join('.')
    if (family !== 6) return ''
    const octets = new DataView(this.#bytes.slice(at + ENTRY.V6, at + ENTRY.V6 + 16).buffer)
    return Array.from({ length: 8 }, (_, i) => octets.getUint16(2 * i).toString(16)).join(':')
  }
}
