import type { Instance, Service } from '../../registry/state.ts'
import { octetsOf, ipv4Of, otherHostOf } from '../compile/address.ts'
import { effectiveTtl, type AnswerPolicy } from '../compile/answer-policy.ts'
import {
  chooseCandidates,
  srvScale,
  srvWeight,
  type Candidates,
  mergeTargets,
  type Target,
} from '../compile/candidates.ts'
import { serviceStrings, type ServiceNote } from '../compile/service-text.ts'
import { encodeStrings } from '../compile/text-record.ts'
import { nameKey } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { Row } from './rows.ts'

export interface ServiceRowOptions extends Pick<AnswerPolicy, 'ttl' | 'namespaces'> {
  /** The zone that instance names live in. */
  readonly apex: Uint8Array
  readonly failOpen: boolean
}

/** A service as the data plane answers it without selectors: who is chosen, and how it is told. */
export interface ServiceView {
  readonly service: Service
  readonly candidates: Candidates
  readonly ttl: number
  /** The SRV records; hosts that no record can hold are left out. */
  readonly targets: readonly Target[]
  /** From weights to SRV weights: one for all of them. */
  readonly scale: number
}

export function viewService(service: Service, options: ServiceRowOptions): ServiceView {
  const { protectThreshold } = service.settings
  const { failOpen } = options
  const candidates = chooseCandidates(service.instances.list, protectThreshold, failOpen)
  const targets = mergeTargets(candidates.chosen.filter(({ ip }) => hostId(ip) !== undefined))
  const scale = srvScale(targets.map(({ weight }) => weight))
  return { service, candidates, targets, ttl: effectiveTtl(service, options), scale }
}

/**
 * Equal for spellings of one address or one host name; undefined for what no record can hold. It
 * tells which instances share a row, so that a change of one need not look at all others.
 */
export function hostId(host: string): string | undefined {
  if (ipv4Of(host) >= 0) return host
  const other = otherHostOf(host)
  if (other.family === 6) return other.label
  return other.target === undefined ? undefined : `=${nameKey(other.target)}`
}

/** TXT: the whole of the service in one record. */
export function textRow(view: ServiceView, note: ServiceNote): readonly [string, Row] {
  const strings = serviceStrings(view.service, view.candidates, note)
  const row = { type: TYPE.TXT, ttl: view.ttl, encode: () => encodeStrings(strings) }
  return [`${view.ttl} ${strings.join('\0')}`, row]
}

/**
 * A, AAAA and SRV, each once: an RRset is a set. `only`: of instances on these hosts. Lazy: a
 * service may have ten thousand instances, and a transfer is made in slices.
 */
export function* instanceRows(
  view: ServiceView,
  apex: Uint8Array,
  only?: ReadonlySet<string>,
): Iterable<readonly [string, Row]> {
  const { ttl, scale } = view
  const seen = new Set<string>()
  for (const { instance, weight: sum } of view.targets) {
    const { ip, port } = instance
    const id = hostId(ip)
    if (id === undefined || (only !== undefined && !only.has(id))) continue
    if (!seen.has(id)) {
      seen.add(id)
      const row = addressRow(ip, ttl)
      if (row !== undefined) yield [`${ttl} ${id}`, row]
    }
    const weight = srvWeight(sum, scale)
    const key = `${ttl} ${id} ${port} ${weight}`
    if (seen.has(key)) continue
    seen.add(key)
    yield [key, { type: TYPE.SRV, ttl, encode: () => srvData(instance, weight, apex) }]
  }
}

/** A or AAAA; undefined for a host name, which has no address of ours. */
export function addressRow(host: string, ttl: number): Row | undefined {
  const octets = octetsOf(host)
  if (octets === undefined) return undefined
  return { type: octets.length === 4 ? TYPE.A : TYPE.AAAA, ttl, encode: () => octets }
}

/** Priority 0, weight, port, target (RFC 2782): what `compile/srv-table.ts` publishes. */
function srvData({ ip, port }: Instance, weight: number, apex: Uint8Array): Uint8Array {
  const target = targetOf(ip, apex)
  const rdata = new Uint8Array(6 + target.length)
  const view = new DataView(rdata.buffer)
  view.setUint16(2, weight)
  view.setUint16(4, port)
  rdata.set(target, 6)
  return rdata
}

function targetOf(host: string, apex: Uint8Array): Uint8Array {
  const v4 = ipv4Of(host)
  const other = v4 >= 0 ? undefined : otherHostOf(host)
  if (other?.family === 'name') return other.target ?? apex
  return hostName(other === undefined ? host.replaceAll('.', '-') : other.label, apex)
}

/** The label of an address, lower case and ASCII, in front of the apex. */
export function hostName(label: string, apex: Uint8Array): Uint8Array {
  const name = new Uint8Array(1 + label.length + apex.length)
  name[0] = label.length
  for (let i = 0; i < label.length; i++) name[1 + i] = label.charCodeAt(i)
  name.set(apex, 1 + label.length)
  return name
}
