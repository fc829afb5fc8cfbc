/**
 * HalfSipHash-1-3 (Aumasson and Bernstein, 32-bit variant) of `bytes[start, end)`: keyed, so that
 * nobody can prepare names that collide. 32-bit integer arithmetic only, nothing is allocated.
 */
export function hashName(
  view: DataView,
  start: number,
  end: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0
  let v1 = key1
  let v2 = 0x6c79_6765 ^ key0
  let v3 = 0x7465_6462 ^ key1
  let at = start
  let last = ((end - start) & 0xff) << 24
  for (; at + 4 <= end; at += 4) {
    const m = view.getInt32(at, true)
    v3 ^= m
    v0 = (v0 + v1) | 0
    v1 = (v1 << 5) | (v1 >>> 27)
    v1 ^= v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = (v3 << 8) | (v3 >>> 24)
    v3 ^= v2
    v0 = (v0 + v3) | 0
    v3 = (v3 << 7) | (v3 >>> 25)
    v3 ^= v0
    v2 = (v2 + v1) | 0
    v1 = (v1 << 13) | (v1 >>> 19)
    v1 ^= v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= m
  }
  for (let shift = 0; at < end; at++, shift += 8) last |= view.getUint8(at) << shift
  v3 ^= last
  for (let round = 0; round < 4; round++) {
    // One compression round for the last word, then three finalization rounds.
    if (round === 1) {
      v0 ^= last
      v2 ^= 0xff
    }
    v0 = (v0 + v1) | 0
    v1 = (v1 << 5) | (v1 >>> 27)
    v1 ^= v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = (v3 << 8) | (v3 >>> 24)
    v3 ^= v2
    v0 = (v0 + v3) | 0
    v3 = (v3 << 7) | (v3 >>> 25)
    v3 ^= v0
    v2 = (v2 + v1) | 0
    v1 = (v1 << 13) | (v1 >>> 19)
    v1 ^= v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return v1 ^ v3
}

/**
 * Copies the wire name at `from`, lower-cased, to the start of `key`: four octets at a time, up to
 * three more than `length`. The octets that count labels are below all letters, so they stay.
 */
export function foldName(packet: DataView, from: number, key: DataView, length: number): void {
  for (let i = 0; i < length; i += 4) {
    const word = packet.getInt32(from + i, true)
    const low = word & 0x7f7f7f7f
    // The high bit of each octet: at least `A`, above `Z`.
    const upper = ((low + 0x3f3f3f3f) ^ (low + 0x25252525)) & ~word & 0x80808080
    key.setInt32(i, word | (upper >>> 2), true)
  }
}
