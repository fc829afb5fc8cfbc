import type { Fields } from './fields.ts'

/** What a record type knows of its data. Names in wire data are never compressed here. */
export interface RecordType {
  /** As in zone files, upper case. */
  readonly name: string
  /** IANA registry "Resource Record (RR) TYPEs". */
  readonly number: number
  /** Where the one domain name in the data starts; it reaches to the end. */
  readonly nameAt?: number
  /** Fields of a zone file → wire data. Takes its own fields; the caller checks for left-overs. */
  parse(fields: Fields, origin: Uint8Array): Uint8Array
  /** Wire data → fields of a zone file; refuses data that is not exactly of this type. */
  format(rdata: Uint8Array): string
}
