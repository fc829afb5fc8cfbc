import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { Client } from '../answer/client.ts'

/** A set of address ranges; asking allocates nothing. Short lists only: it looks at each. */
export class Networks {
  readonly #v4: readonly { readonly address: number; readonly mask: number }[]
  readonly #v6: readonly { readonly address: Uint8Array; readonly bits: number }[]

  /** Ranges that are written wrongly hold nobody; check them with `isNetwork` first. */
  constructor(ranges: readonly string[]) {
    const parsed = ranges.map(parseNetwork).filter((range) => range !== undefined)
    this.#v4 = parsed.flatMap(({ v4, bits }) =>
      v4 === undefined ? [] : [{ address: v4 & maskOf(bits), mask: maskOf(bits) }],
    )
    this.#v6 = parsed.flatMap(({ v6, bits }) => (v6 === undefined ? [] : [{ address: v6, bits }]))
  }

  has(client: Client): boolean {
    if (client.isV6) return this.#hasV6(client.v6)
    for (let i = 0; i < this.#v4.length; i++) {
      const range = this.#v4[i]
      if (range !== undefined && (client.v4 & range.mask) === range.address) return true
    }
    return false
  }

  #hasV6(octets: Uint8Array): boolean {
    for (let i = 0; i < this.#v6.length; i++) {
      const range = this.#v6[i]
      if (range !== undefined && isInside(octets, range.address, range.bits)) return true
    }
    return false
  }
}

/** Whether the text is an address, or an address and the length of a prefix. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined
}

interface Range {
  readonly v4?: number
  readonly v6?: Uint8Array
  readonly bits: number
}

function parseNetwork(text: string): Range | undefined {
  const [address = '', prefix, ...more] = text.split('/')
  if (more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined
  const v4 = parseIPv4(address)
  const v6 = parseIPv6(address)
  const most = v4 === undefined ? 128 : 32
  const bits = prefix === undefined ? most : Number(prefix)
  if (bits > most) return undefined
  if (v4 !== undefined) return { v4, bits }
  return v6 === undefined ? undefined : { v6, bits }
}

/** JavaScript shifts by 32 as by 0. */
function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits)
}

function isInside(octets: Uint8Array, prefix: Uint8Array, bits: number): boolean {
  for (let at = 0; at < bits; at += 8) {
    const mask = bits - at >= 8 ? 0xff : (0xff00 >> (bits - at)) & 0xff
    if ((((octets[at >> 3] ?? 0) ^ (prefix[at >> 3] ?? 0)) & mask) !== 0) return false
  }
  return true
}
