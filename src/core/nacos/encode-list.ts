import type { Millis } from '../../kernel/ids.ts'
import { inClusters, isProtected } from '../registry/select.ts'
import { groupedName, type Instance, type Service } from '../registry/state.ts'
import { hostJson } from './encode-instance.ts'
import { metadataJson, quote } from './json.ts'
import type { ListQuery } from './parse-service.ts'

/** After this many ms clients ask again: Nacos' switch `defaultCacheMillis`. */
export const LIST_CACHE_MS = 3_000

/** Answers kept per state of a service; more kinds of question than this are encoded each time. */
const VARIANTS_MAX = 4

/** A list but for the one field that changes from answer to answer, which stands between. */
interface Encoded {
  readonly head: string
  readonly tail: string
}

/** A service's state is immutable, so what was encoded for it holds until it is replaced. */
const encoded = new WeakMap<Service, Map<string, Encoded>>()

/**
 * The answer of GET /instance/list: the fields of Nacos 1.x and 2.x together. An unknown service
 * is a list without hosts, never an error. `at` is wall time that does not run backwards: clients
 * order answers by it.
 */
export function encodeList(service: Service | undefined, query: ListQuery, at: Millis): string {
  const { head, tail } =
    service === undefined ? encode([], '{}', query, false) : known(service, query)
  return `${head}${at}${tail}`
}

function known(service: Service, query: ListQuery): Encoded {
  const variant = `${query.healthyOnly ? 'h' : 'a'}${query.clustersText}`
  let variants = encoded.get(service)
  const hit = variants?.get(variant)
  if (hit !== undefined) return hit
  const fresh = encodeService(service, query)
  if (variants === undefined) encoded.set(service, (variants = new Map<string, Encoded>()))
  if (variants.size < VARIANTS_MAX) variants.set(variant, fresh)
  return fresh
}

/**
 * The rule of Nacos 1.x (§7.3): the ratio counts all instances of the clusters, disabled ones too,
 * and a protected list shows every enabled one as healthy, even if only healthy ones were asked.
 */
function encodeService(service: Service, query: ListQuery): Encoded {
  const all = inClusters(service.instances.list, query.clusters)
  const healthy = all.reduce((count, one) => count + (one.healthy ? 1 : 0), 0)
  const reachesAll = isProtected(healthy, all.length, service.settings.protectThreshold)
  const shown = all.filter((one) => isShown(one, query.healthyOnly && !reachesAll))
  const grouped = groupedName(service.ref)
  const hosts = shown.map((one) => hostJson(one, grouped, reachesAll || one.healthy))
  return encode(hosts, metadataJson(service.settings.metadata), query, reachesAll)
}

function isShown(instance: Instance, healthyOnly: boolean): boolean {
  return instance.enabled && (instance.healthy || !healthyOnly)
}

/** `name` and `clusters` are the clients' cache key. */
function encode(
  hosts: readonly string[],
  metadata: string,
  { ref, clustersText }: ListQuery,
  isProtectedNow: boolean,
): Encoded {
  const grouped = quote(groupedName(ref))
  return {
    head:
      `{"name":${grouped},"groupName":${quote(ref.group)},"clusters":${quote(clustersText)},` +
      `"cacheMillis":${LIST_CACHE_MS},"hosts":[${hosts.join(',')}],"lastRefTime":`,
    tail:
      `,"checksum":"","allIPs":false,"reachProtectionThreshold":${isProtectedNow},` +
      `"valid":true,"dom":${grouped},"useSpecifiedURL":false,"env":"","metadata":${metadata}}`,
  }
}
