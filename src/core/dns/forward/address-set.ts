import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { Client } from '../answer/client.ts'

interface Net4 {
  readonly base: number
  readonly mask: number
}

interface Net6 {
  readonly base: Uint8Array
  readonly bits: number
}

/** Networks in CIDR notation; a client is looked for without allocating. */
export class AddressSet {
  readonly #v4: readonly Net4[]
  readonly #v6: readonly Net6[]

  /** What does not parse is left out; `isCidr` says so beforehand. */
  constructor(cidrs: readonly string[]) {
    const parsed = cidrs.map(parseCidr).filter((net) => net !== undefined)
    this.#v4 = parsed.filter((net) => 'mask' in net)
    this.#v6 = parsed.filter((net) => 'bits' in net)
  }

  has({ v4, isV6, v6 }: Pick<Client, 'v4' | 'isV6' | 'v6'>): boolean {
    if (!isV6) {
      for (const { base, mask } of this.#v4) if ((v4 & mask) === base) return v4 >= 0
      return false
    }
    for (const { base, bits } of this.#v6) if (hasPrefix(v6, base, bits)) return true
    return false
  }
}

export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined
}

/** `10.0.0.0/8`, `fe80::/10`, or one address. */
function parseCidr(text: string): Net4 | Net6 | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text)
  const address = match?.[1] ?? ''
  const v4 = parseIPv4(address)
  const bits = Number(match?.[2] ?? (v4 === undefined ? 128 : 32))
  if (v4 !== undefined) {
    if (bits > 32) return undefined
    // A shift by 32 would shift by nothing.
    const mask = bits === 0 ? 0 : -1 << (32 - bits)
    return { base: v4 & mask, mask }
  }
  const base = parseIPv6(address)
  return base === undefined || bits > 128 ? undefined : { base, bits }
}

function hasPrefix(address: Uint8Array, base: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== base[i]) return false
  const rest = bits & 7
  return rest === 0 || ((address[whole] ?? 0) ^ (base[whole] ?? 0)) >> (8 - rest) === 0
}
