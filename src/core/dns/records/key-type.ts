import { takeAlgorithm } from './algorithms.ts'
import { wrong } from './fields.ts'
import { takeBase64 } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** DNSKEY and its kin (RFC 4034 §2): flags, protocol, algorithm, public key. */
export function keyType(name: string, number: number): RecordType {
  return {
    name,
    number,
    parse: (fields) => {
      const flags = fields.whole('flags', 0xffff)
      const protocol = fields.whole('protocol', 0xff)
      const algorithm = takeAlgorithm(fields)
      const key = takeBase64(fields, 'public key')
      return joinOctets([u16(flags), [protocol, algorithm], key])
    },
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const numbers = [reader.u16(), reader.u8(), reader.u8()]
      if (!reader.hasMore) throw wrong('the public key is missing')
      return `${numbers.join(' ')} ${reader.rest().toBase64()}`
    },
  }
}
