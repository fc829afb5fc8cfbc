import { parseName, prefixName } from '../name.ts'

const IN_ADDR = parseName('in-addr.arpa.')
const IP6 = parseName('ip6.arpa.')

/** The name of an address under in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5). */
export function reverseName(octets: Uint8Array): Uint8Array {
  if (octets.length === 4) return prefixName([...octets].toReversed().map(String), IN_ADDR)
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15])
  return prefixName(
    nibbles.toReversed().map((nibble) => nibble.toString(16)),
    IP6,
  )
}
