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
  readonly line: number
  readonly column: number
}

/** A record that still knows where it was read. */
export interface PlacedRecord extends ZoneRecord {
  readonly place: Place
}

/** Told of one file; of what comes after it is only told that there is more. */
const FINDINGS_MAX = 1000

/** Collects what is wrong with one file and tells it in the order of the lines. */
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

  add(place: Place | undefined, message: string): void {
    if (this.isFull) {
      this.#isCut = true
      return
    }
    const { line, column } = place ?? { line: 1, column: 1 }
    this.#found.push({ file: this.#file, line, column, message })
  }

  list(): readonly ZoneError[] {
    const sorted = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column)
    const last = sorted.at(-1)
    if (!this.#isCut || last === undefined) return sorted
    return [...sorted, { ...last, message: 'and more' }]
  }
}

export function formatZoneError(error: ZoneError): string {
  return `${error.file}:${error.line}:${error.column}: ${error.message}`
}
