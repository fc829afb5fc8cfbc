import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader } from './wire.ts'

/** RFC 1183 §2.2: the mailbox of the responsible person, and where TXT records say more. */
export const RP: RecordType = {
  name: 'RP',
  number: TYPE.RP,
  parse: (fields, origin) =>
    joinOctets([fields.name('mailbox', origin), fields.name('text name', origin)]),
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const names = [formatName(reader.name()), formatName(reader.name())]
    reader.end()
    return names.join(' ')
  },
}
