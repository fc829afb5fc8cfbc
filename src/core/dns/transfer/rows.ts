import type { ZoneRecord } from '../zone/state.ts'

/** A record without its owner: one row may stand under several names. */
export interface Row {
  readonly type: number
  /** Seconds. */
  readonly ttl: number
  readonly rdata: Uint8Array
}

/** By a key that is equal for equal records of one owner, TTL included. */
export type Rows = ReadonlyMap<string, Row>

export const NO_ROWS: Rows = new Map()

/** What was taken from a zone and what was added to it. */
export interface Difference {
  readonly removed: ZoneRecord[]
  readonly added: ZoneRecord[]
}

/** Notes how the rows at `owner` changed from `before` to `after`. */
export function compareRows(
  owner: Uint8Array,
  before: Rows,
  after: Rows,
  difference: Difference,
): void {
  for (const [key, row] of before) if (!after.has(key)) difference.removed.push({ owner, ...row })
  for (const [key, row] of after) if (!before.has(key)) difference.added.push({ owner, ...row })
}
