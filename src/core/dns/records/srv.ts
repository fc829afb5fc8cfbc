import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** RFC 2782: priority, weight, port, target; the target is never compressed. */
export const SRV: RecordType = {
  name: 'SRV',
  number: TYPE.SRV,
  nameAt: 6,
  parse: (fields, origin) =>
    joinOctets([
      u16(fields.whole('priority', 0xffff)),
      u16(fields.whole('weight', 0xffff)),
      u16(fields.whole('port', 0xffff)),
      fields.name('target', origin),
    ]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const numbers = [reader.u16(), reader.u16(), reader.u16()]
    const target = reader.name()
    reader.end()
    return `${numbers.join(' ')} ${formatName(target)}`
  },
}
