import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u32 } from './wire.ts'

/** RFC 1035 §3.3.13: primary, mailbox, serial; refresh, retry, expire and minimum in seconds. */
export const SOA: RecordType = {
  name: 'SOA',
  number: TYPE.SOA,
  parse: (fields, origin) =>
    joinOctets([
      fields.name('primary server', origin),
      fields.name('mailbox', origin),
      u32(fields.whole('serial', 0xffff_ffff)),
      u32(fields.seconds('refresh')),
      u32(fields.seconds('retry')),
      u32(fields.seconds('expire')),
      u32(fields.seconds('minimum')),
    ]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const names = [formatName(reader.name()), formatName(reader.name())]
    const numbers = Array.from({ length: 5 }, () => reader.u32())
    reader.end()
    return [...names, ...numbers].join(' ')
  },
}

/** The last field: how long a negative answer lives, in seconds (RFC 2308 §4). */
export function soaMinimum(rdata: Uint8Array): number {
  return new RdataReader(rdata.subarray(-4)).u32()
}
