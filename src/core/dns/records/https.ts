import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { serviceBinding } from './service-binding.ts'

/** RFC 9460 §9: where and how a web origin is reached. */
export const HTTPS: RecordType = serviceBinding('HTTPS', TYPE.HTTPS)
