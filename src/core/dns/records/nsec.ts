import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { formatTypes, takeTypes, type TypeNames } from './type-bitmap.ts'
import { joinOctets, RdataReader } from './wire.ts'

/** RFC 4034 §4: the next name of the zone, and the types that exist at this one. */
export function nsecType(names: TypeNames): RecordType {
  return {
    name: 'NSEC',
    number: TYPE.NSEC,
    parse: (fields, origin) =>
      joinOctets([fields.name('next name', origin), takeTypes(fields, names)]),
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      return [formatName(reader.name()), ...formatTypes(reader, names)].join(' ')
    },
  }
}
