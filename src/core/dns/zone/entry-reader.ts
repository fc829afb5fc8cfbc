import { CairnError } from '../../../kernel/errors.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { Fields, shorten, wrong, type Token } from '../records/fields.ts'
import { parseSeconds } from '../records/seconds.ts'
import { soaMinimum } from '../records/soa.ts'
import { parseRdata, typeNumber } from '../records/types.ts'
import { generateLines, parseGeneration } from './generate.ts'
import { Findings, type Place, type PlacedRecord } from './state.ts'
import { tokenize, type Entry } from './tokenize.ts'

/** RFC 2181 §8: 31 bits; anything above is to be treated as zero. */
const TTL_MAX = 0x7fff_ffff

/** Files inside files inside files. */
const DEPTH_MAX = 8

/** The text of a file that a zone names, and how that file is told in errors. */
export interface IncludedFile {
  readonly file: string
  readonly text: string
}

/**
 * Gives the file that `$INCLUDE` names; `from` is the file that has the line, undefined for the
 * zone's own. Throws a `CairnError` that says why there is none.
 */
export type Include = (path: string, from: string | undefined) => IncludedFile

/** What the files of one zone have in common. */
export interface ZoneFile {
  readonly errors: Findings
  readonly warnings: Findings
  readonly include: Include
  readonly records: PlacedRecord[]
  /** Looks at a text before it is read; throws `too_large` when it is all too much. */
  readonly admit: (text: string) => void
}

/** What one entry leaves behind for the next ones. */
interface Scope {
  readonly file: string | undefined
  readonly depth: number
  origin: Uint8Array
  /** Of the entry before. Without a wire name it was wrong, which is told once, where it stands. */
  owner: { readonly wire: Uint8Array | undefined } | undefined
  defaultTtl: number | undefined
  lastTtl: number | undefined
}

/** Reads the entries of one file, and of those it includes, into records. */
export class EntryReader {
  readonly #zone: ZoneFile
  readonly #scope: Scope

  constructor(zone: ZoneFile, scope: Pick<Scope, 'origin'> & Partial<Scope>) {
    this.#zone = zone
    const fresh = { owner: undefined, defaultTtl: undefined, lastTtl: undefined }
    this.#scope = { file: undefined, depth: 0, ...fresh, ...scope }
  }

  readText(text: string): void {
    const { file } = this.#scope
    for (const entry of tokenize(text, this.#zone.errors, file)) {
      this.#read(entry)
      // Whoever has so much to mend is not helped by more; an include that includes ends here, too.
      if (this.#zone.errors.isCut) return
    }
  }

  #read(entry: Entry): void {
    const fields = new Fields(entry.tokens)
    try {
      if (isDirective(entry)) this.#directive(fields)
      else this.#record(fields, entry.isOwnerBlank, fields.peek())
    } catch (error) {
      this.#fail(error, fields.last)
    }
  }

  /** A broken invariant is not the file's mistake, and what is too large ends the whole reading. */
  #fail(error: unknown, place: Place | undefined): void {
    if (!(error instanceof CairnError) || error.code === 'too_large') throw error
    this.#zone.errors.add(place, error.message)
  }

  #directive(fields: Fields): void {
    const { text } = fields.take('directive')
    const scope = this.#scope
    switch (text.toUpperCase()) {
      case '$ORIGIN':
        scope.origin = fields.name('origin', scope.origin)
        break
      case '$TTL':
        scope.defaultTtl = this.#boundTtl(fields.seconds('TTL'), fields.last)
        break
      case '$INCLUDE':
        this.#include(fields)
        break
      case '$GENERATE':
        this.#generate(fields)
        break
      default:
        throw wrong(`there is no directive "${shorten(text)}"`)
    }
    fields.end()
  }

  /**
   * `$INCLUDE file [origin]` (RFC 1035 §5.1). What the file sets for itself (origin, owner, TTL)
   * ends with it; RFC 1035 says so of the origin, the others follow.
   */
  #include(fields: Fields): void {
    const scope = this.#scope
    const name = fields.take('file')
    const origin = fields.hasMore ? fields.name('origin', scope.origin) : scope.origin
    if (scope.depth >= DEPTH_MAX) throw wrong(`files are included ${DEPTH_MAX} deep, not deeper`)
    try {
      const { file, text } = this.#zone.include(name.text, scope.file)
      this.#zone.admit(text)
      const inner = { ...scope, file, depth: scope.depth + 1, origin, owner: undefined }
      new EntryReader(this.#zone, inner).readText(text)
    } catch (error) {
      this.#fail(error, name)
    }
  }

  /** Each line is read as if it stood in the file; the first wrong one ends it. */
  #generate(fields: Fields): void {
    const place = fields.last
    for (const line of generateLines(parseGeneration(fields))) {
      this.#zone.admit(line)
      const errors = new Findings('')
      const [entry] = tokenize(line, errors)
      const [error] = errors.list()
      if (error !== undefined) throw wrong(`"${shorten(line)}": ${error.message}`)
      try {
        if (entry !== undefined) this.#record(new Fields(entry.tokens), false, place)
      } catch (error) {
        if (!(error instanceof CairnError)) throw error
        throw wrong(`"${shorten(line)}": ${error.message}`)
      }
    }
  }

  #record(fields: Fields, isOwnerBlank: boolean, place: Place | undefined): void {
    const scope = this.#scope
    if (!isOwnerBlank) scope.owner = { wire: undefined }
    if (scope.owner === undefined) throw wrong('there is no owner above to inherit')
    if (!isOwnerBlank) scope.owner = { wire: fields.name('owner', scope.origin) }
    const owner = scope.owner.wire
    const explicitTtl = this.#ttlAndClass(fields)
    const type = takeType(fields)
    const rdata = parseRdata(type, fields, scope.origin)
    const ttl = explicitTtl ?? this.#inheritedTtl(type, rdata, place)
    scope.lastTtl = ttl
    if (owner === undefined || place === undefined) return
    const { file, line, column } = place
    this.#zone.records.push({ owner, type, ttl, rdata, place: { file, line, column } })
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
  #inheritedTtl(type: number, rdata: Uint8Array, place: Place | undefined): number {
    const inherited = this.#scope.defaultTtl ?? this.#scope.lastTtl
    if (inherited !== undefined) return inherited
    if (type !== TYPE.SOA) throw wrong('there is no TTL: write one, or a $TTL line above')
    this.#zone.warnings.add(place, 'there is no TTL: the SOA minimum is used')
    return soaMinimum(rdata)
  }

  #boundTtl(seconds: number, place: Token | undefined): number {
    if (seconds <= TTL_MAX) return seconds
    this.#zone.warnings.add(place, `TTL ${seconds} is above ${TTL_MAX}: 0 is used (RFC 2181 §8)`)
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
