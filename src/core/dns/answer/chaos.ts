import { encodeStrings } from '../compile/text-record.ts'
import { lowerName, parseName } from '../name.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { POINTER, type Message } from './message.ts'
import type { Query } from './query.ts'

const QNAME = 12

/** Class CH: who this server is (RFC 4892); TTL 0. */
export class Chaos {
  readonly #names: readonly Row[]

  constructor(version: string, host: string) {
    this.#names = [
      row('version.bind.', version),
      row('version.server.', version),
      row('hostname.bind.', host),
      row('id.server.', host),
    ]
  }

  /** False when the question is none of the four. */
  write(message: Message, query: Query): boolean {
    const found = this.#names.find(({ name }) => isKey(query, name))
    if (found === undefined) return false
    if (query.type !== TYPE.TXT && query.type !== TYPE.ANY) return false
    if (12 + found.rdata.length > message.room) {
      message.isTruncated = true
      return true
    }
    message.u16(POINTER | QNAME)
    message.u16(TYPE.TXT)
    message.u16(CLASS.CH)
    message.u32(0)
    message.u16(found.rdata.length)
    for (const octet of found.rdata) message.u8(octet)
    message.answers++
    return true
  }
}

interface Row {
  readonly name: Uint8Array
  readonly rdata: Uint8Array
}

function row(name: string, text: string): Row {
  return { name: lowerName(parseName(name)), rdata: encodeStrings([text]) }
}

function isKey(query: Query, name: Uint8Array): boolean {
  if (query.nameLength !== name.length) return false
  for (let i = 0; i < name.length; i++) if (query.key[i] !== name[i]) return false
  return true
}
