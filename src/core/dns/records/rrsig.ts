import { formatName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { takeAlgorithm } from './algorithms.ts'
import { shorten, wrong } from './fields.ts'
import { takeBase64 } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { formatTimestamp, takeTimestamp } from './timestamp.ts'
import type { TypeNames } from './type-bitmap.ts'
import { joinOctets, RdataReader, u16, u32 } from './wire.ts'

/**
 * RFC 4034 §3: type covered, algorithm, labels, original TTL, expiration, inception, key tag,
 * signer, signature.
 */
export function rrsigType(names: TypeNames): RecordType {
  return {
    name: 'RRSIG',
    number: TYPE.RRSIG,
    parse: (fields, origin) => {
      const { text } = fields.take('type covered')
      const covered = names.typeNumber(text)
      if (covered === undefined) throw wrong(`there is no record type "${shorten(text)}"`)
      return joinOctets([
        u16(covered),
        [takeAlgorithm(fields), fields.whole('labels', 0xff)],
        u32(fields.seconds('original TTL')),
        u32(takeTimestamp(fields, 'expiration')),
        u32(takeTimestamp(fields, 'inception')),
        u16(fields.whole('key tag', 0xffff)),
        fields.name('signer', origin),
        takeBase64(fields, 'signature'),
      ])
    },
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const head = [names.typeName(reader.u16()), reader.u8(), reader.u8(), reader.u32()]
      const times = [formatTimestamp(reader.u32()), formatTimestamp(reader.u32())]
      const signer = [reader.u16(), formatName(reader.name())]
      if (!reader.hasMore) throw wrong('the signature is missing')
      return [...head, ...times, ...signer, reader.rest().toBase64()].join(' ')
    },
  }
}

/** The type that a signature covers: the first field of its data. */
export function coveredType(rdata: Uint8Array): number {
  return new RdataReader(rdata).u16()
}
