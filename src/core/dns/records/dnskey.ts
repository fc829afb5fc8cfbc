import { TYPE } from '../protocol.ts'
import { keyType } from './key-type.ts'
import type { RecordType } from './record-type.ts'

/** RFC 4034 §2: a key that the zone is signed with. */
export const DNSKEY: RecordType = keyType('DNSKEY', TYPE.DNSKEY)
