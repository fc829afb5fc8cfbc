import type { PersistentMap } from '../../../kernel/persistent-map.ts'
import type { Instance, Service, ServiceRef } from '../../registry/state.ts'
import { byCodePoint } from '../../registry/step.ts'
import { hostLabelOf } from '../compile/address.ts'
import { INFRASTRUCTURE_TTL } from '../compile/apex.ts'
import { TOLD_MAX, useStrings, type Use } from '../compile/host-node.ts'
import { encodeStrings } from '../compile/text-record.ts'
import { TYPE } from '../protocol.ts'
import { NO_ROWS, type Row, type Rows } from './rows.ts'
import { addressRow } from './service-rows.ts'

/** A registered address: the instances on it, in an order that depends on the set alone. */
export interface Host {
  readonly ip: string
  readonly uses: readonly Use[]
}

/** By the first label of the instance name. */
export type Hosts = PersistentMap<string, Host>

/**
 * The hosts after the instances of one service changed; adds the labels that may differ to
 * `touched`. Cost: a walk over both lists of instances, and work for those that changed.
 */
export function followHosts(
  hosts: Hosts,
  before: Service | undefined,
  after: Service | undefined,
  touched: Set<string>,
): Hosts {
  const old = before?.instances.list ?? []
  const now = after?.instances.list ?? []
  let next = hosts
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    const gone = old[i]
    const come = now[j]
    if (gone !== undefined && gone === come) {
      i++
      j++
    } else if (gone !== undefined && (come === undefined || gone.key <= come.key)) {
      if (before !== undefined) next = withoutUse(next, before.ref, gone, touched)
      i++
    } else if (come !== undefined) {
      if (after !== undefined) next = withUse(next, after.ref, come, touched)
      j++
    }
  }
  return next
}

function withUse(hosts: Hosts, ref: ServiceRef, instance: Instance, touched: Set<string>): Hosts {
  const label = hostLabelOf(instance.ip)
  if (label === undefined) return hosts
  touched.add(label)
  const use = { ref, instance }
  const host = hosts.get(label)
  if (host === undefined) return hosts.set(label, { ip: instance.ip, uses: [use] })
  const uses = host.uses.toSpliced(placeOf(host.uses, use), 0, use)
  return hosts.set(label, { ip: host.ip, uses })
}

function withoutUse(
  hosts: Hosts,
  ref: ServiceRef,
  instance: Instance,
  touched: Set<string>,
): Hosts {
  const label = hostLabelOf(instance.ip)
  const host = label === undefined ? undefined : hosts.get(label)
  if (label === undefined || host === undefined) return hosts
  touched.add(label)
  const uses = host.uses.toSpliced(placeOf(host.uses, { ref, instance }), 1)
  return uses.length === 0 ? hosts.delete(label) : hosts.set(label, { ip: host.ip, uses })
}

/** Where the use is, or belongs. */
function placeOf(uses: readonly Use[], use: Use): number {
  let low = 0
  let high = uses.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = uses[middle]
    if (other !== undefined && compareUses(other, use) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compareUses(a: Use, b: Use): number {
  return (
    byCodePoint(a.ref.namespace, b.ref.namespace) ||
    byCodePoint(a.ref.group, b.ref.group) ||
    byCodePoint(a.ref.name, b.ref.name) ||
    byCodePoint(a.instance.key, b.instance.key)
  )
}

/** The address, and a TXT record per instance on it: what `compile/host-node.ts` publishes. */
export function hostRows(host: Host | undefined): Rows {
  const ttl = INFRASTRUCTURE_TTL
  const address = host === undefined ? undefined : addressRow(host.ip, ttl)
  if (host === undefined || address === undefined) return NO_ROWS
  const rows = new Map<string, Row>([['', address]])
  for (const use of host.uses.slice(0, TOLD_MAX)) {
    const strings = useStrings(use)
    rows.set(strings.join('\0'), { type: TYPE.TXT, ttl, encode: () => encodeStrings(strings) })
  }
  return rows
}
