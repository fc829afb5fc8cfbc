import { CairnError } from '../../../kernel/errors.ts'
import { parseIPv6 } from '../../../kernel/ip.ts'
import { ipLabel } from '../labels.ts'
import { parseName } from '../name.ts'

const DOT = 0x2e

/**
 * The four octets of an IPv4 literal as an unsigned number, or −1. Instances are looked at again
 * with every change of their service, so this is a plain scan; hosts were checked when they came
 * in.
 */
export function ipv4Of(host: string): number {
  let value = 0
  let octet = -1
  let dots = 0
  for (let i = 0; i < host.length; i++) {
    const char = host.charCodeAt(i)
    if (char === DOT) {
      if (octet < 0 || ++dots > 3) return -1
      value = value * 256 + octet
      octet = -1
    } else {
      if (char < 0x30 || char > 0x39) return -1
      octet = (octet < 0 ? 0 : octet * 10) + char - 0x30
      if (octet > 255) return -1
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1
}

/** What a host that is no IPv4 literal is to DNS. */
export type OtherHost =
  | { readonly family: 6; readonly octets: Uint8Array; readonly label: string }
  | {
      readonly family: 'name'
      /** The host as a wire name; undefined when it is none. */
      readonly target: Uint8Array | undefined
    }

/** These are few and come again and again: two generations of the parsed ones are kept. */
const KEPT_MAX = 16_384
let young = new Map<string, OtherHost>()
let old = new Map<string, OtherHost>()

export function otherHostOf(host: string): OtherHost {
  const known = young.get(host)
  if (known !== undefined) return known
  const parsed = old.get(host) ?? parseOther(host)
  if (young.size >= KEPT_MAX) {
    old = young
    young = new Map()
  }
  young.set(host, parsed)
  return parsed
}

function parseOther(host: string): OtherHost {
  // As URLs write it; the registry keeps what the client said.
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const octets = parseIPv6(bare)
  if (octets === undefined) return { family: 'name', target: parseTarget(host) }
  return { family: 6, octets, label: ipLabel(bare) ?? '' }
}

/** Letters, digits, hyphens inside, and `_`: what resolvers take for a host (RFC 1123 §2.1). */
const HOST_NAME =
  /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?$/i

function parseTarget(host: string): Uint8Array | undefined {
  if (!HOST_NAME.test(host)) return undefined
  try {
    return parseName(host)
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}

/** The first label of an address's instance name; undefined for a host name. */
export function hostLabelOf(host: string): string | undefined {
  if (ipv4Of(host) >= 0) return host.replaceAll('.', '-')
  const other = otherHostOf(host)
  return other.family === 6 ? other.label : undefined
}

/** The octets of an address, 4 or 16; undefined for a host name. */
export function octetsOf(host: string): Uint8Array | undefined {
  const v4 = ipv4Of(host)
  if (v4 >= 0) return Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4)
  const other = otherHostOf(host)
  return other.family === 6 ? other.octets : undefined
}
