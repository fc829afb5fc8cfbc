import { TYPE } from '../protocol.ts'
import { takeHex, upperHex } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader } from './wire.ts'

/** RFC 6698 §2.1: usage, selector, matching type, what to match. */
export const TLSA: RecordType = {
  name: 'TLSA',
  number: TYPE.TLSA,
  parse: (fields) => {
    const numbers = [
      fields.whole('usage', 0xff),
      fields.whole('selector', 0xff),
      fields.whole('matching type', 0xff),
    ]
    return joinOctets([numbers, takeHex(fields, 'association data')])
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const numbers = [reader.u8(), reader.u8(), reader.u8()]
    return `${numbers.join(' ')} ${upperHex(reader.rest())}`
  },
}
