import { TYPE } from '../protocol.ts'
import { takeHex, upperHex } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader } from './wire.ts'

/** RFC 4255 §3.1: key algorithm, fingerprint type, fingerprint. */
export const SSHFP: RecordType = {
  name: 'SSHFP',
  number: TYPE.SSHFP,
  parse: (fields) => {
    const numbers = [fields.whole('algorithm', 0xff), fields.whole('fingerprint type', 0xff)]
    return joinOctets([numbers, takeHex(fields, 'fingerprint')])
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const numbers = [reader.u8(), reader.u8()]
    return `${numbers.join(' ')} ${upperHex(reader.rest())}`
  },
}
