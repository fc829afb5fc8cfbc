import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, quote, RdataReader } from './wire.ts'

/** RFC 1035 §3.3.14: one or more character-strings. */
export const TXT: RecordType = {
  name: 'TXT',
  number: TYPE.TXT,
  parse: (fields) => {
    const strings = [fields.characterString('text')]
    while (fields.hasMore) strings.push(fields.characterString('text'))
    return joinOctets(strings)
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const strings: string[] = []
    do strings.push(quote(reader.take(reader.u8())))
    while (reader.hasMore)
    return strings.join(' ')
  },
}
