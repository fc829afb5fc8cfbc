import { CairnError } from '../../../kernel/errors.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { Fields, shorten, wrong, type Token } from '../records/fields.ts'
import { parseSeconds } from '../records/seconds.ts'
import { soaMinimum } from '../records/soa.ts'
import { parseRdata, typeNumber } from '../records/types.ts'
import { checkZone } from './check-zone.ts'
import { Findings, type PlacedRecord, type ZoneReading } from './state.ts'
import { tokenize, type Entry } from './tokenize.ts'

/** Characters of one file: far above any zone that is kept by hand. */
const TEXT_MAX = 256 * 1024 * 1024

/** RFC 2181 §8: 31 bits; anything above is to be treated as zero. */
const TTL_MAX = 0x7fff_ffff

/**
 * Reads a master file (RFC 1035 §5) of the zone at `apex` and checks it as a whole. All mistakes
 * are told, not only the first; `file` is only used to tell them.
 */
export function readZone(text: string, file: string, apex: Uint8Array): ZoneReading {
  const errors = new Findings(file)
  const warnings = new Findings(file)
  const reader = new EntryReader(apex, errors, warnings)
  if (text.length > TEXT_MAX)
    errors.add(undefined, `the file is longer than ${TEXT_MAX} characters`)
  else for (const entry of tokenize(text, errors)) reader.read(entry)
  const records = checkZone(reader.records, apex, errors, warnings)
  return { records, errors: errors.list(), warnings: warnings.list() }
}

/** What one entry leaves behind for the next ones: origin, owner, TTL. */
class EntryReader {
  readonly records: PlacedRecord[] = []
  readonly #errors: Findings
  readonly #warnings: Findings
  #origin: Uint8Array
  /** Of the entry before. Without a wire name it was wrong, which is told once, where it stands. */
  #owner: { readonly wire: Uint8Array | undefined } | undefined
  #defaultTtl: number | undefined
  #lastTtl: number | undefined

  constructor(apex: Uint8Array, errors: Findings, warnings: Findings) {
    this.#origin = apex
    this.#errors = errors
    this.#warnings = warnings
  }

  read(entry: Entry): void {
    const fields = new Fields(entry.tokens)
    try {
      if (isDirective(entry)) this.#directive(fields)
      else this.#record(fields, entry)
    } catch (error) {
      // A broken invariant is not the file's mistake.
      if (!(error instanceof CairnError)) throw error
      this.#errors.add(fields.last, error.message)
    }
  }

  #directive(fields: Fields): void {
    const { text } = fields.take('directive')
    switch (text.toUpperCase()) {
      case '$ORIGIN':
        this.#origin = fields.name('origin', this.#origin)
        break
      case '$TTL':
        this.#defaultTtl = this.#boundTtl(fields.seconds('TTL'), fields.last)
        break
      case '$INCLUDE':
      case '$GENERATE':
        throw wrong(`${text.toUpperCase()} is not supported yet`)
      default:
        throw wrong(`there is no directive "${shorten(text)}"`)
    }
    fields.end()
  }

  #record(fields: Fields, entry: Entry): void {
    const place = fields.peek()
    if (!entry.isOwnerBlank) this.#owner = { wire: undefined }
    if (this.#owner === undefined) throw wrong('there is no owner above to inherit')
    if (!entry.isOwnerBlank) this.#owner = { wire: fields.name('owner', this.#origin) }
    const owner = this.#owner.wire
    const explicitTtl = this.#ttlAndClass(fields)
    const type = takeType(fields)
    const rdata = parseRdata(type, fields, this.#origin)
    const ttl = explicitTtl ?? this.#inheritedTtl(type, rdata, place)
    this.#lastTtl = ttl
    if (owner !== undefined && place !== undefined) {
      this.records.push({ owner, type, ttl, rdata, place })
    }
  }

  /** Either may come first, both may be missing (RFC 1035 §5.1). */
  #ttlAndClass(fields: Fields): number | undefined {
    let ttl: number | undefined
    let isClassTold = false
    for (;;) {
      const token = fields.peek()
      if (token === undefined) return ttl
      const seconds = ttl === undefined ? parseSeconds(token.text) : undefined
      if (seconds !== undefined) {
        ttl = this.#boundTtl(seconds, fields.take('TTL'))
      } else if (!isClassTold && isClass(token.text)) {
        checkClass(fields.take('class').text)
        isClassTold = true
      } else {
        return ttl
      }
    }
  }

  /** `$TTL` (RFC 2308 §4), else the record before (RFC 1035 §5.1), else the SOA's own minimum. */
  #inheritedTtl(type: number, rdata: Uint8Array, place: Token | undefined): number {
    const inherited = this.#defaultTtl ?? this.#lastTtl
    if (inherited !== undefined) return inherited
    if (type !== TYPE.SOA) throw wrong('there is no TTL: write one, or a $TTL line above')
    this.#warnings.add(place, 'there is no TTL: the SOA minimum is used')
    return soaMinimum(rdata)
  }

  #boundTtl(seconds: number, place: Token | undefined): number {
    if (seconds <= TTL_MAX) return seconds
    this.#warnings.add(place, `TTL ${seconds} is above ${TTL_MAX}: 0 is used (RFC 2181 §8)`)
    return 0
  }
}

function isDirective(entry: Entry): boolean {
  const first = entry.tokens[0]
  return first !== undefined && first.text.startsWith('$') && !first.isQuoted && !entry.isOwnerBlank
}

function isClass(text: string): boolean {
  return /^(?:IN|CH|HS|CS|CLASS\d{1,5})$/i.test(text)
}

function checkClass(text: string): void {
  const upper = text.toUpperCase()
  if (upper === 'IN' || upper === `CLASS${CLASS.IN}`) return
  throw wrong(`class ${upper} is not served, only IN`)
}

function takeType(fields: Fields): number {
  const { text } = fields.take('record type')
  const type = typeNumber(text)
  if (type === undefined) throw wrong(`there is no record type "${shorten(text)}"`)
  if (isMetaType(type)) throw wrong(`type ${text.toUpperCase()} exists in queries only`)
  return type
}

/** RFC 6895 §3.1: 0, OPT, and the range of query and meta types. */
function isMetaType(type: number): boolean {
  return type === 0 || type === TYPE.OPT || (type >= 128 && type <= 255)
}
