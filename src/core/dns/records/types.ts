import { A } from './a.ts'
import { AAAA } from './aaaa.ts'
import { CAA } from './caa.ts'
import { CDNSKEY } from './cdnskey.ts'
import { CDS } from './cds.ts'
import { CNAME } from './cname.ts'
import { DNAME } from './dname.ts'
import { DNSKEY } from './dnskey.ts'
import { DS } from './ds.ts'
import { wrong, type Fields } from './fields.ts'
import { HINFO } from './hinfo.ts'
import { HTTPS } from './https.ts'
import { LOC } from './loc.ts'
import { MX } from './mx.ts'
import { NAPTR } from './naptr.ts'
import { NS } from './ns.ts'
import { nsecType } from './nsec.ts'
import { nsec3Type } from './nsec3.ts'
import { NSEC3PARAM } from './nsec3param.ts'
import { PTR } from './ptr.ts'
import type { RecordType } from './record-type.ts'
import { RP } from './rp.ts'
import { rrsigType } from './rrsig.ts'
import { SOA } from './soa.ts'
import { SRV } from './srv.ts'
import { SSHFP } from './sshfp.ts'
import { SVCB } from './svcb.ts'
import { TLSA } from './tlsa.ts'
import { TXT } from './txt.ts'
import { formatGeneric, GENERIC_MARK, parseGeneric } from './unknown.ts'
import { URI } from './uri.ts'

/** For the types whose data names types. */
const NAMES = { typeName, typeNumber }

/** Every type that zone files may name. A new one is one line here and one file beside it. */
export const RECORD_TYPES: readonly RecordType[] = [
  [A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, RP, AAAA, LOC, SRV, NAPTR, DNAME, DS, SSHFP],
  [rrsigType(NAMES), nsecType(NAMES), DNSKEY, nsec3Type(NAMES), NSEC3PARAM, TLSA],
  [CDS, CDNSKEY, SVCB, HTTPS, URI, CAA],
].flat()

const BY_NAME: ReadonlyMap<string, RecordType> = new Map(RECORD_TYPES.map((t) => [t.name, t]))
const BY_NUMBER: ReadonlyMap<number, RecordType> = new Map(RECORD_TYPES.map((t) => [t.number, t]))

export function recordType(type: number): RecordType | undefined {
  return BY_NUMBER.get(type)
}

/** `MX`, or `TYPE731` for any number (RFC 3597 §5). Case does not matter. */
export function typeNumber(text: string): number | undefined {
  const upper = text.toUpperCase()
  const known = BY_NAME.get(upper)
  if (known !== undefined) return known.number
  const match = /^TYPE(\d{1,5})$/.exec(upper)
  const number = Number(match?.[1] ?? Number.NaN)
  return number <= 0xffff ? number : undefined
}

export function typeName(type: number): string {
  return BY_NUMBER.get(type)?.name ?? `TYPE${type}`
}

/** The data of a record, in the type's own fields or in the generic form. */
export function parseRdata(type: number, fields: Fields, origin: Uint8Array): Uint8Array {
  const known = BY_NUMBER.get(type)
  const isGeneric = fields.takeIf(GENERIC_MARK) !== undefined
  if (known === undefined && !isGeneric) throw wrong(`TYPE${type} is only read as \\# length hex`)
  const rdata =
    known === undefined || isGeneric ? parseGeneric(fields) : known.parse(fields, origin)
  fields.end()
  // Generic data of a known type must be what the type says: formatting is the check.
  if (isGeneric) known?.format(rdata)
  return rdata
}

export function formatRdata(type: number, rdata: Uint8Array): string {
  return BY_NUMBER.get(type)?.format(rdata) ?? formatGeneric(rdata)
}
