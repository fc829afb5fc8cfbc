import { TYPE } from '../protocol.ts'
import { formatNsec3Head, takeNsec3Head } from './nsec3.ts'
import type { RecordType } from './record-type.ts'
import { RdataReader } from './wire.ts'

/** RFC 5155 §4: how the names of the zone are hashed. */
export const NSEC3PARAM: RecordType = {
  name: 'NSEC3PARAM',
  number: TYPE.NSEC3PARAM,
  parse: takeNsec3Head,
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const text = formatNsec3Head(reader)
    reader.end()
    return text
  },
}
