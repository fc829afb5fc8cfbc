import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** RFC 1035 §3.3.9: preference and exchange; `0 .` means "no mail here" (RFC 7505). */
export const MX: RecordType = {
  name: 'MX',
  number: TYPE.MX,
  nameAt: 2,
  parse: (fields, origin) =>
    joinOctets([u16(fields.whole('preference', 0xffff)), fields.name('mail exchange', origin)]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const preference = reader.u16()
    const exchange = reader.name()
    reader.end()
    return `${preference} ${formatName(exchange)}`
  },
}
