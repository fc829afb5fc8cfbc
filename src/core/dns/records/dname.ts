import { TYPE } from '../protocol.ts'
import { oneNameType } from './one-name.ts'
import type { RecordType } from './record-type.ts'

/** RFC 6672 §2.1: all that lies below the owner lies below the target. */
export const DNAME: RecordType = oneNameType('DNAME', TYPE.DNAME, 'target')
