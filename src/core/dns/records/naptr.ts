import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, quote, RdataReader, u16 } from './wire.ts'

/** RFC 3403 §4.1: order, preference, flags, services, regexp, replacement (never compressed). */
export const NAPTR: RecordType = {
  name: 'NAPTR',
  number: TYPE.NAPTR,
  parse: (fields, origin) =>
    joinOctets([
      u16(fields.whole('order', 0xffff)),
      u16(fields.whole('preference', 0xffff)),
      fields.characterString('flags'),
      fields.characterString('services'),
      fields.characterString('regexp'),
      fields.name('replacement', origin),
    ]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const numbers = [reader.u16(), reader.u16()]
    const texts = Array.from({ length: 3 }, () => quote(reader.take(reader.u8())))
    const replacement = formatName(reader.name())
    reader.end()
    return [...numbers, ...texts, replacement].join(' ')
  },
}
