import { CairnError } from '../../../kernel/errors.ts'
import { wrong } from '../records/fields.ts'
import { checkZone } from './check-zone.ts'
import { EntryReader, type Include } from './entry-reader.ts'
import { Findings, type ZoneReading } from './state.ts'

/** Characters of all files of a zone: far above any zone that is kept by hand. */
const TEXT_MAX = 256 * 1024 * 1024

/** Files and generated lines of a zone: an include that includes on and on ends here. */
const TEXTS_MAX = 4_000_000

/**
 * Reads a master file (RFC 1035 §5) of the zone at `apex` and checks it as a whole. All mistakes
 * are told, not only the first; `file` is only used to tell them.
 */
export function readZone(
  text: string,
  file: string,
  apex: Uint8Array,
  include: Include = includeNothing,
): ZoneReading {
  const errors = new Findings(file)
  const warnings = new Findings(file)
  const zone = { errors, warnings, include, records: [], admit: admission() }
  try {
    zone.admit(text)
    new EntryReader(zone, { origin: apex }).readText(text)
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    errors.add(undefined, error.message)
  }
  const records = checkZone(zone.records, apex, errors, warnings)
  return { records, errors: errors.list(), warnings: warnings.list() }
}

/** Counts what is read. */
function admission(): (text: string) => void {
  let characters = 0
  let texts = 0
  return (text) => {
    characters += text.length
    texts++
    if (characters > TEXT_MAX) throw tooLarge(`${TEXT_MAX} characters`)
    if (texts > TEXTS_MAX) throw tooLarge(`${TEXTS_MAX} files and generated lines`)
  }
}

function tooLarge(what: string): CairnError {
  return new CairnError('too_large', `the zone has more than ${what}`)
}

function includeNothing(): never {
  throw wrong('no file can be included here')
}
