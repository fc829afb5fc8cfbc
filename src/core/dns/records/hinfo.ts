import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, quote, RdataReader } from './wire.ts'

/** RFC 1035 §3.3.2: two character-strings. */
export const HINFO: RecordType = {
  name: 'HINFO',
  number: TYPE.HINFO,
  parse: (fields) =>
    joinOctets([fields.characterString('CPU'), fields.characterString('operating system')]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const texts = [quote(reader.take(reader.u8())), quote(reader.take(reader.u8()))]
    reader.end()
    return texts.join(' ')
  },
}
