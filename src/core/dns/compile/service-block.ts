import type { Instance, Service } from '../../registry/state.ts'
import { encodeLabel } from '../labels.ts'
import { LABEL_MAX } from '../name.ts'
import { BLOCK, FLAG, KIND, SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import { ipv4Of, otherHostOf } from './address.ts'
import type { BlockBuilder } from './block-builder.ts'
import {
  chooseCandidates,
  mergeByAddress,
  protocolToken,
  type Candidates,
  type Addresses,
} from './candidates.ts'
import { buildText, type ServiceNote } from './service-text.ts'
import { buildSrvs, type SrvOptions } from './srv-table.ts'

/** Octets of `_c-`. */
const CLUSTER_PREFIX = 3

export interface ServiceOptions {
  /** Seconds; metadata `dns.ttl` overrides it. */
  readonly ttl: number
  /** 0 = auto, −1 = all, else at most so many; metadata `dns.answers` overrides it. */
  readonly answers: number
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
  const selections = selectionsOf(instances)
  builder.reset(SERVICE.SECTIONS + selections.length * SECTION.SIZE)
  builder.setInt32(BLOCK.KIND, KIND.SERVICE)
  builder.setInt32(BLOCK.FLAGS, FLAG.DYNAMIC)
  builder.setInt32(BLOCK.ZONE, options.zone)
  const ttl = ttlOf(service, options.ttl)
  builder.setInt32(SERVICE.TTL, ttl)
  builder.setInt32(SERVICE.ANSWERS, parseAnswers(service) ?? options.answers)
  builder.setInt32(SERVICE.SECTION_COUNT, selections.length)
  const hasTokens = instances.some((one) => protocolToken(one.metadata) !== undefined)
  let unpublished = 0
  let whole: Candidates | undefined
  for (const [i, selection] of selections.entries()) {
    const { protectThreshold } = service.settings
    const chosen = chooseCandidates(selection.instances, protectThreshold, options.failOpen)
    const at = SERVICE.SECTIONS + i * SECTION.SIZE
    const skipped = buildSection(builder, at, chosen, { ...options, ttl, hasTokens })
    buildCluster(builder, at, selection.label)
    if (whole === undefined) {
      whole = chosen
      unpublished = skipped
    }
  }
  buildText(builder, service, whole, note, ttl)
  return { unpublished }
}

interface Selection {
  /** The cluster's label; undefined for the whole of a service with several. */
  readonly label: string | undefined
  readonly instances: readonly Instance[]
}

/**
 * The whole first; then each cluster, unless the only one is the whole. Clusters whose names differ
 * in case only are one: DNS cannot tell them apart.
 */
function selectionsOf(instances: readonly Instance[]): readonly Selection[] {
  const first = instances[0]
  if (first === undefined) return [{ label: undefined, instances }]
  if (instances.every((one) => one.cluster === first.cluster)) {
    return [{ label: encodeLabel(first.cluster, 'cluster'), instances }]
  }
  const labels = new Map(
    [...new Set(instances.map((one) => one.cluster))].map((cluster) => [
      cluster,
      encodeLabel(cluster, 'cluster'),
    ]),
  )
  const clusters = Map.groupBy(instances, (one) => labels.get(one.cluster) ?? '')
  const each = [...clusters].map(([label, members]) => ({ label, instances: members }))
  return [{ label: undefined, instances }, ...each]
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

/** Metadata `dns.ttl`, 0 … 3600 s; anything else counts as absent. */
export function ttlOf(service: Service, byDefault: number): number {
  const text = service.settings.metadata.get('dns.ttl')
  if (text === undefined || !/^\d{1,4}$/.test(text)) return byDefault
  return Number(text) <= 3600 ? Number(text) : byDefault
}

/** Metadata `dns.answers`: `auto`, `all` or 1 … 64. */
function parseAnswers(service: Service): number | undefined {
  const text = service.settings.metadata.get('dns.answers')
  if (text === 'auto') return 0
  if (text === 'all') return -1
  if (text === undefined || !/^\d{1,2}$/.test(text)) return undefined
  return Number(text) >= 1 && Number(text) <= 64 ? Number(text) : undefined
}
