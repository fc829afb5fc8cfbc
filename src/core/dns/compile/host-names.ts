import type { Instance, Service, ServiceRef } from '../../registry/state.ts'
import { groupedName } from '../../registry/state.ts'
import { isSubdomain, prefixName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { FLAG } from '../table/layout.ts'
import { addressOf } from './address.ts'
import { Ancestors } from './ancestors.ts'
import { INFRASTRUCTURE_TTL } from './apex.ts'
import { reverseName } from './reverse-name.ts'
import type { TableWriter } from './table-writer.ts'
import { encodeStrings } from './text-record.ts'

/** A zone by its number and apex. */
export interface ZoneId {
  readonly zone: number
  readonly apex: Uint8Array
}

/** A zone and the empty non-terminals in it. */
export interface Home {
  readonly id: ZoneId
  readonly ancestors: Ancestors
}

interface Use {
  readonly ref: ServiceRef
  readonly instance: Instance
}

interface Host {
  readonly label: string
  readonly octets: Uint8Array
  readonly uses: Use[]
}

/** TXT tells so many instances of one address; more would not fit a datagram. */
const TOLD_MAX = 8

/**
 * `10-0-0-6.nacos` and its PTR: names of registered addresses, so that SRV targets resolve. Only
 * while they are registered: otherwise any private address could be had by name (rebinding).
 */
export class HostNames {
  readonly #writer: TableWriter
  readonly #homes: readonly Home[]
  readonly #reverse: readonly Home[]
  readonly #hosts = new Map<string, Host>()

  constructor(writer: TableWriter, homes: readonly Home[], reverse: readonly ZoneId[]) {
    this.#writer = writer
    this.#homes = homes
    this.#reverse = reverse.map((id) => ({
      id,
      ancestors: new Ancestors(writer, id.zone, FLAG.DYNAMIC, id.apex.length),
    }))
  }

  /** The instances of one service changed from those of `before` to those of `after`. */
  update(before: Service | undefined, after: Service | undefined): void {
    if (before?.instances === after?.instances) return
    const touched = new Map<string, Host>()
    const old = before?.instances.list ?? []
    const now = after?.instances.list ?? []
    // Both lists are in the order of keys: one walk finds what came and what went.
    for (let i = 0, j = 0; i < old.length || j < now.length;) {
      const gone = old[i]
      const come = now[j]
      if (gone !== undefined && gone === come) {
        i++
        j++
      } else if (gone !== undefined && (come === undefined || gone.key <= come.key)) {
        this.#drop(gone, touched)
        i++
      } else if (come !== undefined && after !== undefined) {
        this.#use(after.ref, come, touched)
        j++
      }
    }
    for (const host of touched.values()) this.#publish(host)
  }

  #use(ref: ServiceRef, instance: Instance, touched: Map<string, Host>): void {
    const address = addressOf(instance.ip)
    if (address.family === 'name') return
    const { label, octets } = address
    const host = touched.get(label) ?? this.#hosts.get(label) ?? { label, octets, uses: [] }
    host.uses.push({ ref, instance })
    touched.set(label, host)
  }

  #drop(instance: Instance, touched: Map<string, Host>): void {
    const address = addressOf(instance.ip)
    const host = address.family === 'name' ? undefined : this.#hosts.get(address.label)
    if (host === undefined) return
    // An instance object belongs to one service: nobody else can have registered this very one.
    const at = host.uses.findIndex((use) => use.instance === instance)
    if (at >= 0) host.uses.splice(at, 1)
    touched.set(host.label, host)
  }

  #publish(host: Host): void {
    const isKnown = this.#hosts.has(host.label)
    if (host.uses.length === 0) {
      if (isKnown) this.#forget(host)
      return
    }
    this.#hosts.set(host.label, host)
    for (const { id } of this.#homes) this.#putName(id, host)
    if (!isKnown) this.#putPointers(host)
  }

  #putName({ zone, apex }: ZoneId, host: Host): void {
    const type = host.octets.length === 4 ? TYPE.A : TYPE.AAAA
    const texts = host.uses.slice(0, TOLD_MAX).map(tell)
    this.#writer.putNode({
      owner: prefixName([host.label], apex),
      zone,
      flags: FLAG.DYNAMIC,
      sets: [
        { type, ttl: INFRASTRUCTURE_TTL, rdatas: [host.octets] },
        { type: TYPE.TXT, ttl: INFRASTRUCTURE_TTL, rdatas: texts },
      ],
    })
  }

  #putPointers(host: Host): void {
    const name = reverseName(host.octets)
    const home = this.#homes[0]
    if (home === undefined) return
    const target = prefixName([host.label], home.id.apex)
    for (const { id, ancestors } of this.#reverse) {
      if (!isSubdomain(name, id.apex) || name.length === id.apex.length) continue
      const sets = [{ type: TYPE.PTR, ttl: INFRASTRUCTURE_TTL, rdatas: [target] }]
      this.#writer.putNode({ owner: name, zone: id.zone, flags: FLAG.DYNAMIC, sets })
      ancestors.add(name)
    }
  }

  #forget(host: Host): void {
    this.#hosts.delete(host.label)
    for (const { id, ancestors } of this.#homes) {
      const key = prefixName([host.label], id.apex)
      if (!ancestors.restore(key)) this.#writer.removeNode(key)
    }
    const name = reverseName(host.octets)
    for (const { id, ancestors } of this.#reverse) {
      if (!isSubdomain(name, id.apex) || name.length === id.apex.length) continue
      this.#writer.removeNode(name)
      ancestors.remove(name)
    }
  }
}

/** `svc=GROUP@@name port=8080 cluster=DEFAULT weight=1 healthy=true` as one TXT record. */
function tell({ ref, instance }: Use): Uint8Array {
  return encodeStrings([
    `svc=${groupedName(ref)}`,
    `ns=${ref.namespace}`,
    `port=${instance.port}`,
    `cluster=${instance.cluster}`,
    `weight=${instance.weight}`,
    `healthy=${instance.healthy && instance.enabled}`,
  ])
}
