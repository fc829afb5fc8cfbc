import type { ZoneRecord } from '../zone/state.ts'
import type { Delta } from './journal.ts'
import { isNewer, soaSerial } from './serial.ts'

/** One version of a zone, immutable while it is sent. */
export interface ZoneVersion {
  readonly soa: ZoneRecord
  /** Without the SOA. */
  readonly recordCount: number
  /** All but the SOA. */
  records(): Iterable<ZoneRecord>
  /** What led from that serial here, if it is still known. */
  since(serial: number): readonly Delta[] | undefined
}

export interface Plan {
  /** The whole zone, its changes, or the single SOA that says: nothing new. */
  readonly result: 'full' | 'delta' | 'current'
  readonly records: Iterable<ZoneRecord>
}

/** `serial`: what an IXFR's client has; undefined for AXFR. */
export function planTransfer(version: ZoneVersion, serial: number | undefined): Plan {
  const { soa } = version
  if (serial === undefined) return { result: 'full', records: wholeZone(version) }
  // RFC 1995 §2: the same or a newer serial gets the SOA alone.
  if (!isNewer(soaSerial(soa.rdata), serial)) return { result: 'current', records: [soa] }
  const deltas = version.since(serial)
  // More changes than records: the whole zone is less to send (RFC 1995 §4).
  if (deltas === undefined || countOf(deltas) > version.recordCount) {
    return { result: 'full', records: wholeZone(version) }
  }
  return { result: 'delta', records: changesOf(soa, deltas) }
}

/** RFC 5936 §2.2: the SOA first and last. */
function* wholeZone(version: ZoneVersion): Iterable<ZoneRecord> {
  yield version.soa
  yield* version.records()
  yield version.soa
}

/** RFC 1995 §4: old SOA, deletions, new SOA, additions; and the newest SOA around all. */
function* changesOf(soa: ZoneRecord, deltas: readonly Delta[]): Iterable<ZoneRecord> {
  yield soa
  for (const { from, removed, to, added } of deltas) {
    yield from
    yield* removed
    yield to
    yield* added
  }
  yield soa
}

function countOf(deltas: readonly Delta[]): number {
  return deltas.reduce((sum, { removed, added }) => sum + removed.length + added.length + 2, 0)
}
