import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import { latin1 } from '../name.ts'
import { AAAA } from './aaaa.ts'
import { shorten, wrong } from './fields.ts'
import { decodeBase64 } from './octet-text.ts'
import { joinOctets, quote, RdataReader, u16, u32 } from './wire.ts'

/** IANA registry "DNS Service Parameter Keys (SvcParamKeys)". */
export const SVC_KEY = {
  MANDATORY: 0,
  ALPN: 1,
  NO_DEFAULT_ALPN: 2,
  PORT: 3,
  IPV4HINT: 4,
  ECH: 5,
  IPV6HINT: 6,
  DOHPATH: 7,
  OHTTP: 8,
  INVALID: 65_535,
} as const

export const KEY_NAMES: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]

interface Value {
  /** The value's octets, escapes of the zone file already resolved → wire data. */
  parse(octets: Uint8Array): Uint8Array
  /** Refuses what is not a value of this key. */
  format(value: Uint8Array): string
}

/** By key; other keys have octets that nobody looks into. */
export const VALUES: Readonly<Record<number, Value>> = {
  [SVC_KEY.MANDATORY]: {
    parse: (octets) => {
      const keys = latin1(octets).split(',').map(mandatoryKey)
      keys.sort((a, b) => a - b)
      return joinOctets(keys.map(u16))
    },
    format: formatMandatory,
  },
  [SVC_KEY.ALPN]: {
    parse: (octets) => joinOctets(splitList(octets).flatMap((item) => [[item.length], item])),
    format: formatAlpn,
  },
  [SVC_KEY.NO_DEFAULT_ALPN]: { parse: checkEmpty, format: (value) => latin1(checkEmpty(value)) },
  [SVC_KEY.PORT]: {
    parse: (octets) => {
      const text = latin1(octets)
      const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
      if (port <= 0xffff) return Uint8Array.from(u16(port))
      throw wrong(`port must be a whole number of 0 to 65535, got "${shorten(text)}"`)
    },
    format: (value) => {
      const reader = new RdataReader(value)
      const port = reader.u16()
      reader.end()
      return String(port)
    },
  },
  [SVC_KEY.IPV4HINT]: {
    parse: (octets) => joinOctets(latin1(octets).split(',').map(v4Octets)),
    format: (value) => groupsOf(value, 4, (octets) => octets.join('.')),
  },
  [SVC_KEY.ECH]: {
    parse: (octets) => decodeBase64(latin1(octets), 'ech'),
    format: (value) => checkSome(value).toBase64(),
  },
  [SVC_KEY.IPV6HINT]: {
    parse: (octets) => joinOctets(latin1(octets).split(',').map(v6Octets)),
    format: (value) => groupsOf(value, 16, (octets) => AAAA.format(octets)),
  },
  [SVC_KEY.DOHPATH]: { parse: checkSome, format: (value) => quote(checkSome(value)) },
  [SVC_KEY.OHTTP]: { parse: checkEmpty, format: (value) => latin1(checkEmpty(value)) },
}

/** `alpn`, or `key1` for any number, without leading zeros (RFC 9460 §2.1). */
export function keyNumber(name: string): number | undefined {
  const known = KEY_NAMES.indexOf(name.toLowerCase())
  if (known >= 0) return known
  const match = /^key(0|[1-9]\d{0,4})$/i.exec(name)
  const number = Number(match?.[1] ?? Number.NaN)
  return number <= 0xffff ? number : undefined
}

function mandatoryKey(name: string): number {
  const key = keyNumber(name)
  if (key === undefined) throw wrong(`there is no parameter "${shorten(name)}"`)
  return key
}

/** RFC 9460 §8: in order, none twice, never itself. */
function formatMandatory(value: Uint8Array): string {
  const names: string[] = []
  let before: number = SVC_KEY.MANDATORY
  for (const reader = new RdataReader(checkSome(value)); reader.hasMore;) {
    const key = reader.u16()
    if (key <= before) throw wrong('mandatory must list other keys, each once')
    names.push(KEY_NAMES[key] ?? `key${key}`)
    before = key
  }
  return names.join(',')
}

function formatAlpn(value: Uint8Array): string {
  const items: string[] = []
  for (const reader = new RdataReader(checkSome(value)); reader.hasMore;) {
    const item = reader.take(reader.u8())
    items.push(latin1(checkSome(item)).replace(/[,\\]/g, (character) => `\\${character}`))
  }
  const text = items.join(',')
  return quote(Uint8Array.from(text, (character) => character.charCodeAt(0)))
}

/** RFC 9460 appendix A.1: commas part, a backslash takes its meaning from comma and backslash. */
function splitList(octets: Uint8Array): number[][] {
  let item: number[] = []
  const items = [item]
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i] ?? 0
    if (octet === COMMA) {
      item = []
      items.push(item)
    } else if (octet === BACKSLASH) {
      const next = octets[++i]
      if (next !== COMMA && next !== BACKSLASH)
        throw wrong('only "," and "\\" are escaped in a list')
      item.push(next)
    } else item.push(octet)
  }
  if (items.some(({ length }) => length === 0 || length > 255)) {
    throw wrong('an item of a list has 1 to 255 octets')
  }
  return items
}

const COMMA = 0x2c
const BACKSLASH = 0x5c

function v4Octets(text: string): number[] {
  const value = parseIPv4(text)
  if (value === undefined) throw wrong(`"${shorten(text)}" is not an IPv4 address`)
  return u32(value)
}

function v6Octets(text: string): Uint8Array {
  const octets = parseIPv6(text)
  if (octets === undefined) throw wrong(`"${shorten(text)}" is not an IPv6 address`)
  return octets
}

function groupsOf(value: Uint8Array, size: number, format: (octets: Uint8Array) => string): string {
  const texts: string[] = []
  for (const reader = new RdataReader(checkSome(value)); reader.hasMore;) {
    texts.push(format(reader.take(size)))
  }
  return texts.join(',')
}

function checkSome(value: Uint8Array): Uint8Array {
  if (value.length === 0) throw wrong('a parameter has no value')
  return value
}

function checkEmpty(value: Uint8Array): Uint8Array {
  if (value.length > 0) throw wrong('a parameter that takes no value has one')
  return value
}
