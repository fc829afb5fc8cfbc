import { latin1 } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { wrong } from './fields.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, quote, RdataReader } from './wire.ts'

/** RFC 8659 §4.1: flags, tag, value. The value has no length octet: it reaches to the end. */
export const CAA: RecordType = {
  name: 'CAA',
  number: TYPE.CAA,
  parse: (fields) => {
    const flags = fields.whole('flags', 0xff)
    const tag = fields.characterString('tag')
    checkTag(Uint8Array.from(tag.slice(1)))
    return joinOctets([[flags], tag, fields.octets('value')])
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const flags = reader.u8()
    const tag = checkTag(reader.take(reader.u8()))
    return `${flags} ${tag} ${quote(reader.rest())}`
  },
}

function checkTag(octets: Uint8Array): string {
  const tag = latin1(octets)
  if (!/^[a-zA-Z0-9]+$/.test(tag)) throw wrong('tag must be ASCII letters and digits')
  return tag
}
