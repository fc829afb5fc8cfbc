import { TYPE } from '../protocol.ts'
import { wrong } from './fields.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, quote, RdataReader, u16 } from './wire.ts'

/** RFC 7553 §4.5: priority, weight, target; the target has no length octet and is not empty. */
export const URI: RecordType = {
  name: 'URI',
  number: TYPE.URI,
  parse: (fields) => {
    const numbers = [fields.whole('priority', 0xffff), fields.whole('weight', 0xffff)]
    return joinOctets([...numbers.map(u16), checkTarget(fields.octets('target'))])
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const numbers = [reader.u16(), reader.u16()]
    return `${numbers.join(' ')} ${quote(checkTarget(reader.rest()))}`
  },
}

function checkTarget<T extends ArrayLike<number>>(octets: T): T {
  if (octets.length === 0) throw wrong('target is empty')
  return octets
}
