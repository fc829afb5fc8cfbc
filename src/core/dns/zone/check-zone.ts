import { formatName, isSubdomain, latin1, nameKey, parentName, sameName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { recordType, typeName } from '../records/types.ts'
import type { Findings, PlacedRecord, ZoneRecord } from './state.ts'

/** Records of one owner, by type, in the order of the file and without doubles. */
type Node = Map<number, RecordSet>

interface RecordSet {
  readonly records: PlacedRecord[]
  ttl: number
}

/** DNSSEC speaks about the CNAME itself, so these may stand beside it (RFC 4034 §2, §4). */
const BESIDE_CNAME: ReadonlySet<number> = new Set([TYPE.CNAME, 46, 47])

/** Types whose target must be an address, not an alias (RFC 2181 §10.3, RFC 2782). */
const POINTING: ReadonlySet<number> = new Set([TYPE.NS, TYPE.MX, TYPE.SRV])

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
  const nodes = new Map<string, Node>()
  const kept: PlacedRecord[] = []
  const seen = new Set<string>()
  for (const record of records) {
    if (!isInside(record, apex, errors)) continue
    const key = nameKey(record.owner)
    const fingerprint = `${key}${record.type} ${comparable(record)}`
    if (seen.has(fingerprint)) {
      warnings.add(record.place, `${describe(record)} is told twice`)
      lowerTtl(setOf(nodes, key, record), record, warnings)
      continue
    }
    seen.add(fingerprint)
    kept.push(record)
    const set = setOf(nodes, key, record)
    set.records.push(record)
    lowerTtl(set, record, warnings)
  }
  checkApex(nodes.get(nameKey(apex)), apex, errors)
  for (const node of nodes.values()) checkAliases(node, errors)
  checkTargets(kept, nodes, apex, warnings)
  return kept.map((record) => toRecord(record, nodes))
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

function setOf(nodes: Map<string, Node>, key: string, record: PlacedRecord): RecordSet {
  const node = nodes.get(key) ?? new Map<number, RecordSet>()
  const set = node.get(record.type) ?? { records: [], ttl: record.ttl }
  nodes.set(key, node.set(record.type, set))
  return set
}

function lowerTtl(set: RecordSet, record: PlacedRecord, warnings: Findings): void {
  if (record.ttl === set.ttl) return
  const ttl = Math.min(record.ttl, set.ttl)
  warnings.add(record.place, `${describe(record)} has several TTLs: the lowest, ${ttl}, is used`)
  set.ttl = ttl
}

function checkApex(node: Node | undefined, apex: Uint8Array, errors: Findings): void {
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
function checkAliases(node: Node, errors: Findings): void {
  const aliases = node.get(TYPE.CNAME)?.records ?? []
  const [first, ...extras] = aliases
  if (first === undefined) return
  for (const extra of extras) errors.add(extra.place, `${describe(extra)} is a second CNAME here`)
  const others = [...node.keys()].filter((type) => !BESIDE_CNAME.has(type))
  if (others.length === 0) return
  const types = others.map((type) => typeName(type)).join(', ')
  errors.add(first.place, `${describe(first)} cannot stand beside other data (${types})`)
}

function checkTargets(
  records: readonly PlacedRecord[],
  nodes: ReadonlyMap<string, Node>,
  apex: Uint8Array,
  warnings: Findings,
): void {
  for (const record of records) {
    const nameAt = recordType(record.type)?.nameAt
    if (nameAt === undefined || !POINTING.has(record.type)) continue
    const target = record.rdata.subarray(nameAt)
    if (target.length === 1 || !isSubdomain(target, apex)) continue
    const node = nodes.get(nameKey(target))
    const what = `${describe(record)} points to ${formatName(target)}`
    if (node?.has(TYPE.CNAME) === true) {
      warnings.add(record.place, `${what}, which is a CNAME (RFC 1912 §2.4)`)
    } else if (!hasAddress(node) && !isAnsweredElsewhere(target, record, nodes, apex)) {
      warnings.add(record.place, `${what}, which has no address here`)
    }
  }
}

function hasAddress(node: Node | undefined): boolean {
  return node?.has(TYPE.A) === true || node?.has(TYPE.AAAA) === true
}

/** A wildcard may answer for the name, or another zone that is delegated above it. */
function isAnsweredElsewhere(
  name: Uint8Array,
  pointing: ZoneRecord,
  nodes: ReadonlyMap<string, Node>,
  apex: Uint8Array,
): boolean {
  for (let at = name; !sameName(at, apex);) {
    // The addresses of a delegation's own name servers must be here: nobody else can tell them.
    const isDelegated = nodes.get(nameKey(at))?.has(TYPE.NS) === true
    if (isDelegated && !(pointing.type === TYPE.NS && sameName(pointing.owner, at))) return true
    const above = parentName(at) ?? apex
    if (nodes.has(`\u0001*${nameKey(above)}`)) return true
    at = above
  }
  return false
}

function toRecord(record: PlacedRecord, nodes: ReadonlyMap<string, Node>): ZoneRecord {
  const { owner, type, rdata } = record
  const ttl = nodes.get(nameKey(owner))?.get(type)?.ttl ?? record.ttl
  return { owner, type, ttl, rdata }
}

function describe(record: ZoneRecord): string {
  return `${formatName(record.owner)} ${typeName(record.type)}`
}
