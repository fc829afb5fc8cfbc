import { CairnError } from '../../../kernel/errors.ts'
import type { Instance, Service, ServiceRef } from '../../registry/state.ts'
import { isSubdomain } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { FLAG } from '../table/layout.ts'
import { hostLabelOf, octetsOf } from './address.ts'
import { Ancestors } from './ancestors.ts'
import { INFRASTRUCTURE_TTL } from './apex.ts'
import { buildHostNode, type Use } from './host-node.ts'
import { reverseName } from './reverse-name.ts'
import { ShardedMap } from './sharded-map.ts'
import type { TableWriter } from './table-writer.ts'

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

interface Host {
  readonly label: string
  /** The literal as it was registered. */
  readonly ip: string
  readonly uses: Use[]
  /** Whether the reverse zones have it. */
  hasPointers: boolean
}

/** Hosts that found the table full are tried again, so many with every change of another. */
const RETRIES = 8

/**
 * `10-0-0-6.nacos` and its PTR: names of registered addresses, so that SRV targets resolve. Only
 * while they are registered: otherwise any private address could be had by name (rebinding).
 */
export class HostNames {
  readonly #writer: TableWriter
  readonly #homes: readonly Home[]
  readonly #reverse: readonly Home[]
  readonly #hosts = new ShardedMap<Host>()
  /** Hosts that are not in the table as they are: it was full. */
  readonly #unpublished = new Set<Host>()

  constructor(writer: TableWriter, homes: readonly Home[], reverse: readonly ZoneId[]) {
    this.#writer = writer
    this.#homes = homes
    this.#reverse = reverse
      .toSorted((a, b) => b.apex.length - a.apex.length)
      .map((id) => ({
        id,
        ancestors: new Ancestors(writer, id.zone, FLAG.DYNAMIC, id.apex.length),
      }))
  }

  /**
   * The instances of one service changed from those of `before` to those of `after`. Throws
   * `too_large` when the table is full; the change is noted all the same.
   */
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
    this.#publishAll([...touched.values()])
  }

  #publishAll(touched: readonly Host[]): void {
    const late = [...this.#unpublished].slice(0, RETRIES)
    const fault = touched.reduce<CairnError | undefined>(
      (first, host) => this.#tryPublish(host) ?? first,
      undefined,
    )
    // Those were told when they failed first.
    for (const host of late) if (this.#unpublished.has(host)) this.#tryPublish(host)
    if (fault !== undefined) throw fault
  }

  #tryPublish(host: Host): CairnError | undefined {
    try {
      this.#publish(host)
      this.#unpublished.delete(host)
      return undefined
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      this.#unpublished.add(host)
      return error
    }
  }

  #use(ref: ServiceRef, instance: Instance, touched: Map<string, Host>): void {
    const { ip } = instance
    const label = hostLabelOf(ip)
    if (label === undefined) return
    const use = { ref, instance }
    const known = touched.get(label) ?? this.#hosts.get(label)
    // A literal has room for one; an empty list that is pushed to gets room for seventeen.
    if (known === undefined) touched.set(label, newHost(label, ip, [use]))
    else {
      known.uses.push(use)
      touched.set(label, known)
    }
  }

  #drop(instance: Instance, touched: Map<string, Host>): void {
    const label = hostLabelOf(instance.ip)
    const host = label === undefined ? undefined : this.#hosts.get(label)
    if (host === undefined) return
    // An instance object belongs to one service: nobody else can have registered this very one.
    const at = host.uses.findIndex((use) => use.instance === instance)
    if (at >= 0) host.uses.splice(at, 1)
    touched.set(host.label, host)
  }

  #publish(host: Host): void {
    if (host.uses.length === 0) {
      this.#forget(host)
      return
    }
    this.#hosts.set(host.label, host)
    for (const { id } of this.#homes) this.#putName(id, host)
    if (!host.hasPointers) this.#putPointers(host)
  }

  #putName({ zone, apex }: ZoneId, host: Host): void {
    const octets = octetsOf(host.ip)
    if (octets === undefined) return
    const key = hostKey(host.label, apex)
    buildHostNode(this.#writer.builder, zone, key.length, octets, host.uses)
    this.#writer.putBuilt(key)
  }

  #putPointers(host: Host): void {
    const home = this.#homes[0]
    const reverse = this.#reverseOf(host)
    if (home === undefined || reverse === undefined) return
    const { name, id, ancestors } = reverse
    const target = hostKey(host.label, home.id.apex)
    const sets = [{ type: TYPE.PTR, ttl: INFRASTRUCTURE_TTL, rdatas: [target] }]
    this.#writer.putNode({ owner: name, zone: id.zone, flags: FLAG.DYNAMIC, sets })
    try {
      ancestors.add(name)
    } catch (error) {
      this.#writer.removeNode(name)
      throw error
    }
    host.hasPointers = true
  }

  /** Takes no memory, so a full table can be emptied. */
  #forget(host: Host): void {
    this.#hosts.delete(host.label)
    for (const { id, ancestors } of this.#homes) {
      this.#writer.retire(ancestors.restore(hostKey(host.label, id.apex)))
    }
    const reverse = host.hasPointers ? this.#reverseOf(host) : undefined
    if (reverse === undefined) return
    this.#writer.removeNode(reverse.name)
    reverse.ancestors.remove(reverse.name)
    host.hasPointers = false
  }

  /** The host's name in the longest reverse zone that holds it. */
  #reverseOf(host: Host): (Home & { readonly name: Uint8Array }) | undefined {
    const octets = this.#reverse.length === 0 ? undefined : octetsOf(host.ip)
    if (octets === undefined) return undefined
    const name = reverseName(octets)
    const home = this.#reverse.find(
      ({ id }) => name.length > id.apex.length && isSubdomain(name, id.apex),
    )
    return home === undefined ? undefined : { ...home, name }
  }
}

function newHost(label: string, ip: string, uses: Use[]): Host {
  return { label, ip, uses, hasPointers: false }
}

/** Labels of addresses are lower case already: the name is its own key. */
function hostKey(label: string, apex: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + label.length + apex.length)
  key[0] = label.length
  for (let i = 0; i < label.length; i++) key[1 + i] = label.charCodeAt(i)
  key.set(apex, 1 + label.length)
  return key
}
