import { takeAlgorithm } from './algorithms.ts'
import { wrong } from './fields.ts'
import { takeHex, upperHex } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** Octets of a digest by its type: SHA-1, SHA-256, GOST, SHA-384 (IANA "DS RR Type Digests"). */
const DIGEST_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 32],
  [3, 32],
  [4, 48],
])

/** DS and its kin (RFC 4034 §5): key tag, algorithm, digest type, digest. */
export function digestType(name: string, number: number): RecordType {
  return {
    name,
    number,
    parse: (fields) => {
      const tag = fields.whole('key tag', 0xffff)
      const algorithm = takeAlgorithm(fields)
      const type = fields.whole('digest type', 0xff)
      const digest = checkDigest(type, takeHex(fields, 'digest'))
      return joinOctets([u16(tag), [algorithm, type], digest])
    },
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const numbers = [reader.u16(), reader.u8(), reader.u8()]
      const digest = checkDigest(numbers[2] ?? 0, reader.rest())
      return `${numbers.join(' ')} ${upperHex(digest)}`
    },
  }
}

function checkDigest(type: number, digest: Uint8Array): Uint8Array {
  const wanted = DIGEST_BYTES.get(type)
  if (wanted === undefined || wanted === digest.length) return digest
  throw wrong(`a digest of type ${type} has ${wanted} octets, not ${digest.length}`)
}
