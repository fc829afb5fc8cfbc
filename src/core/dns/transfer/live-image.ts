import { emptyMap, type PersistentMap } from '../../../kernel/persistent-map.ts'
import {
  EMPTY_SNAPSHOT,
  findService,
  type ServiceRef,
  type Snapshot,
} from '../../registry/state.ts'
import { apexSets, nameServerSets, type NameServers } from '../compile/apex.ts'
import type { RecordSet } from '../compile/node-block.ts'
import { keysOf, winnerOf, type ServiceKeys } from '../compile/service-names.ts'
import type { ServiceNote } from '../compile/service-text.ts'
import { prefixName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import type { ZoneRecord } from '../zone/state.ts'
import { hostRows, type Hosts } from './hosts.ts'
import { recordOf } from './rows.ts'
import {
  hostName,
  instanceRows,
  textRow,
  viewService,
  type ServiceRowOptions,
} from './service-rows.ts'

export interface LiveZoneOptions extends ServiceRowOptions {
  readonly negativeTtl: number
  readonly nameServers: NameServers
}

/** Who would bear a folded name; one of them does. */
type Claims = PersistentMap<string, readonly Claim[]>

export interface Claim {
  readonly ref: ServiceRef
}

/** A zone of service names at one revision. Immutable: a transfer may read it over many turns. */
export interface LiveImage {
  readonly snapshot: Snapshot
  readonly claims: Claims
  readonly hosts: Hosts
  /** Without the SOA. */
  readonly recordCount: number
}

export function emptyImage(options: LiveZoneOptions): LiveImage {
  const recordCount = [...infrastructure(options)].length
  return { snapshot: EMPTY_SNAPSHOT, claims: emptyMap(), hosts: emptyMap(), recordCount }
}

/** The SOA with serial 0. */
export function soaOf(options: {
  readonly apex: Uint8Array
  readonly home: Uint8Array
  readonly negativeTtl: number
}): ZoneRecord {
  const [soa] = recordsOf(options.apex, apexSets(options))
  // `apexSets` begins with it.
  return soa ?? { owner: options.apex, type: TYPE.SOA, ttl: 0, rdata: new Uint8Array(22) }
}

/** NS at the apex, and the name server's addresses. */
function* infrastructure(options: LiveZoneOptions): Iterable<ZoneRecord> {
  const { apex, negativeTtl, nameServers } = options
  const sets = apexSets({ apex, home: apex, negativeTtl })
  yield* recordsOf(
    apex,
    sets.filter(({ type }) => type !== TYPE.SOA),
  )
  yield* recordsOf(prefixName(['ns1'], apex), nameServerSets(nameServers))
}

export function* recordsOf(owner: Uint8Array, sets: readonly RecordSet[]): Iterable<ZoneRecord> {
  for (const { type, ttl, rdatas } of sets)
    for (const rdata of rdatas) yield { owner, type, ttl, rdata }
}

/** All records but the SOA, one by one. */
export function* imageRecords(image: LiveImage, options: LiveZoneOptions): Iterable<ZoneRecord> {
  yield* infrastructure(options)
  for (const { groups } of image.snapshot.namespaces.values()) {
    for (const { services } of groups.values()) {
      for (const { ref } of services.values()) yield* serviceRecords(image, ref, options)
    }
  }
  for (const [label, host] of image.hosts) {
    const owner = hostName(label, options.apex)
    for (const row of hostRows(host).values()) yield recordOf(owner, row)
  }
}

function* serviceRecords(
  image: LiveImage,
  ref: ServiceRef,
  options: LiveZoneOptions,
): Iterable<ZoneRecord> {
  const { apex } = options
  const keys = keysOf(ref, apex)
  const service = findService(image.snapshot, ref)
  if (service === undefined) return
  const view = viewService(service, options)
  const [, text] = textRow(view, noteOf(image, keys))
  for (const owner of ownersOf(image, ref, keys)) {
    yield recordOf(owner, text)
    for (const [, row] of instanceRows(view, apex)) yield recordOf(owner, row)
  }
}

/** The hash name, and the others while the service bears them (dns.md §3.5). */
export function ownersOf(
  image: LiveImage,
  ref: ServiceRef,
  keys: ServiceKeys,
): readonly Uint8Array[] {
  const claims = claimsOf(image, keys)
  const isAlone = claims.length <= 1
  const bears = isAlone || sameRef(winnerOf(claims)?.ref, ref)
  return bears ? [keys.hash, ...keys.forms] : [keys.hash]
}

export function noteOf(image: LiveImage, keys: ServiceKeys): ServiceNote {
  const collisions = Math.max(0, claimsOf(image, keys).length - 1)
  return { hashLabel: keys.hashLabel, collisions }
}

export function claimsOf(image: LiveImage, { folded }: ServiceKeys): readonly Claim[] {
  return folded === undefined ? [] : (image.claims.get(folded) ?? [])
}

export function sameRef(a: ServiceRef | undefined, b: ServiceRef): boolean {
  return a?.namespace === b.namespace && a.group === b.group && a.name === b.name
}
