import { TYPE } from '../protocol.ts'
import { keyType } from './key-type.ts'
import type { RecordType } from './record-type.ts'

/** RFC 7344 §3.2: the key that the parent shall vouch for. */
export const CDNSKEY: RecordType = keyType('CDNSKEY', TYPE.CDNSKEY)
