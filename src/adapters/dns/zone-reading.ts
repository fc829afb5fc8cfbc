import { realpathSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { CairnError } from '../../kernel/errors.ts'
import { makeImage, type ZoneImage } from '../../core/dns/compile/zone-image.ts'
import type { IncludedFile } from '../../core/dns/zone/entry-reader.ts'
import { packRecords } from '../../core/dns/zone/packed-records.ts'
import { readZone } from '../../core/dns/zone/read-zone.ts'
import { formatZoneError } from '../../core/dns/zone/state.ts'

/** Octets of one file: far above any zone that is kept by hand. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

export interface ZoneRequest {
  readonly directory: string
  /** Name of the file in the directory. */
  readonly file: string
  /** Lower-cased. */
  readonly apex: Uint8Array
  /** The records themselves are asked for, too. */
  readonly wantsRecords: boolean
}

/** What came of a zone file; can be handed from thread to thread. */
export interface ZoneFileReading {
  /** Absent when there are errors. */
  readonly image?: ZoneImage
  /** As `packRecords` packs them. */
  readonly records?: Uint8Array<ArrayBuffer>
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  /** Paths of the files that it included, whether they could be read or not. */
  readonly included: readonly string[]
}

/** Reads the zone from its file and compiles it. The caller waits for as long as it takes. */
export function readZoneFile(request: ZoneRequest, text?: string): ZoneFileReading {
  const { directory, file, apex, wantsRecords } = request
  const included: string[] = []
  try {
    const reading = readZone(text ?? readText(join(directory, file)), file, apex, (path, from) =>
      include(directory, path, from ?? file, included),
    )
    const errors = reading.errors.map(formatZoneError)
    const warnings = reading.warnings.map(formatZoneError)
    if (errors.length > 0) return { errors, warnings, included }
    const records = wantsRecords ? { records: packRecords(reading.records) } : {}
    return { image: makeImage(apex, reading.records), ...records, errors, warnings, included }
  } catch (error) {
    if (!(error instanceof CairnError) && !isSystemError(error)) throw error
    return { errors: [`${file}: ${error.message}`], warnings: [], included }
  }
}

/** UTF-8 without looking whether it is: what is beyond ASCII stands in comments and texts. */
export function readText(path: string): string {
  const stats = statSync(path)
  // A pipe would be waited for, a device has no end.
  if (!stats.isFile()) throw new CairnError('invalid_argument', `${path} is not a file`)
  if (stats.size > FILE_BYTES_MAX) throw new CairnError('too_large', `${path} is too large`)
  return readFileSync(path, 'utf8')
}

/** A file beside or below the zone files, seen from the file that names it; nothing else. */
function include(directory: string, path: string, from: string, included: string[]): IncludedFile {
  const named = resolve(directory, dirname(from), path)
  included.push(named)
  try {
    const root = realpathSync(directory)
    const real = realpathSync(named)
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new CairnError('permission_denied', `${path} is outside the folder of the zone files`)
    }
    return { file: relative(resolve(directory), named), text: readText(real) }
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CairnError('not_found', `${path} cannot be read: ${error.message}`, { cause: error })
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
