import { findService, type Service, type ServiceRef, type Snapshot } from '../../registry/state.ts'
import { keysOf, type ServiceKeys } from '../compile/service-names.ts'
import { followHosts, hostRows } from './hosts.ts'
import {
  claimsOf,
  noteOf,
  ownersOf,
  sameRef,
  type LiveImage,
  type LiveZoneOptions,
} from './live-image.ts'
import { compareRows, NO_ROWS, type Difference, type Row, type Rows } from './rows.ts'
import {
  hostId,
  hostName,
  instanceRows,
  textRow,
  viewService,
  type ServiceView,
} from './service-rows.ts'

export interface Advance {
  readonly image: LiveImage
  readonly difference: Difference
  /** Labels of addresses whose instances changed. */
  readonly hosts: ReadonlySet<string>
}

/**
 * The image of `target`, and how it differs: `refs` are all services that changed since `image`.
 * Yields between two services, for whoever must not work too long in one piece. Cost: proportional
 * to what changed; of a service with many instances the lists are walked, not the records.
 */
export function* advance(
  image: LiveImage,
  target: Snapshot,
  refs: readonly ServiceRef[],
  options: LiveZoneOptions,
): Generator<undefined, Advance> {
  const hosts = new Set<string>()
  const affected = new Map<string, Affected>()
  let next: LiveImage = { ...image, snapshot: target }
  for (const ref of refs) {
    next = follow(image, next, ref, { hosts, affected, options })
    yield undefined
  }
  const difference: Difference = { removed: [], added: [] }
  for (const one of affected.values()) {
    compareService(image, next, one, options, difference)
    yield undefined
  }
  for (const label of hosts) {
    const owner = hostName(label, options.apex)
    const before = hostRows(image.hosts.get(label))
    compareRows([owner], before, hostRows(next.hosts.get(label)), difference)
    yield undefined
  }
  const recordCount = image.recordCount + difference.added.length - difference.removed.length
  return { image: { ...next, recordCount }, difference, hosts }
}

interface Affected {
  readonly ref: ServiceRef
  readonly keys: ServiceKeys
}

interface FollowParts {
  readonly hosts: Set<string>
  readonly affected: Map<string, Affected>
  readonly options: LiveZoneOptions
}

/** Claims and hosts after this one service; notes whose records may differ. */
function follow(
  image: LiveImage,
  next: LiveImage,
  ref: ServiceRef,
  { hosts, affected, options }: FollowParts,
): LiveImage {
  const before = findService(image.snapshot, ref)
  const after = findService(next.snapshot, ref)
  if (before === after) return next
  const keys = keysOf(ref, options.apex)
  note(affected, { ref, keys })
  const followed = { ...next, hosts: followHosts(next.hosts, before, after, hosts) }
  const { folded } = keys
  if (folded === undefined || (before === undefined) === (after === undefined)) return followed
  // A claim came or went: the others may win or lose the name, and all tell the collision.
  const others = claimsOf(next, keys).filter((claim) => !sameRef(ref, claim.ref))
  for (const other of others) {
    note(affected, { ref: other.ref, keys: keysOf(other.ref, options.apex) })
  }
  const claims = after === undefined ? others : [...others, { ref }]
  const isFree = claims.length === 0
  return {
    ...followed,
    claims: isFree ? next.claims.delete(folded) : next.claims.set(folded, claims),
  }
}

function note(affected: Map<string, Affected>, one: Affected): void {
  const { namespace, group, name } = one.ref
  affected.set(`${namespace}\n${group}\n${name}`, one)
}

function compareService(
  image: LiveImage,
  next: LiveImage,
  { ref, keys }: Affected,
  options: LiveZoneOptions,
  difference: Difference,
): void {
  const before = publicationOf(image, ref, keys, options)
  const after = publicationOf(next, ref, keys, options)
  // The lists of owners are made of the same objects of `keys`.
  const [were, are] = [before?.owners ?? [], after?.owners ?? []]
  const kept = were.filter((owner) => are.includes(owner))
  if (kept.length > 0) {
    const [old, now] = rowsThatMayDiffer(before, after, options.apex)
    compareRows(kept, old, now, difference)
  }
  const lost = were.filter((owner) => !kept.includes(owner))
  if (lost.length > 0) compareRows(lost, allRows(before, options.apex), NO_ROWS, difference)
  const won = are.filter((owner) => !kept.includes(owner))
  if (won.length > 0) compareRows(won, NO_ROWS, allRows(after, options.apex), difference)
}

interface Publication {
  readonly view: ServiceView
  readonly owners: readonly Uint8Array[]
  readonly text: readonly [string, Row]
}

function publicationOf(
  image: LiveImage,
  ref: ServiceRef,
  keys: ServiceKeys,
  options: LiveZoneOptions,
): Publication | undefined {
  const service: Service | undefined = findService(image.snapshot, ref)
  if (service === undefined) return undefined
  const view = viewService(service, options)
  const text = textRow(view, noteOf(image, keys))
  return { view, owners: ownersOf(image, ref, keys), text }
}

function allRows(
  publication: Publication | undefined,
  apex: Uint8Array,
  only?: ReadonlySet<string>,
): Rows {
  if (publication === undefined) return NO_ROWS
  return new Map([publication.text, ...instanceRows(publication.view, apex, only)])
}

/** Rows at owners that stay: those of hosts that changed, when nothing else can change a row. */
function rowsThatMayDiffer(
  before: Publication | undefined,
  after: Publication | undefined,
  apex: Uint8Array,
): readonly [Rows, Rows] {
  if (before === undefined || after === undefined) return [NO_ROWS, NO_ROWS]
  const isComparable = before.view.ttl === after.view.ttl && before.view.scale === after.view.scale
  const only = isComparable ? changedHosts(before.view, after.view) : undefined
  return [allRows(before, apex, only), allRows(after, apex, only)]
}

/** Hosts of instances that are chosen in one view only; both lists are in the order of keys. */
function changedHosts(before: ServiceView, after: ServiceView): ReadonlySet<string> {
  const old = before.candidates.chosen
  const now = after.candidates.chosen
  const hosts = new Set<string>()
  const add = (ip: string): void => {
    const id = hostId(ip)
    if (id !== undefined) hosts.add(id)
  }
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    const gone = old[i]
    const come = now[j]
    if (gone !== undefined && gone === come) {
      i++
      j++
    } else if (gone !== undefined && (come === undefined || gone.key <= come.key)) {
      add(gone.ip)
      i++
    } else if (come !== undefined) {
      add(come.ip)
      j++
    }
  }
  return hosts
}
