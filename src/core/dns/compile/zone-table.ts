import { CairnError } from '../../../kernel/errors.ts'
import { findService, type Service, type ServiceRef, type Snapshot } from '../../registry/state.ts'
import { formatName, isSubdomain, latin1, lowerName } from '../name.ts'
import type { ZoneRecord } from '../zone/state.ts'
import type { TableMemory } from '../table/memory.ts'
import type { AnswerPolicy } from './answer-policy.ts'
import { putDynamicApex, putNameServer, type NameServers } from './apex.ts'
import { DynamicZone } from './dynamic-zone.ts'
import { HostNames } from './host-names.ts'
import { ShardedMap } from './sharded-map.ts'
import { StaticZone, type ZoneChange } from './static-zone.ts'
import { TableWriter } from './table-writer.ts'
import { makeImage, type ZoneImage } from './zone-image.ts'

export interface ZoneTableSettings extends AnswerPolicy {
  /** Zones of the registry, wire names; the first one names instances for PTR. */
  readonly zones: readonly Uint8Array[]
  readonly reverseZones: readonly Uint8Array[]
  /** Seconds. */
  readonly negativeTtl: number
  readonly failOpen: boolean
  readonly nameServers: NameServers
}

/**
 * What the DNS workers answer from, for the control plane: follows the registry service by service
 * and the zone files zone by zone. Pure: it writes shared memory and nothing else.
 */
export class ZoneTable {
  readonly #writer: TableWriter
  readonly #zones: readonly DynamicZone[]
  readonly #hosts: HostNames
  readonly #statics = new Map<string, StaticZone>()
  readonly #dynamicApexes: readonly Uint8Array[]
  /** Services as last published, to tell which instances changed. */
  readonly #published = new ShardedMap<Service>()

