import { TYPE } from '../protocol.ts'
import { oneNameType } from './one-name.ts'
import type { RecordType } from './record-type.ts'

/** RFC 1035 §3.3.11. */
export const NS: RecordType = oneNameType('NS', TYPE.NS, 'name server')
