import { TYPE } from '../protocol.ts'
import { oneNameType } from './one-name.ts'
import type { RecordType } from './record-type.ts'

/** RFC 1035 §3.3.1. */
export const CNAME: RecordType = oneNameType('CNAME', TYPE.CNAME, 'canonical name')
