import { formatName, nameKey } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { SIGNATURES } from '../table/layout.ts'
import { describe, type Findings, type RecordSet, type ZoneNode } from './state.ts'

/** Rounds of hashing beyond this are work for attackers only (RFC 9276 §3.1: zero is best). */
const NSEC3_ITERATIONS_MAX = 150

/** Which records may stand where: DNAME, delegations, and what only an apex or a cut may have. */
export function checkPlacement(
  nodes: ReadonlyMap<string, ZoneNode>,
  apex: Uint8Array,
  errors: Findings,
  warnings: Findings,
): void {
  const apexKey = nameKey(apex)
  let hasDname = false
  for (const [key, node] of nodes) {
    const isApex = key === apexKey
    checkDname(node, isApex, errors)
    checkDenial(node, errors)
    checkCut(key, node, isApex, errors, warnings)
    checkHashing(node, isApex, errors, warnings)
    hasDname ||= node.has(TYPE.DNAME)
  }
  if (hasDname) for (const [key, node] of nodes) checkAbove(key, node, nodes, errors)
}

/** RFC 6672 §2.4: one DNAME, and no delegation beside it. */
function checkDname(node: ZoneNode, isApex: boolean, errors: Findings): void {
  const [first, ...extras] = recordsOf(node, TYPE.DNAME)
  if (first === undefined) return
  for (const extra of extras) errors.add(extra.place, `${describe(extra)} is a second DNAME here`)
  if (node.has(TYPE.NS) && !isApex) {
    errors.add(first.place, `${describe(first)} cannot stand beside a delegation (RFC 6672 §2.4)`)
  }
}

/** One NSEC or NSEC3 says all of its owner; a second one could only contradict it. */
function checkDenial(node: ZoneNode, errors: Findings): void {
  for (const type of [TYPE.NSEC, TYPE.NSEC3]) {
    for (const extra of recordsOf(node, type).slice(1)) {
      errors.add(extra.place, `${describe(extra)} is a second one here`)
    }
  }
}

function checkCut(
  key: string,
  node: ZoneNode,
  isApex: boolean,
  errors: Findings,
  warnings: Findings,
): void {
  const [cut] = recordsOf(node, TYPE.NS)
  if (cut !== undefined && key.startsWith('\u0001*')) {
    errors.add(cut.place, `${describe(cut)}: a wildcard cannot be delegated (RFC 4592 §4.2)`)
  }
  const [ds] = recordsOf(node, TYPE.DS)
  if (ds === undefined) return
  if (isApex) errors.add(ds.place, `${describe(ds)} stands at the apex (RFC 4035 §2.4)`)
  else if (cut === undefined)
    warnings.add(ds.place, `${describe(ds)} stands where no delegation is (RFC 4035 §2.4)`)
}

function checkHashing(node: ZoneNode, isApex: boolean, errors: Findings, warnings: Findings): void {
  for (const type of [TYPE.NSEC3, TYPE.NSEC3PARAM]) {
    for (const record of recordsOf(node, type)) {
      const iterations = (record.rdata[2] ?? 0) * 256 + (record.rdata[3] ?? 0)
      if (iterations <= NSEC3_ITERATIONS_MAX) continue
      const what = `has ${iterations} iterations, more than ${NSEC3_ITERATIONS_MAX} (RFC 9276)`
      errors.add(record.place, `${describe(record)} ${what}`)
    }
  }
  const [params] = recordsOf(node, TYPE.NSEC3PARAM)
  if (params === undefined || isApex) return
  warnings.add(params.place, `${describe(params)} says something at the apex only`)
}

/** RFC 6672 §2.4: nothing lives below a DNAME, but the hashed names of a zone that is one. */
function checkAbove(
  key: string,
  node: ZoneNode,
  nodes: ReadonlyMap<string, ZoneNode>,
  errors: Findings,
): void {
  const [record] = [...node].flatMap(([type, set]) => (isHashed(type) ? [] : set.records))
  if (record === undefined) return
  for (let at = 0; at < key.length - 1;) {
    at += 1 + key.charCodeAt(at)
    const [above] = recordsOf(nodes.get(key.slice(at)), TYPE.DNAME)
    if (above === undefined) continue
    const what = `${describe(record)} stands below the DNAME of ${formatName(above.owner)}`
    errors.add(record.place, `${what} (RFC 6672 §2.4)`)
    return
  }
}

function isHashed(type: number): boolean {
  return (type & ~SIGNATURES) === TYPE.NSEC3
}

function recordsOf(node: ZoneNode | undefined, type: number): RecordSet['records'] {
  return node?.get(type)?.records ?? []
}
