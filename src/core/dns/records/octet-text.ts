import type { Fields } from './fields.ts'
import { shorten, wrong } from './fields.ts'

/** All words that are left, as hex digits in any grouping; at least one octet. */
export function takeHex(fields: Fields, what: string): Uint8Array {
  const digits = takeRest(fields, what)
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
    throw wrong(`${what} must be pairs of hex digits, got "${shorten(digits)}"`)
  }
  return Uint8Array.fromHex(digits)
}

/** All words that are left, as base64 with its padding; at least one octet. */
export function takeBase64(fields: Fields, what: string): Uint8Array {
  return decodeBase64(takeRest(fields, what), what)
}

export function decodeBase64(text: string, what: string): Uint8Array {
  const isSound = text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  if (!isSound) throw wrong(`${what} must be base64, got "${shorten(text)}"`)
  return Uint8Array.fromBase64(text)
}

/** Hex digits in one word; `-` is nothing at all (RFC 5155 §3.3). */
export function takeSalt(fields: Fields): Uint8Array {
  const { text } = fields.take('salt')
  if (text === '-') return new Uint8Array(0)
  if (!/^(?:[0-9a-fA-F]{2}){1,255}$/.test(text)) {
    throw wrong(`salt must be "-" or pairs of hex digits, got "${shorten(text)}"`)
  }
  return Uint8Array.fromHex(text)
}

export function upperHex(octets: Uint8Array): string {
  if (octets.length === 0) throw wrong('the data ends too early')
  return octets.toHex().toUpperCase()
}

export function saltText(salt: Uint8Array): string {
  return salt.length === 0 ? '-' : salt.toHex().toUpperCase()
}

const BASE32 = '0123456789abcdefghijklmnopqrstuv'

/** Base32 with extended hex alphabet, no padding (RFC 4648 §7, RFC 5155 §3.3). */
export function encodeBase32Hex(octets: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) text += BASE32.charAt((held >> (bits - 5)) & 31)
  }
  return bits === 0 ? text : text + BASE32.charAt((held << (5 - bits)) & 31)
}

/** Undefined for what is no canonical base32hex. */
export function decodeBase32Hex(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let held = 0
  let at = 0
  for (const character of text.toLowerCase()) {
    const value = BASE32.indexOf(character)
    if (value < 0) return undefined
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    octets[at++] = (held >> bits) & 0xff
  }
  const isCanonical = bits < 5 && (held & ((1 << bits) - 1)) === 0
  return isCanonical ? octets : undefined
}

function takeRest(fields: Fields, what: string): string {
  let text = fields.take(what).text
  while (fields.hasMore) text += fields.take(what).text
  return text
}
