import type { ClusterName } from '../registry/ids.ts'
import { findGroup, type Namespace, type Service, type Snapshot } from '../registry/state.ts'
import { byCodePoint, listNames } from '../registry/step.ts'
import { double, metadataJson, quote } from './json.ts'
import type { ServicePageQuery } from './parse-service.ts'

/** The answer of GET /service. `name` is bare here, unlike everywhere else. */
export function encodeService(service: Service): string {
  const { ref, settings } = service
  const clusters = clustersOf(service).map(
    (name) => `{"name":${quote(name)},"healthChecker":{"type":"TCP"},"metadata":{}}`,
  )
  return (
    `{"name":${quote(ref.name)},"groupName":${quote(ref.group)},` +
    `"namespaceId":${quote(ref.namespace)},` +
    `"protectThreshold":${double(settings.protectThreshold)},` +
    `"metadata":${metadataJson(settings.metadata)},"selector":${settings.selector},` +
    `"clusters":[${clusters.join(',')}]}`
  )
}

function clustersOf(service: Service): readonly ClusterName[] {
  const names = new Set<ClusterName>()
  for (const { cluster } of service.instances.list) names.add(cluster)
  return [...names].sort(byCodePoint)
}

/** The answer of GET /service/list: one page of sorted names, and the count of all. */
export function encodeServicePage(snapshot: Snapshot, query: ServicePageQuery): string {
  const names = namesOf(snapshot, query)
  // Below 2^62: beyond exact integers only where every page is empty anyway.
  const from = (query.pageNo - 1) * query.pageSize
  const page = names.slice(from, from + query.pageSize)
  return `{"doms":${JSON.stringify(page)},"count":${names.length}}`
}

function namesOf(snapshot: Snapshot, query: ServicePageQuery): readonly string[] {
  if (query.group === undefined) return allNames(snapshot.namespaces.get(query.namespace))
  const group = findGroup(snapshot, query.namespace, query.group)
  return group === undefined ? [] : listNames(group)
}

/** Names of all groups keep their group. */
function allNames(namespace: Namespace | undefined): readonly string[] {
  const names: string[] = []
  for (const [group, { services }] of namespace?.groups ?? []) {
    for (const name of services.keys()) names.push(`${group}@@${name}`)
  }
  return names.sort(byCodePoint)
}
