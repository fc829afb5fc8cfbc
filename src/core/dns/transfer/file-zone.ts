import { latin1, nameKey } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { ZoneRecord } from '../zone/state.ts'
import { Journal, type JournalLimits } from './journal.ts'
import type { ZoneVersion } from './plan.ts'
import { isNewer, soaSerial } from './serial.ts'

/** `stuck`: other records under a serial that is not newer, so no secondary will take them. */
export type FileChange = 'same' | 'newer' | 'stuck'

/** A zone from a file, for secondaries: all of the file, and what its versions differed in. */
export class FileZone {
  readonly apex: Uint8Array
  readonly journal: Journal
  #soa: ZoneRecord
  #records: ReadonlyMap<string, ZoneRecord>

  constructor(apex: Uint8Array, records: readonly ZoneRecord[], limits: JournalLimits) {
    this.apex = apex
    this.journal = new Journal(limits)
    this.#soa = soaIn(records)
    this.#records = keyed(records)
  }

  version(): ZoneVersion {
    const records = this.#records
    return {
      soa: this.#soa,
      recordCount: records.size,
      records: () => records.values(),
      since: (serial) => this.journal.since(serial),
    }
  }

  load(records: readonly ZoneRecord[]): FileChange {
    const from = this.#soa
    const to = soaIn(records)
    const next = keyed(records)
    const removed = [...this.#records].flatMap(([key, one]) => (next.has(key) ? [] : [one]))
    const added = [...next].flatMap(([key, one]) => (this.#records.has(key) ? [] : [one]))
    this.#soa = to
    this.#records = next
    if (isNewer(soaSerial(to.rdata), soaSerial(from.rdata))) {
      this.journal.push({ from, to, removed, added })
      return 'newer'
    }
    const isSame = removed.length === 0 && added.length === 0 && keyOf(from) === keyOf(to)
    if (isSame) return 'same'
    this.journal.clear()
    return 'stuck'
  }
}

/** A zone without an SOA is not loaded. */
function soaIn(records: readonly ZoneRecord[]): ZoneRecord {
  const soa = records.find(({ type }) => type === TYPE.SOA)
  return soa ?? { owner: new Uint8Array(1), type: TYPE.SOA, ttl: 0, rdata: new Uint8Array(22) }
}

function keyed(records: readonly ZoneRecord[]): ReadonlyMap<string, ZoneRecord> {
  const others = records.filter(({ type }) => type !== TYPE.SOA)
  return new Map(others.map((record) => [keyOf(record), record]))
}

function keyOf({ owner, type, ttl, rdata }: ZoneRecord): string {
  return `${nameKey(owner)} ${type} ${ttl} ${latin1(rdata)}`
}