  constructor(memory: TableMemory, settings: ZoneTableSettings) {
    checkApart(settings.zones, settings.reverseZones)
    const writer = new TableWriter(memory)
    this.#writer = writer
    const zones = settings.zones.map((apex) => ({ zone: writer.openZone(), apex: lowerName(apex) }))
    const reverse = settings.reverseZones.map((apex) => ({
      zone: writer.openZone(),
      apex: lowerName(apex),
    }))
    this.#dynamicApexes = [...zones, ...reverse].map(({ apex }) => apex)
    const home = zones[0]?.apex ?? new Uint8Array(1)
    const { negativeTtl, nameServers } = settings
    for (const id of zones) {
      putDynamicApex(writer, { ...id, home: id.apex, negativeTtl })
      putNameServer(writer, id.zone, id.apex, nameServers)
    }
    for (const id of reverse) putDynamicApex(writer, { ...id, home, negativeTtl })
    this.#zones = zones.map((id) => new DynamicZone(writer, { ...settings, ...id }))
    const homes = zones.map((id, i) => ({ id, ancestors: this.#zones[i]?.ancestors }))
    this.#hosts = new HostNames(
      writer,
      homes.flatMap(({ id, ancestors }) => (ancestors === undefined ? [] : [{ id, ancestors }])),
      reverse,
    )
  }

  get nameCount(): number {
    return this.#writer.nameCount
  }

  /** Slots of the name index. */
  get nameSlots(): number {
    return this.#writer.nameSlots
  }

  /** The serial that answers stand for now. */
  get serial(): number {
    return this.#writer.serial
  }

  get usedBytes(): number {
    return this.#writer.arena.usedBytes
  }

  /** Of those: what is replaced already, and waits until no worker can be reading it. */
  get waitingBytes(): number {
    return this.#writer.arena.waitingBytes
  }

  /** The most that was ever in use, with the gaps between: so much memory the table takes. */
  get reachedBytes(): number {
    return this.#writer.arena.reachedBytes
  }

  get reservedBytes(): number {
    return this.#writer.memory.bytes.length
  }

  get collisions(): number {
    return this.#zones[0]?.collisions ?? 0
  }

  get unpublished(): number {
    return this.#zones[0]?.unpublished ?? 0
  }

  /** From now on names that are not in the table do not exist; before, nobody knows. */
  setReady(isReady: boolean): void {
    this.#writer.setReady(isReady)
  }

  /** The service as the snapshot has it. Throws `too_large` when the table is full. */
  publish(ref: ServiceRef, snapshot: Snapshot): void {
    const id = `${ref.namespace}\n${ref.group}\n${ref.name}`
    const after = findService(snapshot, ref)
    const before = this.#published.get(id)
    if (before === after) return
    for (const zone of this.#zones) zone.publish(ref, after)
    if (after === undefined) this.#published.delete(id)
    else this.#published.set(id, after)
    if (ref.namespace === 'ns') this.#writer.setNsTaken(snapshot.namespaces.has(ref.namespace))
    this.#hosts.update(before, after)
  }

  /** Frees what no worker reads any more; for rounds in which nothing is published. */
  reclaim(): void {
    this.#writer.reclaim()
  }

  /** After a round of `publish`: the serial that the answers now stand for. */
  settle(revision: number): void {
    this.#writer.setSerial(revision)
    this.#writer.reclaim()
  }

  /**
   * A zone from a file, new or changed. It cannot be or stand in a zone of the registry
   * (`conflict`). Throws `too_large` when the table is full; then all is as it was.
   */
  loadStatic(apex: Uint8Array, records: readonly ZoneRecord[]): void {
    drain(this.installStatic(makeImage(apex, records)))
  }

  unloadStatic(apex: Uint8Array): void {
    drain(this.removeStatic(apex))
  }

  /**
   * As `loadStatic`, in slices: others may work between them, but no other zone file may come or
   * go. Readers see the old version up to one slice, in which all pointers are swapped (0.1 µs per
   * changed name), and then the new one. A query that looks at several names in that slice (a chain
   * of aliases, a proof) may see some of both.
   */
  *installStatic(image: ZoneImage): Generator<undefined, void> {
    const { apex } = image
    const outer = this.#dynamicApexes.find((one) => isSubdomain(apex, one))
    if (outer !== undefined) {
      const names = `${formatName(apex)} stands in ${formatName(outer)}`
      throw new CairnError('conflict', `${names}, a zone of the registry: it has no zone file`)
    }
    const id = latin1(apex)
    // The number of a zone stays with its apex for ever: there are few of them.
    const zone = this.#statics.get(id) ?? new StaticZone(this.#writer, apex)
    this.#statics.set(id, zone)
    yield* this.#change(zone, image)
  }

  /** As `unloadStatic`, in slices. */
  *removeStatic(apex: Uint8Array): Generator<undefined, void> {
    const zone = this.#statics.get(latin1(lowerName(apex)))
    if (zone?.isLoaded === true) yield* this.#change(zone, undefined)
  }

  /** A zone, and those around it, whose names are others when it comes or goes. */
  *#change(zone: StaticZone, image: ZoneImage | undefined): Generator<undefined, void> {
    const changes: ZoneChange[] = []
    try {
      changes.push(yield* zone.build(image, this.#apexes(zone)))
      const isCome = image !== undefined
      for (const outer of isCome === zone.isLoaded ? [] : this.#around(zone)) {
        const others = this.#apexes(outer, isCome ? undefined : zone, isCome ? zone : undefined)
        changes.push(yield* outer.build(outer.image, others))
      }
    } catch (error) {
      for (const change of changes) change.rollBack()
      throw error
    }
    // What goes gives its names back after others have them.
    for (const change of image === undefined ? changes.toReversed() : changes) change.commit()
    for (const change of changes) yield* change.tidy()
  }

  #around(zone: StaticZone): readonly StaticZone[] {
    return [...this.#statics.values()].filter(
      (outer) => outer !== zone && outer.isLoaded && isSubdomain(zone.apex, outer.apex),
    )
  }

  /** All apexes but that of `zone`, without one that goes and with one that comes. */
  #apexes(zone: StaticZone, gone?: StaticZone, come?: StaticZone): readonly Uint8Array[] {
    const others = [...this.#statics.values()].filter(
      (one) => one !== zone && one !== gone && (one.isLoaded || one === come),
    )
    return [...this.#dynamicApexes, ...others.map((one) => one.apex)]
  }
}

function drain(steps: Generator<undefined, void>): void {
  while (steps.next().done !== true);
}

/** Each name has one zone: one that stands in another would take its names. */
function checkApart(zones: readonly Uint8Array[], reverseZones: readonly Uint8Array[]): void {
  for (const [i, inner] of [...zones, ...reverseZones].entries()) {
    const outer = zones.find((one, j) => i !== j && isSubdomain(inner, one))
    if (outer === undefined) continue
    const what = `dns.zone: ${formatName(inner)} stands in ${formatName(outer)}`
    throw new CairnError('invalid_argument', `${what}: zones of the registry must be apart`)
  }
}
