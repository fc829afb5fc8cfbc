import type { Message } from './message.ts'

/** Room for any name, and a mark before it. */
const KEY_BYTES = 264

/** A name of the message, lower-cased for the table. Reused; nothing is allocated. */
export class WireName {
  readonly key: Uint8Array = new Uint8Array(KEY_BYTES)
  readonly view: DataView = new DataView(this.key.buffer)
  /** Where the labels start in the key; the last one is the root's. */
  readonly labelAt: Uint8Array = new Uint8Array(129)
  /** Labels, the root's not counted. */
  labels = 0
  /** Octets, the root's included. */
  length = 0

  /** Reads the uncompressed name at `from`. */
  read({ view, start }: Message, from: number): void {
    let at = 0
    this.labels = 0
    for (;;) {
      const size = view.getUint8(start + from + at)
      this.labelAt[this.labels] = at
      this.key[at] = size
      if (size === 0) break
      this.labels++
      for (let i = at + 1; i <= at + size; i++) {
        const octet = view.getUint8(start + from + i)
        this.key[i] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
      }
      at += 1 + size
    }
    this.length = at + 1
  }

  /** The number of the label at which the last `length` octets start. */
  labelOf(length: number): number {
    let label = 0
    while (this.length - (this.labelAt[label] ?? 0) > length) label++
    return label
  }
}

/** Whether two uncompressed names of the message are the same, whatever the case. */
export function isSameIn({ view, start }: Message, a: number, b: number): boolean {
  for (let i = 0; ; i++) {
    const size = view.getUint8(start + a + i)
    if (size !== view.getUint8(start + b + i)) return false
    if (size === 0) return true
    for (const end = i + size; i < end; i++) {
      const one = lower(view.getUint8(start + a + i + 1))
      if (one !== lower(view.getUint8(start + b + i + 1))) return false
    }
  }
}

/** Whether the name at `tail` is the name at `whole`, or the end of it. */
export function isTailIn(message: Message, whole: number, tail: number): boolean {
  const { view, start } = message
  for (let at = whole; ;) {
    if (isSameIn(message, at, tail)) return true
    const size = view.getUint8(start + at)
    if (size === 0) return false
    at += 1 + size
  }
}

function lower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
}
