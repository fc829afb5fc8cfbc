import { formatName, isSubdomain, latin1, nameKey, sameName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { coveredType } from '../records/rrsig.ts'
import { recordType, typeName } from '../records/types.ts'
import { SIGNATURES } from '../table/layout.ts'
import { checkPlacement } from './check-placement.ts'
import {
  describe,
  type Findings,
  type PlacedRecord,
  type RecordSet,
  type ZoneNode,
  type ZoneRecord,
} from './state.ts'

/** Types whose target must be an address, not an alias (RFC 2181 §10.3, RFC 2782). */
const POINTING: ReadonlySet<number> = new Set([TYPE.NS, TYPE.MX, TYPE.SRV])

/** The longest message (RFC 1035 §4.2.2). */
const MESSAGE_MAX = 65_535
/** Before the records: the header, and type and class of the question. */
const START_BYTES = 12 + 4
/** A record without its data: a pointer to its owner, type, class, TTL and length. */
const RECORD_BYTES = 2 + 10

/**
 * Looks at the zone as a whole. Gives the records back in the order of the file, without doubles
 * and with one TTL per set (RFC 2181 §5.2).
 */
export function checkZone(
  records: readonly PlacedRecord[],
  apex: Uint8Array,
  errors: Findings,
  warnings: Findings,
): ZoneRecord[] {
  const nodes = new Map<string, ZoneNode>()
  const kept: { record: PlacedRecord; set: RecordSet }[] = []
  for (const record of records) {
    if (!isInside(record, apex, errors)) continue
    const set = setOf(nodes, record)
    lowerTtl(set, record, warnings)
    if (isDouble(set, record)) {
      warnings.add(record.place, `${describe(record)} is told twice`)
    } else {
      set.records.push(record)
      kept.push({ record, set })
    }
  }
  checkApex(nodes.get(nameKey(apex)), apex, errors)
  for (const node of nodes.values()) {
    checkAliases(node, errors)
    for (const set of node.values()) checkSize(set, warnings)
  }
  checkPlacement(nodes, apex, errors, warnings)
  for (const { record } of kept) checkTarget(record, nodes, apex, warnings)
  return kept.map(({ record: { owner, type, rdata }, set: { ttl } }) => ({
    owner,
    type,
    ttl,
    rdata,
  }))
}

function isInside(record: PlacedRecord, apex: Uint8Array, errors: Findings): boolean {
  if (!isSubdomain(record.owner, apex)) {
    errors.add(record.place, `${describe(record)} is outside the zone ${formatName(apex)}`)
    return false
  }
  if (record.type === TYPE.SOA && !sameName(record.owner, apex)) {
    errors.add(record.place, `${describe(record)} is not at the apex ${formatName(apex)}`)
    return false
  }
  return true
}

/** Data as a Map key; names in it are compared without case. */
function comparable({ type, rdata }: ZoneRecord): string {
  const nameAt = recordType(type)?.nameAt
  if (nameAt === undefined) return rdata.toHex()
  return latin1(rdata.subarray(0, nameAt)) + nameKey(rdata.subarray(nameAt))
}

function setOf(nodes: Map<string, ZoneNode>, record: PlacedRecord): RecordSet {
  const key = nameKey(record.owner)
  const node = nodes.get(key) ?? new Map<number, RecordSet>()
  // Signatures of one name are as many sets as they cover: each has the TTL of what it covers.
  const isSignature = record.type === TYPE.RRSIG
  const type = isSignature ? SIGNATURES | coveredType(record.rdata) : record.type
  const set = node.get(type) ?? { records: [], ttl: record.ttl, told: undefined }
  nodes.set(key, node.set(type, set))
  return set
}

function isDouble(set: RecordSet, record: PlacedRecord): boolean {
  if (set.records.length === 0) return false
  set.told ??= new Set(set.records.map(comparable))
  const data = comparable(record)
  if (set.told.has(data)) return true
  set.told.add(data)
  return false
}

function lowerTtl(set: RecordSet, record: PlacedRecord, warnings: Findings): void {
  if (record.ttl === set.ttl) return
  const ttl = Math.min(record.ttl, set.ttl)
  warnings.add(record.place, `${describe(record)} has several TTLs: the lowest, ${ttl}, is used`)
  set.ttl = ttl
}

function checkApex(node: ZoneNode | undefined, apex: Uint8Array, errors: Findings): void {
  const soas = node?.get(TYPE.SOA)?.records ?? []
  if (soas.length === 0) errors.add(undefined, `the zone ${formatName(apex)} has no SOA`)
  for (const extra of soas.slice(1)) {
    errors.add(extra.place, `the zone ${formatName(apex)} has a second SOA`)
  }
  if (node?.has(TYPE.NS) !== true) {
    errors.add(soas[0]?.place, `the zone ${formatName(apex)} has no NS at its apex`)
  }
}

/** RFC 1034 §3.6.2: a CNAME stands alone, and there is one. */
function checkAliases(node: ZoneNode, errors: Findings): void {
  const aliases = node.get(TYPE.CNAME)?.records ?? []
  const [first, ...extras] = aliases
  if (first === undefined) return
  for (const extra of extras) errors.add(extra.place, `${describe(extra)} is a second CNAME here`)
  // DNSSEC speaks about the CNAME itself, so these may stand beside it (RFC 4034 §2, §4).
  const others = [...node.keys()].filter(
    (type) => type !== TYPE.CNAME && type !== TYPE.NSEC && (type & SIGNATURES) === 0,
  )
  if (others.length === 0) return
  const types = others.map((type) => typeName(type)).join(', ')
  errors.add(first.place, `${describe(first)} cannot stand beside other data (${types})`)
}

/** A set is told whole or not at all (RFC 2181 §9): a longer one is never told. */
function checkSize({ records }: RecordSet, warnings: Findings): void {
  const [first] = records
  if (first === undefined) return
  let size = START_BYTES + first.owner.length
  for (const { rdata } of records) size += RECORD_BYTES + rdata.length
  if (size <= MESSAGE_MAX) return
  const most = `and none may have more than ${MESSAGE_MAX}`
  warnings.add(first.place, `${describe(first)} is ${size} octets as an answer, ${most}`)
}

function checkTarget(
  record: PlacedRecord,
  nodes: ReadonlyMap<string, ZoneNode>,
  apex: Uint8Array,
  warnings: Findings,
): void {
  const nameAt = recordType(record.type)?.nameAt
  if (nameAt === undefined || !POINTING.has(record.type) || warnings.isFull) return
  const target = record.rdata.subarray(nameAt)
  // Null MX and SRV point to the root; what is in other zones is not ours to judge.
  if (target.length === 1 || !isSubdomain(target, apex)) return
  const node = nodes.get(nameKey(target))
  const isAlias = node?.has(TYPE.CNAME) === true
  if (!isAlias && (hasAddress(node) || isAnsweredElsewhere(target, record, nodes, apex))) return
  const what = isAlias ? 'is a CNAME (RFC 1912 §2.4)' : 'has no address here'
  warnings.add(record.place, `${describe(record)} points to ${formatName(target)}, which ${what}`)
}

function hasAddress(node: ZoneNode | undefined): boolean {
  return node?.has(TYPE.A) === true || node?.has(TYPE.AAAA) === true
}

/** A wildcard may answer for the name, or another zone that is delegated above it. */
function isAnsweredElsewhere(
  name: Uint8Array,
  pointing: ZoneRecord,
  nodes: ReadonlyMap<string, ZoneNode>,
  apex: Uint8Array,
): boolean {
  const key = nameKey(name)
  // The addresses of a delegation's own name servers must be here: nobody else can tell them.
  const ownCut = pointing.type === TYPE.NS ? nameKey(pointing.owner) : undefined
  for (let at = 0; key.length - at > apex.length;) {
    const here = key.slice(at)
    const node = nodes.get(here)
    if (here !== ownCut && node?.has(TYPE.NS) === true) return true
    if (at > 0 && node?.has(TYPE.DNAME) === true) return true
    at += 1 + key.charCodeAt(at)
    if (nodes.has(`\u0001*${key.slice(at)}`)) return true
  }
  return false
}
