import { EMPTY_SNAPSHOT, type ServiceRef, type Snapshot } from '../../registry/state.ts'
import type { AnswerPolicy } from '../compile/answer-policy.ts'
import type { NameServers } from '../compile/apex.ts'
import { latin1, lowerName } from '../name.ts'
import type { ZoneRecord } from '../zone/state.ts'
import type { JournalLimits } from './journal.ts'
import { LiveZone, ReverseZone } from './live-zone.ts'
import type { ZoneVersion } from './plan.ts'
import { FileZone, type FileChange } from './file-zone.ts'

export interface TransferZonesOptions extends Pick<AnswerPolicy, 'ttl' | 'namespaces'> {
  /** Zones of the registry, wire names; the first one names instances for PTR. */
  readonly zones: readonly Uint8Array[]
  readonly reverseZones: readonly Uint8Array[]
  /** Seconds. */
  readonly negativeTtl: number
  readonly failOpen: boolean
  readonly nameServers: NameServers
  readonly journal: JournalLimits
  /** What the registry counts from. */
  readonly firstRevision: number
}

/** What of all zones is sent to secondaries: their present version, and the changes before it. */
export class TransferZones {
  readonly #live: readonly LiveZone[]
  readonly #reverse: readonly ReverseZone[]
  readonly #files = new Map<string, FileZone>()
  readonly #journal: JournalLimits
  #snapshot: Snapshot

  constructor(options: TransferZonesOptions) {
    const { zones, reverseZones, journal, firstRevision, ...rest } = options
    this.#journal = journal
    this.#snapshot = { ...EMPTY_SNAPSHOT, revision: firstRevision }
    this.#live = zones.map(
      (apex) => new LiveZone({ ...rest, apex: lowerName(apex) }, journal, firstRevision),
    )
    const home = lowerName(zones[0] ?? new Uint8Array(1))
    this.#reverse = reverseZones.map(
      (apex) =>
        new ReverseZone(
          { apex: lowerName(apex), home, negativeTtl: rest.negativeTtl },
          journal,
          firstRevision,
        ),
    )
  }

  /** The registry as the zones have it. */
  get revision(): number {
    return this.#snapshot.revision
  }

  /** Entries and octets of all journals. */
  get journalSize(): { readonly entries: number; readonly bytes: number } {
    const journals = this.#all().map(({ journal }) => journal)
    return {
      entries: journals.reduce((sum, { size }) => sum + size, 0),
      bytes: journals.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  /** Lower-case wire names of all zones. */
  get apexes(): readonly Uint8Array[] {
    return this.#all().map(({ apex }) => apex)
  }

  /** Apexes of the registry's zones, which change with each of its revisions. */
  get liveApexes(): readonly Uint8Array[] {
    return [...this.#live, ...this.#reverse].map(({ apex }) => apex)
  }

  /** The present version of the zone with that key (lower case, one character per octet). */
  find(zone: string): ZoneVersion | undefined {
    return this.#all()
      .find(({ apex }) => latin1(apex) === zone)
      ?.version()
  }

  /**
   * Follows the registry to `target`; `refs` are the services that changed. Yields after each small
   * piece of work; what others see changes at the end, all zones at once.
   */
  *advance(target: Snapshot, refs: readonly ServiceRef[]): Generator<undefined, void> {
    const [first] = this.#live
    const finishers: (() => void)[] = []
    for (const zone of this.#live) {
      const advanced = yield* zone.advance(target, refs)
      const before = zone.image
      finishers.push(() => zone.accept(advanced, target.revision))
      if (zone !== first) continue
      for (const reverse of this.#reverse) {
        finishers.push(() => reverse.accept(before, advanced, target.revision))
      }
    }
    for (const finish of finishers) finish()
    this.#snapshot = target
  }

  /** A zone from a file, new or changed. */
  loadFile(apex: Uint8Array, records: readonly ZoneRecord[]): FileChange {
    const key = latin1(lowerName(apex))
    const zone = this.#files.get(key)
    if (zone !== undefined) return zone.load(records)
    this.#files.set(key, new FileZone(lowerName(apex), records, this.#journal))
    return 'newer'
  }

  unloadFile(apex: Uint8Array): void {
    this.#files.delete(latin1(lowerName(apex)))
  }

  #all(): readonly (LiveZone | ReverseZone | FileZone)[] {
    return [...this.#live, ...this.#reverse, ...this.#files.values()]
  }
}
