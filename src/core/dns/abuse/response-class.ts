import { hashName } from '../table/name-hash.ts'
import type { Query } from '../answer/query.ts'

/**
 * Classes of answers beside the record types, which have the numbers up to 65,535. Answers of one
 * class to one network share a bucket.
 */
export const CLASS_OF = {
  /** Names that do not exist, by zone: there is no end of them. */
  NO_SUCH_NAME: 0x1_0000,
  /** Names that a wildcard, a delegation or an escape makes exist, by zone: no end of them. */
  MADE_UP: 0x1_0001,
  /** Types that a name does not have, by name: most numbers. */
  NO_DATA: 0x1_0002,
  /** All errors: what was asked does not matter. */
  ERROR: 0x1_0003,
} as const

const UNDERSCORE = 0x5f
const HYPHEN = 0x2d

/**
 * A hash of the name asked for, the labels before it that begin with `_` left out: `_one`,
 * `_http._tcp` and the like choose among the records of one name.
 */
export function hashBaseName(query: Query, key0: number, key1: number): number {
  const { key, keyView, labelAt, labelCount, nameLength } = query
  let label = 0
  while (label < labelCount && key[(labelAt[label] ?? 0) + 1] === UNDERSCORE) label++
  return hashName(keyView, labelAt[label] ?? 0, nameLength, key0, key1)
}

/** Whether a label has `--` in it: the start of an escape, so one of many spellings. */
export function isEscaped(query: Query): boolean {
  const { key, nameLength } = query
  for (let i = 1; i < nameLength; i++) {
    if (key[i] === HYPHEN && key[i - 1] === HYPHEN) return true
  }
  return false
}
