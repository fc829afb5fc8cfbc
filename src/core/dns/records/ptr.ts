import { TYPE } from '../protocol.ts'
import { oneNameType } from './one-name.ts'
import type { RecordType } from './record-type.ts'

/** RFC 1035 §3.3.12. */
export const PTR: RecordType = oneNameType('PTR', TYPE.PTR, 'pointed name')
