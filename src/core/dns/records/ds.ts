import { TYPE } from '../protocol.ts'
import { digestType } from './digest-type.ts'
import type { RecordType } from './record-type.ts'

/** RFC 4034 §5: the digest of a child zone's key, told by the parent. */
export const DS: RecordType = digestType('DS', TYPE.DS)
