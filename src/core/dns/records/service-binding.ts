import { formatName } from '../name.ts'
import type { RecordType } from './record-type.ts'
import { formatParams, takeParams } from './svc-params.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** SVCB and its kin (RFC 9460 §2.2): priority, target (never compressed), parameters. */
export function serviceBinding(name: string, number: number): RecordType {
  return {
    name,
    number,
    parse: (fields, origin) => {
      const priority = fields.whole('priority', 0xffff)
      const target = fields.name('target', origin)
      return joinOctets([u16(priority), target, takeParams(fields)])
    },
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const head = `${reader.u16()} ${formatName(reader.name())}`
      return [head, ...formatParams(reader)].join(' ')
    },
  }
}
