import { CairnError } from '../../kernel/errors.ts'
import { NO_METADATA, type Metadata } from '../registry/state.ts'
import { parseJsonObjectAsText, scalarText } from './json.ts'
import * as texts from './texts.ts'

/** Bounds of one map of metadata. */
export interface MetadataLimits {
  readonly keysMax: number
  /** Keys and values together, in bytes of UTF-8. */
  readonly bytesMax: number
}

/** A JSON object, or `k1=v1,k2=v2`. Blank and the JSON `null` are empty. */
export function parseMetadata(text: string, limits: MetadataLimits): Metadata {
  if (text === '' || text === 'null') return NO_METADATA
  // One character may take six in JSON (\u0041): beyond that no reading can get within the bound.
  if (text.length > 6 * limits.bytesMax + 8 * limits.keysMax) throw tooLong(limits)
  if (!text.startsWith('{')) return withinLimits(parsePairs(text), limits)
  const members = parseJsonObjectAsText(text)
  if (members === undefined) throw incorrect(text)
  return metadataOf(members, limits)
}

/** The metadata of a parsed JSON object: scalars become text, `null` is left out. */
export function metadataOf(
  members: ReadonlyMap<string, unknown>,
  limits: MetadataLimits,
): Metadata {
  if (members.size === 0) return NO_METADATA
  const metadata = new Map<string, string>()
  for (const [key, value] of members) {
    if (value === null || value === undefined) continue
    const text = scalarText(value)
    if (text === undefined) throw incorrect(key)
    metadata.set(key, text)
  }
  return withinLimits(metadata, limits)
}

/** As Java's `split` has it: empty pieces at the end do not count, `k=` has no value. */
function parsePairs(text: string): Metadata {
  const metadata = new Map<string, string>()
  for (const piece of text.replace(/,+$/, '').split(',')) {
    const [key = '', value = '', extra] = piece.split('=', 3)
    if (value === '' || extra !== undefined) throw incorrect(text)
    metadata.set(key.trim(), value.trim())
  }
  return metadata
}

function withinLimits(metadata: Metadata, limits: MetadataLimits): Metadata {
  if (metadata.size > limits.keysMax) {
    throw new CairnError('invalid_argument', texts.metadataTooMany(limits.keysMax))
  }
  let bytes = 0
  for (const [key, value] of metadata) bytes += utf8Length(key) + utf8Length(value)
  if (bytes > limits.bytesMax) throw tooLong(limits)
  return metadata
}

/** Bytes of UTF-8; a surrogate pair counts 2 + 2. */
function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

function incorrect(text: string): CairnError {
  return new CairnError('invalid_argument', texts.metadataIncorrect(text))
}

function tooLong(limits: MetadataLimits): CairnError {
  return new CairnError('invalid_argument', texts.metadataTooLong(limits.bytesMax))
}
