import { latin1, LABEL_MAX, NAME_MAX } from '../name.ts'
import { wrong } from './fields.ts'

/** Octets of the data of one record: RDLENGTH has 16 bits. */
const RDATA_MAX = 65_535

export function joinOctets(parts: readonly ArrayLike<number>[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  if (length > RDATA_MAX) throw wrong(`the data is longer than ${RDATA_MAX} octets`)
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function u16(value: number): number[] {
  return [value >>> 8, value & 0xff]
}

export function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

/** A character-string or a value as a quoted text (RFC 1035 §5.1). */
export function quote(octets: Uint8Array): string {
  return `"${latin1(octets).replace(/[^ !#-[\]-~]/g, escapeOne)}"`
}

function escapeOne(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  return `\\${String(character.charCodeAt(0)).padStart(3, '0')}`
}

/** Walks over the data of one record; throws when it is too short or too long. */
export class RdataReader {
  readonly #rdata: Uint8Array
  #at = 0

  constructor(rdata: Uint8Array) {
    this.#rdata = rdata
  }

  get hasMore(): boolean {
    return this.#at < this.#rdata.length
  }

  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#rdata.length) throw wrong('the data ends too early')
    const octets = this.#rdata.subarray(this.#at, end)
    this.#at = end
    return octets
  }

  rest(): Uint8Array {
    return this.take(this.#rdata.length - this.#at)
  }

  u8(): number {
    return this.take(1)[0] ?? 0
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8()
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16()
  }

  /** An uncompressed name. */
  name(): Uint8Array {
    const start = this.#at
    let length = this.u8()
    while (length > 0) {
      if (length > LABEL_MAX) throw wrong(`a label has ${length} octets, or is compressed`)
      this.take(length)
      length = this.u8()
    }
    if (this.#at - start > NAME_MAX) throw wrong(`a name is longer than ${NAME_MAX} octets`)
    return this.#rdata.subarray(start, this.#at)
  }

  end(): void {
    if (this.hasMore) throw wrong('the data has octets left over')
  }
}
