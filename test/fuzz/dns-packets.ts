import type { Rng } from '../../src/kernel/rng.ts'
import { query, u16 } from '../core/dns/answer/world.ts'

/** Queries that are nearly right: seeds that are mended, cut, spliced and bent. */
export class PacketSource {
  readonly #rng: Rng
  readonly #names: readonly string[]
  readonly #bytes = new Uint8Array(4_096)

  /** `names`: those that exist; half of what is asked comes from them. */
  constructor(rng: Rng, names: readonly string[]) {
    this.#rng = rng
    this.#names = names
  }

  /** The next packet; valid until the next call. */
  next(): Uint8Array {
    const kind = this.#below(10)
    if (kind === 0) return this.#noise(this.#below(4) === 0 ? this.#below(700) : this.#below(60))
    const seed = this.#query()
    if (kind <= 2) return seed
    this.#bytes.set(seed)
    let length = seed.length
    for (let n = 1 + this.#below(kind <= 7 ? 2 : 6); n > 0; n--) length = this.#mutate(length)
    return this.#bytes.subarray(0, length)
  }

  #query(): Uint8Array {
    const type = this.#below(3) === 0 ? this.#below(65_536) : this.#one(TYPES)
    const options = this.#below(2) === 0 ? this.#options() : []
    const hasOpt = options.length > 0 || this.#below(2) === 0
    const hasRecord = this.#below(12) === 0
    const records = hasRecord ? this.#record() : []
    const authority = hasRecord && this.#below(2) === 0 ? 1 : 0
    const additional = (hasRecord ? 1 : 0) - authority + (hasOpt ? 1 : 0)
    return query(this.#name(), type, {
      id: this.#below(65_536),
      flags: this.#below(3) === 0 ? this.#below(0x8000) : 0x0100,
      class: this.#below(8) === 0 ? this.#one(CLASSES) : 1,
      ...(hasOpt ? { edns: this.#one(SIZES), options } : {}),
      version: this.#below(20) === 0 ? this.#below(256) : 0,
      ednsFlags: this.#below(65_536),
      counts: [1, 0, authority, additional],
      tail: records,
    })
  }

  #name(): string {
    const known = this.#one(this.#names)
    switch (this.#below(8)) {
      case 0:
        return `${this.#label()}.${known}`
      case 1:
        return `${this.#one(SELECTORS)}.${known}`
      case 2:
        return `${this.#one(SELECTORS)}.${this.#one(SELECTORS)}.${known}`
      case 3:
        return `${this.#label()}.${this.#label()}.${this.#one(['nacos', 'public.nacos', 'z.test'])}`
      case 4:
        return Array.from(known, (one) => (this.#below(2) ? one.toUpperCase() : one)).join('')
      default:
        return known
    }
  }

  #label(): string {
    if (this.#below(8) === 0) return 'x'.repeat(1 + this.#below(63))
    return Array.from({ length: 1 + this.#below(6) }, () => this.#one(PIECES)).join('')
  }

  #options(): number[] {
    const options: number[] = []
    for (let n = this.#below(4); n > 0; n--) {
      const size = this.#one([0, 1, 2, 4, 7, 8, 16, 24, 40, 41, 100])
      const code = this.#below(4) === 0 ? this.#below(65_536) : this.#one([3, 8, 10, 11, 12, 15])
      options.push(...u16(code), ...u16(size))
      for (let i = 0; i < size; i++) options.push(this.#below(256))
    }
    return options
  }

  #record(): number[] {
    const size = this.#one([0, 4, 22, 60])
    const owner = this.#one([[0], [0xc0, 12], [1, 0x78, 0], [0xc0, 0xff]])
    const head = [...u16(this.#one([...TYPES, 250, 41])), ...u16(1), 0, 0, 0, 0, ...u16(size)]
    return [...owner, ...head, ...Array.from({ length: size }, () => this.#below(256))]
  }

  /** Bends `#bytes[0, length)`; the answer is its new length. */
  #mutate(length: number): number {
    const bytes = this.#bytes
    const at = this.#below(Math.max(1, length))
    switch (this.#below(8)) {
      case 0:
        bytes[at] = this.#below(256)
        return length
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#below(8))
        return length
      case 2:
        return at
      case 3: {
        // Something at the end that nobody counted.
        const more = Math.min(this.#below(40), bytes.length - length)
        for (let i = 0; i < more; i++) bytes[length + i] = this.#below(256)
        return length + more
      }
      case 4: {
        // A count of the header.
        bytes[4 + this.#below(8)] = this.#one([0, 1, 2, 255])
        return Math.max(length, 12)
      }
      case 5: {
        // A length octet or a pointer in the name.
        bytes[12 + this.#below(Math.max(1, length - 12))] = this.#one([0, 0x3f, 0x40, 0xc0, 0xff])
        return Math.max(length, 13)
      }
      case 6: {
        // A piece twice.
        const size = Math.min(this.#below(40), length - at, bytes.length - length)
        bytes.copyWithin(at + size, at, length)
        return length + size
      }
      default: {
        const size = Math.min(this.#below(20), length - at)
        bytes.copyWithin(at, at + size, length)
        return length - size
      }
    }
  }

  #noise(length: number): Uint8Array {
    for (let i = 0; i < length; i++) this.#bytes[i] = this.#below(256)
    return this.#bytes.subarray(0, length)
  }

  #one<T>(all: readonly T[]): T {
    const found = all[this.#below(all.length)] ?? all[0]
    if (found === undefined) throw new Error('nothing to choose from')
    return found
  }

  #below(limit: number): number {
    return Math.floor(this.#rng.f64() * limit)
  }
}

const numbers = (text: string): readonly number[] => text.split(' ').map(Number)

const TYPES = numbers(
  '0 1 1 1 2 5 6 12 13 15 16 28 28 33 33 35 39 41 43 46 47 64 65 99 249 250 251 252 253 254 255 ' +
    '256 257 65280 65535',
)
const CLASSES = numbers('0 1 3 4 254 255 65535')
const SIZES = numbers('0 1 511 512 513 600 1231 1232 1233 4096 65535')
const SELECTORS =
  '_one _all _tcp _udp _http _8080 _99999 _c-bj _c-x--5fx _c- _ _grpc _c-default'.split(' ')
const PIECES =
  'a b x 0 9 - -- --41 --zz _ ns1 h-- X * \\000 \\. \\255 \\195\\188 10-0-0-1 default'.split(' ')
