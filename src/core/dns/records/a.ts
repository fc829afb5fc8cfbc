import { parseIPv4 } from '../../../kernel/ip.ts'
import { TYPE } from '../protocol.ts'
import { shorten, wrong } from './fields.ts'
import type { RecordType } from './record-type.ts'
import { RdataReader, u32 } from './wire.ts'

/** RFC 1035 §3.4.1: four octets. */
export const A: RecordType = {
  name: 'A',
  number: TYPE.A,
  parse: (fields) => {
    const { text } = fields.take('address')
    const value = parseIPv4(text)
    if (value === undefined) throw wrong(`"${shorten(text)}" is not an IPv4 address`)
    return Uint8Array.from(u32(value))
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const octets = reader.take(4)
    reader.end()
    return octets.join('.')
  },
}
