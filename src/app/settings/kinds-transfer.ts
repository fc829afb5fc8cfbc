import { parseIPv4, parseIPv6 } from '../../kernel/ip.ts'
import { CairnError } from '../../kernel/errors.ts'
import { formatName, lowerName, parseName } from '../../core/dns/name.ts'
import { showText, stringKind, type Kind } from './kinds.ts'

/** A network: its address and how many leading bits of it count. */
export interface Network {
  /** 4 or 16. */
  readonly octets: readonly number[]
  readonly bits: number
  /** As it was written. */
  readonly text: string
}

export const NETWORK: Kind<Network> = stringKind(
  'an address or a network such as 192.0.2.0/24',
  readNetwork,
  ({ text }) => showText(text),
)

function readNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const octets = readAddress(address)
  if (octets === undefined || rest.length > 0) return undefined
  const most = octets.length * 8
  if (length === undefined) return { octets, bits: most, text }
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  return bits <= most ? { octets, bits, text } : undefined
}

/** The octets of a literal. */
export function readAddress(address: string): readonly number[] | undefined {
  const v4 = parseIPv4(address)
  if (v4 !== undefined) return [v4 >>> 24, (v4 >>> 16) & 255, (v4 >>> 8) & 255, v4 & 255]
  const v6 = parseIPv6(address)
  return v6 === undefined ? undefined : [...v6]
}

/** A server that follows our zones: told of changes, and let in. */
export interface SecondarySetting {
  readonly address: string
  readonly port: number
  /** Name of its TSIG key, lower case with the final dot. */
  readonly key: string | undefined
  readonly text: string
}

const DNS_PORT = 53

export const SECONDARY: Kind<SecondarySetting> = stringKind(
  'an address such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53, and the name of its key',
  readSecondary,
  ({ text }) => showText(text),
)

function readSecondary(text: string): SecondarySetting | undefined {
  const [where = '', name, ...rest] = text.trim().split(/ +/)
  const key = name === undefined ? undefined : readKeyName(name)
  if (rest.length > 0 || (name !== undefined && key === undefined)) return undefined
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(where)
  const address = match === null ? where : (match[1] ?? match[2] ?? '')
  const port = Number(match?.[3] ?? DNS_PORT)
  if (readAddress(address) === undefined || port < 1 || port > 65_535) return undefined
  return { address, port, key, text: text.trim() }
}

/** Key names are DNS names (RFC 8945 §2); compared without case, kept with the final dot. */
export function readKeyName(text: string): string | undefined {
  try {
    return formatName(lowerName(parseName(text)))
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}

/** Octets of a secret: below it is guessed, above it is no key (RFC 2104 §3). */
const SECRET_MIN = 8
const SECRET_MAX = 512

/** Shown only where it is masked. */
export const SECRET: Kind<string> = stringKind('a secret in base64', readSecret, showText)

export function readSecret(text: string): string | undefined {
  if (!/^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/.test(text) || text.includes('_')) {
    return undefined
  }
  const octets = Buffer.from(text, 'base64').length
  return octets >= SECRET_MIN && octets <= SECRET_MAX ? text : undefined
}
