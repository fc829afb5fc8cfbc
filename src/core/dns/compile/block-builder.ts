import type { Arena } from '../table/arena.ts'
import type { TableMemory } from '../table/memory.ts'

const UTF8 = new TextEncoder()
/** Length octet of a character-string or label. */
const TEXT_MAX = 255

/** Builds one block in private memory, then copies it into the table in one go. Reused. */
export class BlockBuilder {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  reset(headerBytes: number): void {
    this.#length = 0
    this.skip(headerBytes)
  }

  /** Zeroed room for `bytes` octets; the answer is where it starts. */
  skip(bytes: number): number {
    const at = this.#take(bytes)
    this.#bytes.fill(0, at, at + bytes)
    return at
  }

  /** Little-endian, for readers of the table. */
  setInt32(at: number, value: number): void {
    this.#view.setInt32(at, value, true)
  }

  setFloat64(at: number, value: number): void {
    this.#view.setFloat64(at, value, true)
  }

  setBytes(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at)
  }

  /** Network order, for records. */
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value)
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value)
  }

  pushU16(value: number): void {
    const at = this.#take(2)
    this.#view.setUint16(at, value)
  }

  pushU32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value)
  }

  pushBytes(bytes: Uint8Array): number {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
    return at
  }

  /** A length octet and the text in UTF-8, cut at 255 octets: a label or a character-string. */
  pushText(text: string): number {
    const at = this.#take(1 + text.length)
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i)
      if (char > 0x7f || i === TEXT_MAX) return this.#pushLongText(at, text)
      this.#bytes[at + 1 + i] = char
    }
    this.#bytes[at] = text.length
    return at
  }

  align(): void {
    this.skip(-this.#length & 7)
  }

  /** The finished block; good until the next one is begun. */
  get finished(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** The finished block's offset in the table. Throws `too_large` when the table is full. */
  copyTo(memory: TableMemory, arena: Arena): number {
    const offset = arena.allocate(this.#length)
    memory.bytes.set(this.#bytes.subarray(0, this.#length), offset)
    return offset
  }

  #pushLongText(at: number, text: string): number {
    this.#length = at
    const octets = UTF8.encode(text).subarray(0, TEXT_MAX)
    const lengthAt = this.#take(1)
    this.#bytes[lengthAt] = octets.length
    this.pushBytes(octets)
    return at
  }

  /** May replace the buffer: its views are looked at after this, never before. */
  #take(bytes: number): number {
    const at = this.#length
    if (at + bytes > this.#bytes.length) this.#grow(at + bytes)
    this.#length = at + bytes
    return at
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
