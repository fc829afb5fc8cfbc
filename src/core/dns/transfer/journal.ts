import type { ZoneRecord } from '../zone/state.ts'
import type { Difference } from './rows.ts'
import { soaSerial } from './serial.ts'

/** From one version of a zone to a later one (RFC 1995 §4). */
export interface Delta extends Readonly<Difference> {
  /** The SOAs before and after. */
  readonly from: ZoneRecord
  readonly to: ZoneRecord
}

export interface JournalLimits {
  readonly entriesMax: number
  readonly bytesMax: number
}

/** Of one record beside its octets; measured on Node 26, rounded up. */
const RECORD_BYTES = 120
/** Of an entry without a record. */
const ENTRY_BYTES = 400

interface Entry {
  readonly delta: Delta
  readonly bytes: number
}

/** The last changes of one zone, the oldest first; bounded in entries and in bytes. */
export class Journal {
  readonly #limits: JournalLimits
  #entries: Entry[] = []
  #bytes = 0

  constructor(limits: JournalLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `delta` begins where the last one ended. */
  push(delta: Delta): void {
    const bytes = bytesOf(delta)
    this.#entries.push({ delta, bytes })
    this.#bytes += bytes
    const { entriesMax, bytesMax } = this.#limits
    let dropped = 0
    while (this.size - dropped > entriesMax || this.#bytes > bytesMax) {
      const oldest = this.#entries[dropped]
      if (oldest === undefined) break
      this.#bytes -= oldest.bytes
      dropped++
    }
    if (dropped > 0) this.#entries.splice(0, dropped)
  }

  /** What was before does not lead to what is now. */
  clear(): void {
    this.#entries = []
    this.#bytes = 0
  }

  /** All that led from that serial to the present; undefined when it is too old or unknown. */
  since(serial: number): readonly Delta[] | undefined {
    const at = this.#entries.findIndex(({ delta }) => soaSerial(delta.from.rdata) === serial)
    return at < 0 ? undefined : this.#entries.slice(at).map(({ delta }) => delta)
  }
}

function bytesOf({ removed, added }: Delta): number {
  let bytes = ENTRY_BYTES
  for (const { owner, rdata } of removed) bytes += RECORD_BYTES + owner.length + rdata.length
  for (const { owner, rdata } of added) bytes += RECORD_BYTES + owner.length + rdata.length
  return bytes
}
