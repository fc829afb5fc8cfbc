/** A network of one address family: 4 or 16 octets, of which the first `bits` bits count. */
export interface Net {
  readonly octets: Uint8Array
  readonly bits: number
  /** What its addresses map to, 0 or more. */
  readonly value: number
}

/**
 * Longest-prefix match, laid out beforehand as ranges side by side: a look is a binary search that
 * allocates nothing. Addresses are one 32-bit word (IPv4) or four (IPv6).
 */
export class Ranges {
  /** Leading bits that decided the last look: all addresses with them are in the same range. */
  scope = 0
  readonly #words: number
  readonly #count: number
  readonly #starts: Uint32Array
  /** The last address before each range. */
  readonly #befores: Uint32Array
  readonly #values: Int32Array

  constructor(words: 1 | 4, nets: readonly Net[]) {
    const ranges = layOut(nets, words * 32)
    this.#words = words
    this.#count = ranges.length
    this.#starts = new Uint32Array(ranges.length * words)
    this.#befores = new Uint32Array(ranges.length * words)
    this.#values = Int32Array.from(ranges, ({ value }) => value)
    for (const [i, { start }] of ranges.entries()) {
      writeWords(this.#starts, i * words, words, start)
      if (i > 0) writeWords(this.#befores, i * words, words, start - 1n)
    }
  }

  /** What the address maps to, or −1. */
  find(address: Uint32Array): number {
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#isAtOrAfter(address, middle)) low = middle
      else high = middle - 1
    }
    // RFC 7871 §7.2.1: where networks overlap, the scope is as long as keeps the others out.
    const below = low > 0 ? this.#common(address, this.#befores, low) + 1 : 0
    const above = low + 1 < this.#count ? this.#common(address, this.#starts, low + 1) + 1 : 0
    this.scope = Math.max(below, above)
    return this.#values[low] ?? -1
  }

  #isAtOrAfter(address: Uint32Array, range: number): boolean {
    for (let i = 0; i < this.#words; i++) {
      const a = address[i] ?? 0
      const b = this.#starts[range * this.#words + i] ?? 0
      if (a !== b) return a > b
    }
    return true
  }

  /** Leading bits in common. */
  #common(address: Uint32Array, others: Uint32Array, range: number): number {
    for (let i = 0; i < this.#words; i++) {
      const differing = (address[i] ?? 0) ^ (others[range * this.#words + i] ?? 0)
      if (differing !== 0) return i * 32 + Math.clz32(differing)
    }
    return this.#words * 32
  }
}

interface Range {
  readonly start: bigint
  readonly value: number
}

/** Networks are inside each other or apart: one walk with the open ones on a stack. */
function layOut(nets: readonly Net[], width: number): readonly Range[] {
  const sorted = nets
    .map((net) => toSpan(net, width))
    .toSorted((a, b) => (a.start === b.start ? b.size - a.size : a.start < b.start ? -1 : 1))
  const ranges: Range[] = [{ start: 0n, value: -1 }]
  const open: { readonly end: bigint; readonly value: number }[] = []
  const push = (range: Range): void => {
    if (ranges.at(-1)?.start === range.start) ranges.pop()
    ranges.push(range)
  }
  const closeUntil = (start: bigint): void => {
    for (let top = open.at(-1); top !== undefined && top.end < start; top = open.at(-1)) {
      open.pop()
      push({ start: top.end + 1n, value: open.at(-1)?.value ?? -1 })
    }
  }
  for (const { start, end, value } of sorted) {
    closeUntil(start)
    push({ start, value })
    open.push({ end, value })
  }
  closeUntil(1n << BigInt(width))
  return ranges.filter(({ start }) => start < 1n << BigInt(width))
}

function toSpan(
  { octets, bits, value }: Net,
  width: number,
): { readonly start: bigint; readonly end: bigint; readonly size: number; readonly value: number } {
  let address = 0n
  for (const octet of octets) address = (address << 8n) | BigInt(octet)
  const size = width - bits
  const start = (address >> BigInt(size)) << BigInt(size)
  return { start, end: start + (1n << BigInt(size)) - 1n, size, value }
}

function writeWords(into: Uint32Array, at: number, words: number, value: bigint): void {
  for (let i = 0; i < words; i++) {
    into[at + i] = Number((value >> BigInt(32 * (words - 1 - i))) & 0xffff_ffffn)
  }
}
