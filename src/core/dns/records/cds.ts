import { TYPE } from '../protocol.ts'
import { digestType } from './digest-type.ts'
import type { RecordType } from './record-type.ts'

/** RFC 7344 §3.1: the DS that the child wants; `0 0 0 00` wants none (RFC 8078 §4). */
export const CDS: RecordType = digestType('CDS', TYPE.CDS)
