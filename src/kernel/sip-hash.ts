/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits that nobody can forge without
 * the key. 64-bit words are kept as two halves of 32 bits; nothing is allocated per hash.
 */
export class SipHash {
  /** The halves of the last hash, signed. */
  low = 0
  high = 0
  readonly #key: DataView

  /** The key has 16 octets. */
  constructor(key: Uint8Array) {
    this.#key = new DataView(Uint8Array.from(key).buffer)
  }

  /** Hashes `view[start, end)` into `low` and `high`. */
  hash(view: DataView, start: number, end: number): void {
    const key = this.#key
    const k0l = key.getInt32(0, true)
    const k0h = key.getInt32(4, true)
    const k1l = key.getInt32(8, true)
    const k1h = key.getInt32(12, true)
    // "somepseudorandomlygeneratedbytes", as the paper has it.
    const v = this.#v
    v.l0 = k0l ^ 0x70736575
    v.h0 = k0h ^ 0x736f6d65
    v.l1 = k1l ^ 0x6e646f6d
    v.h1 = k1h ^ 0x646f7261
    v.l2 = k0l ^ 0x6e657261
    v.h2 = k0h ^ 0x6c796765
    v.l3 = k1l ^ 0x79746573
    v.h3 = k1h ^ 0x74656462
    let at = start
    for (; at + 8 <= end; at += 8) v.take(view.getInt32(at, true), view.getInt32(at + 4, true))
    let low = 0
    let high = ((end - start) & 0xff) << 24
    for (let shift = 0; at < end; at++, shift += 8) {
      if (shift < 32) low |= view.getUint8(at) << shift
      else high |= view.getUint8(at) << (shift - 32)
    }
    v.take(low, high)
    v.l2 ^= 0xff
    v.rounds(4)
    this.low = v.l0 ^ v.l1 ^ v.l2 ^ v.l3
    this.high = v.h0 ^ v.h1 ^ v.h2 ^ v.h3
  }

  readonly #v = new SipState()
}

/** The four words. */
class SipState {
  l0 = 0
  h0 = 0
  l1 = 0
  h1 = 0
  l2 = 0
  h2 = 0
  l3 = 0
  h3 = 0

  take(low: number, high: number): void {
    this.l3 ^= low
    this.h3 ^= high
    this.rounds(2)
    this.l0 ^= low
    this.h0 ^= high
  }

  rounds(count: number): void {
    let { l0, h0, l1, h1, l2, h2, l3, h3 } = this
    for (let i = 0; i < count; i++) {
      let low = (l0 + l1) | 0
      h0 = (h0 + h1 + carry(low, l0)) | 0
      l0 = low
      low = (l2 + l3) | 0
      h2 = (h2 + h3 + carry(low, l2)) | 0
      l2 = low
      low = (l1 << 13) | (h1 >>> 19)
      h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0
      l1 = low ^ l0
      low = (l3 << 16) | (h3 >>> 16)
      h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2
      l3 = low ^ l2
      // Turned by 32: the halves change places.
      low = h0
      h0 = l0
      l0 = low
      low = (l2 + l1) | 0
      h2 = (h2 + h1 + carry(low, l2)) | 0
      l2 = low
      low = (l0 + l3) | 0
      h0 = (h0 + h3 + carry(low, l0)) | 0
      l0 = low
      low = (l1 << 17) | (h1 >>> 15)
      h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2
      l1 = low ^ l2
      low = (l3 << 21) | (h3 >>> 11)
      h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0
      l3 = low ^ l0
      low = h2
      h2 = l2
      l2 = low
    }
    this.l0 = l0
    this.h0 = h0
    this.l1 = l1
    this.h1 = h1
    this.l2 = l2
    this.h2 = h2
    this.l3 = l3
    this.h3 = h3
  }
}

/** 1 when the sum of two low halves went over: then it is below each of them. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0
}
