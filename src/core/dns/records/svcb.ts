import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { serviceBinding } from './service-binding.ts'

/** RFC 9460 §2: where and how a service is reached. */
export const SVCB: RecordType = serviceBinding('SVCB', TYPE.SVCB)
