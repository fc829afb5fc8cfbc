import type { ZoneRecord } from '../zone/state.ts'

/** A record without its owner: one row may stand under several names. */
export interface Row {
  readonly type: number
  /** Seconds. */
  readonly ttl: number
  /** Made when it is needed: most rows are only compared, by their keys. */
  encode(): Uint8Array
}

/** By a key that is equal for equal records of one owner, TTL included. */
export type Rows = ReadonlyMap<string, Row>

export const NO_ROWS: Rows = new Map()

/** What was taken from a zone and what was added to it. */
export interface Difference {
  readonly removed: ZoneRecord[]
  readonly added: ZoneRecord[]
}

/** Notes how the rows at all of the `owners` changed from `before` to `after`. */
export function compareRows(
  owners: readonly Uint8Array[],
  before: Rows,
  after: Rows,
  difference: Difference,
): void {
  if (owners.length === 0) return
  for (const [key, row] of before) if (!after.has(key)) spread(owners, row, difference.removed)
  for (const [key, row] of after) if (!before.has(key)) spread(owners, row, difference.added)
}

function spread(owners: readonly Uint8Array[], row: Row, records: ZoneRecord[]): void {
  const { type, ttl } = row
  const rdata = row.encode()
  for (const owner of owners) records.push({ owner, type, ttl, rdata })
}

export function recordOf(owner: Uint8Array, row: Row): ZoneRecord {
  const { type, ttl } = row
  return { owner, type, ttl, rdata: row.encode() }
}
