import type { Fields } from './fields.ts'
import { shorten, wrong } from './fields.ts'

/** IANA registry "DNS Security Algorithm Numbers": names that master files may write. */
const ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['RSAMD5', 1],
  ['DH', 2],
  ['DSA', 3],
  ['RSASHA1', 5],
  ['DSA-NSEC3-SHA1', 6],
  ['NSEC3DSA', 6],
  ['RSASHA1-NSEC3-SHA1', 7],
  ['NSEC3RSASHA1', 7],
  ['RSASHA256', 8],
  ['RSASHA512', 10],
  ['ECC-GOST', 12],
  ['ECDSAP256SHA256', 13],
  ['ECDSAP384SHA384', 14],
  ['ED25519', 15],
  ['ED448', 16],
  ['INDIRECT', 252],
  ['PRIVATEDNS', 253],
  ['PRIVATEOID', 254],
])

/** A number, or the algorithm's name (RFC 4034 §2.2, appendix A.1). */
export function takeAlgorithm(fields: Fields): number {
  const { text } = fields.take('algorithm')
  const number = /^\d{1,3}$/.test(text) ? Number(text) : ALGORITHMS.get(text.toUpperCase())
  if (number === undefined || number > 0xff) {
    throw wrong(`there is no algorithm "${shorten(text)}"`)
  }
  return number
}
