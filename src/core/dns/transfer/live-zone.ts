import type { ServiceRef, Snapshot } from '../../registry/state.ts'
import { apexSets, INFRASTRUCTURE_TTL } from '../compile/apex.ts'
import { octetsOf } from '../compile/address.ts'
import { reverseName } from '../compile/reverse-name.ts'
import { isSubdomain } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { ZoneRecord } from '../zone/state.ts'
import { Journal, type JournalLimits } from './journal.ts'
import { advance, type Advance } from './live-advance.ts'
import {
  emptyImage,
  imageRecords,
  recordsOf,
  soaOf,
  type LiveImage,
  type LiveZoneOptions,
} from './live-image.ts'
import type { Host } from './hosts.ts'
import type { ZoneVersion } from './plan.ts'
import type { Difference } from './rows.ts'
import { serialOf, withSerial } from './serial.ts'
import { hostName } from './service-rows.ts'

/** A zone of service names for secondaries. */
export class LiveZone {
  readonly apex: Uint8Array
  readonly journal: Journal
  readonly #options: LiveZoneOptions
  #soa: ZoneRecord
  #image: LiveImage

  constructor(options: LiveZoneOptions, limits: JournalLimits, revision: number) {
    this.apex = options.apex
    this.journal = new Journal(limits)
    this.#options = options
    this.#soa = atRevision(soaOf({ ...options, home: options.apex }), revision)
    this.#image = emptyImage(options)
  }

  get image(): LiveImage {
    return this.#image
  }

  version(): ZoneVersion {
    const image = this.#image
    return {
      soa: this.#soa,
      recordCount: image.recordCount,
      records: () => imageRecords(image, this.#options),
      since: (serial) => this.journal.since(serial),
    }
  }

  advance(target: Snapshot, refs: readonly ServiceRef[]): Generator<undefined, Advance> {
    return advance(this.#image, target, refs, this.#options)
  }

  accept({ image, difference }: Advance, revision: number): void {
    this.#soa = pushTo(this.journal, this.#soa, revision, difference)
    this.#image = image
  }
}

export interface ReverseZoneOptions {
  readonly apex: Uint8Array
  /** The zone that the instance names are in. */
  readonly home: Uint8Array
  readonly negativeTtl: number
}

/** PTR records of the registered addresses in one reverse zone. */
export class ReverseZone {
  readonly apex: Uint8Array
  readonly journal: Journal
  readonly #options: ReverseZoneOptions
  #soa: ZoneRecord
  #image: LiveImage | undefined
  #recordCount = 1

  constructor(options: ReverseZoneOptions, limits: JournalLimits, revision: number) {
    this.apex = options.apex
    this.journal = new Journal(limits)
    this.#options = options
    this.#soa = atRevision(soaOf(options), revision)
  }

  version(): ZoneVersion {
    const image = this.#image
    return {
      soa: this.#soa,
      recordCount: this.#recordCount,
      records: () => this.#records(image),
      since: (serial) => this.journal.since(serial),
    }
  }

  /** Follows the zone that its hosts come from. */
  accept(before: LiveImage, { image, hosts }: Advance, revision: number): void {
    const removed: ZoneRecord[] = []
    const added: ZoneRecord[] = []
    for (const label of hosts) {
      const old = before.hosts.get(label)
      const now = image.hosts.get(label)
      if (old === undefined && now !== undefined) added.push(...this.#pointer(label, now))
      if (old !== undefined && now === undefined) removed.push(...this.#pointer(label, old))
    }
    this.#soa = pushTo(this.journal, this.#soa, revision, { removed, added })
    this.#recordCount += added.length - removed.length
    this.#image = image
  }

  *#records(image: LiveImage | undefined): Iterable<ZoneRecord> {
    const sets = apexSets(this.#options).filter(({ type }) => type !== TYPE.SOA)
    yield* recordsOf(this.apex, sets)
    for (const [label, host] of image?.hosts ?? []) yield* this.#pointer(label, host)
  }

  /** None when the address is in another zone. */
  *#pointer(label: string, host: Host): Iterable<ZoneRecord> {
    const octets = octetsOf(host.ip)
    if (octets === undefined) return
    const owner = reverseName(octets)
    if (owner.length <= this.apex.length || !isSubdomain(owner, this.apex)) return
    const rdata = hostName(label, this.#options.home)
    yield { owner, type: TYPE.PTR, ttl: INFRASTRUCTURE_TTL, rdata }
  }
}

function atRevision(soa: ZoneRecord, revision: number): ZoneRecord {
  return { ...soa, rdata: withSerial(soa.rdata, serialOf(revision)) }
}

/** The SOA after the change. */
function pushTo(
  journal: Journal,
  from: ZoneRecord,
  revision: number,
  difference: Difference,
): ZoneRecord {
  const to = atRevision(from, revision)
  journal.push({ from, to, ...difference })
  return to
}
