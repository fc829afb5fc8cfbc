import { RCODE, TYPE } from '../protocol.ts'

const HEADER_BYTES = 12
/** Octets of a record from its type field to its data. */
const FIXED = 10

/**
 * How long an answer may be kept by an HTTP cache, in seconds: the smallest TTL of the answer, for
 * a negative one that of the SOA too (RFC 8484 §5.1). `view` holds one sound message of ours.
 */
export function maxAgeOf(view: DataView, start: number, rcode: number): number {
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0
  const answers = view.getUint16(start + 6)
  const authorities = view.getUint16(start + 8)
  let at = start + HEADER_BYTES
  if (view.getUint16(start + 4) > 0) at = skipName(view, at) + 4
  let least = Number.MAX_SAFE_INTEGER
  for (let i = 0; i < answers + authorities; i++) {
    at = skipName(view, at)
    if (i < answers || view.getUint16(at) === TYPE.SOA) {
      least = Math.min(least, view.getUint32(at + 4))
    }
    at += FIXED + view.getUint16(at + 8)
  }
  return least === Number.MAX_SAFE_INTEGER ? 0 : least
}

function skipName(view: DataView, from: number): number {
  let at = from
  for (;;) {
    const size = view.getUint8(at)
    if (size >= 0xc0) return at + 2
    at += 1 + size
    if (size === 0) return at
  }
}
