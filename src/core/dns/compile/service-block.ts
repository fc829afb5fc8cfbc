import type { ClusterName } from '../../registry/ids.ts'
import type { Instance, Service } from '../../registry/state.ts'
import { encodeLabel } from '../labels.ts'
import { LABEL_MAX } from '../name.ts'
import { BLOCK, FLAG, KIND, LOCALITY, SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import { ipv4Of, otherHostOf } from './address.ts'
import { answersOf, effectiveTtl, localityOf, type AnswerPolicy } from './answer-policy.ts'
import type { BlockBuilder } from './block-builder.ts'
import {
  capacityOf,
  chooseCandidates,
  mergeByAddress,
  protocolToken,
  type Candidates,
  type Addresses,
} from './candidates.ts'
import { buildRows } from './instance-rows.ts'
import { buildText, type ServiceNote } from './service-text.ts'
import { buildSrvs, type SrvOptions } from './srv-table.ts'

/** Octets of `_c-`. */
const CLUSTER_PREFIX = 3

export interface ServiceOptions extends AnswerPolicy {
  readonly failOpen: boolean
  /** Number and apex of the zone that instance names live in. */
  readonly zone: number
  readonly apex: Uint8Array
}

/** Hosts that cannot stand in a record and were left out. */
export interface BuildResult {
  readonly unpublished: number
}

/** Writes a service's block into the builder. Cost: proportional to its instances. */
export function buildService(
  builder: BlockBuilder,
  service: Service,
  options: ServiceOptions,
  note: ServiceNote,
): BuildResult {
  const instances = service.instances.list
  const { selections, sections } = selectionsOf(instances)
  builder.reset(SERVICE.SECTIONS + selections.length * SECTION.SIZE)
  builder.setInt32(BLOCK.KIND, KIND.SERVICE)
  builder.setInt32(BLOCK.FLAGS, FLAG.DYNAMIC)
  builder.setInt32(BLOCK.ZONE, options.zone)
  const ttl = effectiveTtl(service, options)
  builder.setInt32(SERVICE.TTL, ttl)
  builder.setInt32(SERVICE.ANSWERS, answersOf(service, options))
  builder.setInt32(SERVICE.LOCALITY, MODES[localityOf(service, options)])
  builder.setInt32(SERVICE.SECTION_COUNT, selections.length)
  const hasTokens = instances.some((one) => protocolToken(one.metadata) !== undefined)
  let unpublished = 0
  let whole: Candidates | undefined
  for (const [i, selection] of selections.entries()) {
    const { protectThreshold } = service.settings
    const chosen = chooseCandidates(selection.instances, protectThreshold, options.failOpen)
    const at = SERVICE.SECTIONS + i * SECTION.SIZE
    const skipped = buildSection(builder, at, chosen, { ...options, ttl, hasTokens, sections })
    builder.setFloat64(at + SECTION.CAPACITY, capacityOf(selection.instances))
    buildCluster(builder, at, selection.label)
    if (whole === undefined) {
      whole = chosen
      unpublished = skipped
    }
  }
  buildText(builder, service, whole, note, ttl)
  buildRows(builder, instances, sections)
  return { unpublished }
}

const MODES = {
  off: LOCALITY.OFF,
  prefer: LOCALITY.PREFER,
  spill: LOCALITY.SPILL,
  only: LOCALITY.ONLY,
} as const

interface Selections {
  readonly selections: readonly Selection[]
  /** Number of each cluster's section; none where the whole is the only one. */
  readonly sections: ReadonlyMap<ClusterName, number>
}

const ONE_SECTION: ReadonlyMap<ClusterName, number> = new Map()

interface Selection {
  /** The cluster's label; undefined for the whole of a service with several. */
  readonly label: string | undefined
  readonly instances: readonly Instance[]
}

/**
 * The whole first; then each cluster, unless the only one is the whole. Clusters whose names differ
 * in case only are one: DNS cannot tell them apart.
 */
function selectionsOf(instances: readonly Instance[]): Selections {
  const first = instances[0]
  const sections = ONE_SECTION
  if (first === undefined) return { selections: [{ label: undefined, instances }], sections }
  if (instances.every((one) => one.cluster === first.cluster)) {
    return { selections: [{ label: encodeLabel(first.cluster, 'cluster'), instances }], sections }
  }
  const labels = new Map(
    [...new Set(instances.map((one) => one.cluster))].map((cluster) => [
      cluster,
      encodeLabel(cluster, 'cluster'),
    ]),
  )
  const clusters = Map.groupBy(instances, (one) => labels.get(one.cluster) ?? '')
  const each = [...clusters].map(([label, members]) => ({ label, instances: members }))
  const order = [...clusters.keys()]
  return {
    selections: [{ label: undefined, instances }, ...each],
    sections: new Map([...labels].map(([name, label]) => [name, 1 + order.indexOf(label)])),
  }
}

/** A label that leaves no room for `_c-` cannot be asked for. */
function buildCluster(builder: BlockBuilder, at: number, label: string | undefined): void {
  if (label === undefined || CLUSTER_PREFIX + label.length > LABEL_MAX) return
  builder.setInt32(at + SECTION.CLUSTER, builder.pushText(label))
}

interface SectionOptions extends SrvOptions {
  /** Some instance of the service, healthy or not, says what it speaks. */
  readonly hasTokens: boolean
}

function buildSection(
  builder: BlockBuilder,
  at: number,
  candidates: Candidates,
  options: SectionOptions,
): number {
  const v4 = mergeByAddress(candidates.chosen, 4)
  const v6 = mergeByAddress(candidates.chosen, 6)
  const flags =
    (candidates.isProtected ? SECTION_FLAG.PROTECTED : 0) |
    (options.hasTokens ? SECTION_FLAG.TOKENS : 0) |
    (isUneven(v4) ? SECTION_FLAG.A_UNEQUAL : 0) |
    (isUneven(v6) ? SECTION_FLAG.AAAA_UNEQUAL : 0)
  builder.setInt32(at + SECTION.FLAGS, flags)
  builder.setInt32(at + SECTION.HEALTHY, candidates.healthy)
  builder.setInt32(at + SECTION.TOTAL, candidates.total)
  builder.setInt32(at + SECTION.A_COUNT, v4.hosts.length)
  builder.setInt32(at + SECTION.A_TABLE, buildAddresses(builder, v4))
  builder.setInt32(at + SECTION.AAAA_COUNT, v6.hosts.length)
  builder.setInt32(at + SECTION.AAAA_TABLE, buildAddresses(builder, v6))
  return buildSrvs(builder, at, candidates.chosen, options)
}

function isUneven({ weights }: Addresses): boolean {
  return weights.some((weight) => weight !== weights[0])
}

/** Running sums of the weights, then the addresses. */
function buildAddresses(builder: BlockBuilder, { hosts, weights }: Addresses): number {
  builder.align()
  const table = builder.skip(weights.length * 8)
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i] ?? 0
    builder.setFloat64(table + i * 8, sum)
  }
  for (const host of hosts) pushAddress(builder, host)
  return table
}

function pushAddress(builder: BlockBuilder, host: string): void {
  const v4 = ipv4Of(host)
  if (v4 >= 0) {
    builder.pushU32(v4)
    return
  }
  const other = otherHostOf(host)
  if (other.family === 6) builder.pushBytes(other.octets)
}
