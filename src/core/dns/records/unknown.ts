import type { Fields } from './fields.ts'
import { wrong } from './fields.ts'

/** RFC 3597 §5: `\# length hex…`, the spelling that fits every type. */
export const GENERIC_MARK = '\\#'

/** After the mark: the length and the octets in any number of words. */
export function parseGeneric(fields: Fields): Uint8Array {
  const length = fields.whole('length', 0xffff)
  const words: string[] = []
  while (fields.hasMore) words.push(fields.take('hex digits').text)
  const digits = words.join('')
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw wrong('the data must be pairs of hex digits')
  if (digits.length !== 2 * length) {
    throw wrong(`the data has ${digits.length / 2} octets, ${length} were announced`)
  }
  return Uint8Array.fromHex(digits)
}

export function formatGeneric(rdata: Uint8Array): string {
  if (rdata.length === 0) return `${GENERIC_MARK} 0`
  return `${GENERIC_MARK} ${rdata.length} ${rdata.toHex().toUpperCase()}`
}
