import { formatName } from '../name.ts'
import { typeName } from '../records/types.ts'

/** One record of class IN, as it is answered: names in the data are not compressed. */
export interface ZoneRecord {
  readonly owner: Uint8Array
  readonly type: number
  /** Seconds. */
  readonly ttl: number
  readonly rdata: Uint8Array
}

/** A mistake, or a warning, and where it is. Lines and columns count from 1. */
export interface ZoneError {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface ZoneReading {
  /** What could be read. Not a zone to serve while there are errors: keep the old version. */
  readonly records: readonly ZoneRecord[]
  readonly errors: readonly ZoneError[]
  readonly warnings: readonly ZoneError[]
}

export interface Place {
  /** Which file, where it is not the zone's own. */
  readonly file?: string | undefined
  readonly line: number
  readonly column: number
}

/** A record that still knows where it was read. */
export interface PlacedRecord extends ZoneRecord {
  readonly place: Place
}

/** All records of one owner and type. */
export interface RecordSet {
  /** In the order of the file, without doubles. */
  readonly records: PlacedRecord[]
  ttl: number
  /** The data of `records`, once there is more than one. */
  told: Set<string> | undefined
}

/** The sets of one owner, by type or by the type that they sign. */
export type ZoneNode = Map<number, RecordSet>

export function describe(record: ZoneRecord): string {
  return `${formatName(record.owner)} ${typeName(record.type)}`
}

/** Told of one zone; of what comes after it is only told that there is more. */
const FINDINGS_MAX = 1000

/** Collects what is wrong with one zone and tells it file by file, in the order of the lines. */
export class Findings {
  readonly #file: string
  readonly #found: ZoneError[] = []
  #isCut = false

  constructor(file: string) {
    this.#file = file
  }

  get isFull(): boolean {
    return this.#found.length >= FINDINGS_MAX
  }

  /** There was more than is told. */
  get isCut(): boolean {
    return this.#isCut
  }

  add(place: Place | undefined, message: string): void {
    if (this.isFull) {
      this.#isCut = true
      return
    }
    const { file = this.#file, line, column } = place ?? { line: 1, column: 1 }
    this.#found.push({ file, line, column, message })
  }

  list(): readonly ZoneError[] {
    const sorted = this.#found.toSorted(
      (a, b) => this.#rank(a, b) || a.line - b.line || a.column - b.column,
    )
    const last = sorted.at(-1)
    if (!this.#isCut || last === undefined) return sorted
    return [...sorted, { ...last, message: 'and more' }]
  }

  /** The zone's own file comes first. */
  #rank(a: ZoneError, b: ZoneError): number {
    if (a.file === b.file) return 0
    if (a.file === this.#file) return -1
    return b.file === this.#file || a.file > b.file ? 1 : -1
  }
}

export function formatZoneError(error: ZoneError): string {
  return `${error.file}:${error.line}:${error.column}: ${error.message}`
}
