import { TYPE } from '../protocol.ts'
import { shorten, wrong, type Fields } from './fields.ts'
import { decodeBase32Hex, encodeBase32Hex, saltText, takeSalt } from './octet-text.ts'
import type { RecordType } from './record-type.ts'
import { formatTypes, takeTypes, type TypeNames } from './type-bitmap.ts'
import { joinOctets, RdataReader, u16 } from './wire.ts'

/** RFC 5155 §3: hash, flags, iterations, salt, the next hash, the types that exist. */
export function nsec3Type(names: TypeNames): RecordType {
  return {
    name: 'NSEC3',
    number: TYPE.NSEC3,
    parse: (fields) => {
      const head = takeNsec3Head(fields)
      const { text } = fields.take('next hash')
      const next = decodeBase32Hex(text)
      if (next === undefined || next.length === 0 || next.length > 255) {
        throw wrong(`next hash must be base32hex, got "${shorten(text)}"`)
      }
      return joinOctets([head, [next.length], next, takeTypes(fields, names)])
    },
    format: (rdata) => {
      const reader = new RdataReader(rdata)
      const head = formatNsec3Head(reader)
      const next = reader.take(reader.u8())
      if (next.length === 0) throw wrong('the next hash is empty')
      return [head, encodeBase32Hex(next).toUpperCase(), ...formatTypes(reader, names)].join(' ')
    },
  }
}

/** The fields that NSEC3 shares with NSEC3PARAM (RFC 5155 §4). */
export function takeNsec3Head(fields: Fields): Uint8Array {
  const head = [fields.whole('hash algorithm', 0xff), fields.whole('flags', 0xff)]
  const iterations = u16(fields.whole('iterations', 0xffff))
  const salt = takeSalt(fields)
  return joinOctets([head, iterations, [salt.length], salt])
}

export function formatNsec3Head(reader: RdataReader): string {
  const numbers = [reader.u8(), reader.u8(), reader.u16()]
  return `${numbers.join(' ')} ${saltText(reader.take(reader.u8()))}`
}
