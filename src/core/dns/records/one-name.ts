import { formatName } from '../name.ts'
import type { RecordType } from './record-type.ts'
import { RdataReader } from './wire.ts'

/** A type whose data is one domain name and nothing else. */
export function oneNameType(name: string, number: number, what: string): RecordType {
  return {
    name,
    number,
    nameAt: 0,
    parse: (fields, origin) => fields.name(what, origin),
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const target = reader.name()
      reader.end()
      return formatName(target)
    },
  }
}
