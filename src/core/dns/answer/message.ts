/** The two high bits of a compression pointer (RFC 1035 §4.1.4). */
export const POINTER = 0xc000
/** Offsets above this cannot be pointed at. */
export const POINTER_MAX = 0x3fff

/** The message being written: where it stands, what it may grow to, how many records it has. */
export class Message {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Where the message starts in `bytes`; offsets below count from here. */
  start = 0
  /** The next free octet, counted from `start`. */
  at = 0
  /** Octets the message may have, room for the OPT already taken off. */
  limit = 0
  answers = 0
  authorities = 0
  additionals = 0
  isTruncated = false
  /** Nothing beyond what was asked for: the client's address may be forged. */
  isMinimal = false

  /** @param view of the same octets, where there is one already. */
  constructor(bytes: Uint8Array, view?: DataView) {
    this.bytes = bytes
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  begin(start: number, limit: number): void {
    this.start = start
    this.at = 0
    this.limit = limit
    this.answers = 0
    this.authorities = 0
    this.additionals = 0
    this.isTruncated = false
    this.isMinimal = false
  }

  /** Octets left. */
  get room(): number {
    return this.limit - this.at
  }

  u8(value: number): void {
    this.view.setUint8(this.start + this.at, value)
    this.at += 1
  }

  u16(value: number): void {
    this.view.setUint16(this.start + this.at, value)
    this.at += 2
  }

  u32(value: number): void {
    this.view.setUint32(this.start + this.at, value)
    this.at += 4
  }

  /** Four octets at a time: `set` with a subarray would allocate per record. */
  copy(source: DataView, offset: number, length: number): void {
    const { view } = this
    const to = this.start + this.at
    let i = 0
    for (; i + 4 <= length; i += 4) view.setInt32(to + i, source.getInt32(offset + i))
    for (; i < length; i++) view.setUint8(to + i, source.getUint8(offset + i))
    this.at += length
  }
}
