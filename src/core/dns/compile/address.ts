import { CairnError } from '../../../kernel/errors.ts'
import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import { ipLabel } from '../labels.ts'
import { parseName } from '../name.ts'

/** What an instance's host is to DNS. */
export type Address =
  | {
      readonly family: 4 | 6
      readonly octets: Uint8Array
      /** First label of its instance name: `10-0-0-6`. */
      readonly label: string
      /** The same with its length octet. */
      readonly wireLabel: Uint8Array
    }
  | {
      readonly family: 'name'
      /** The host as a wire name; undefined when it is none. */
      readonly target: Uint8Array | undefined
    }

/** Hosts are few and come again and again: the last 65,536 parsed ones are kept. */
const KEPT_MAX = 65_536
let young = new Map<string, Address>()
let old = new Map<string, Address>()

/** Two generations instead of a list of use: a map that is full becomes the old one. */
export function addressOf(host: string): Address {
  const known = young.get(host)
  if (known !== undefined) return known
  const address = old.get(host) ?? parseAddress(host)
  if (young.size >= KEPT_MAX / 2) {
    old = young
    young = new Map()
  }
  young.set(host, address)
  return address
}

function parseAddress(host: string): Address {
  const v4 = parseIPv4(host)
  if (v4 !== undefined) {
    const octets = Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4)
    return { family: 4, octets, ...labelled(host) }
  }
  const octets = parseIPv6(host)
  if (octets === undefined) return { family: 'name', target: parseTarget(host) }
  return { family: 6, octets, ...labelled(host) }
}

function labelled(host: string): { readonly label: string; readonly wireLabel: Uint8Array } {
  const label = ipLabel(host) ?? ''
  return { label, wireLabel: new TextEncoder().encode(String.fromCharCode(label.length) + label) }
}

function parseTarget(host: string): Uint8Array | undefined {
  try {
    return parseName(host)
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}
