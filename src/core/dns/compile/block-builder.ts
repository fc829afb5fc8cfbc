import type { Arena } from '../table/arena.ts'
import type { TableMemory } from '../table/memory.ts'

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
    const at = this.#length
    this.#ensure(at + bytes)
    this.#bytes.fill(0, at, at + bytes)
    this.#length = at + bytes
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
  pushU16(value: number): void {
    this.#view.setUint16(this.skip(2), value)
  }

  pushU32(value: number): void {
    this.#view.setUint32(this.skip(4), value)
  }

  pushBytes(bytes: Uint8Array): number {
    const at = this.skip(bytes.length)
    this.#bytes.set(bytes, at)
    return at
  }

  align(): void {
    this.skip(-this.#length & 7)
  }

  /** The finished block's offset in the table. Throws `too_large` when the table is full. */
  copyTo(memory: TableMemory, arena: Arena): number {
    const offset = arena.allocate(this.#length)
    memory.bytes.set(this.#bytes.subarray(0, this.#length), offset)
    return offset
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(bytes, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
