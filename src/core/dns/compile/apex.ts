import { concatNames, parseName, prefixName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { FLAG } from '../table/layout.ts'
import type { RecordSet } from './node-block.ts'
import type { TableWriter } from './table-writer.ts'

/** Who answers for the dynamic zones: `ns1 … nsN`, the advertised addresses of the members. */
export interface NameServers {
  readonly v4: readonly Uint8Array[]
  readonly v6: readonly Uint8Array[]
}

/** Seconds; names of servers and instances change seldom. */
export const INFRASTRUCTURE_TTL = 30

/** The serial field is filled in at answer time from the registry's revision (dns.md §1.6). */
function soaData(primary: Uint8Array, apex: Uint8Array, negativeTtl: number): Uint8Array {
  const mailbox = concatNames(parseName('hostmaster'), apex)
  const rdata = new Uint8Array(primary.length + mailbox.length + 20)
  rdata.set(primary)
  rdata.set(mailbox, primary.length)
  const times = new DataView(rdata.buffer, primary.length + mailbox.length)
  // Serial 0, then refresh, retry, expire, minimum.
  for (const [i, seconds] of [3600, 600, 86_400, negativeTtl].entries()) {
    times.setUint32(4 + i * 4, seconds)
  }
  return rdata
}

export interface ApexContent {
  readonly zone: number
  readonly apex: Uint8Array
  /** The zone that `ns1` lives in; for a reverse zone another one. */
  readonly home: Uint8Array
  readonly negativeTtl: number
}

/** SOA, with serial 0, and NS of a zone whose names come from the registry. */
export function apexSets(content: Omit<ApexContent, 'zone'>): readonly RecordSet[] {
  const primary = prefixName(['ns1'], content.home)
  const soa = soaData(primary, content.apex, content.negativeTtl)
  return [
    { type: TYPE.SOA, ttl: INFRASTRUCTURE_TTL, rdatas: [soa] },
    { type: TYPE.NS, ttl: INFRASTRUCTURE_TTL, rdatas: [primary] },
  ]
}

export function putDynamicApex(writer: TableWriter, content: ApexContent): void {
  writer.putApex({
    owner: content.apex,
    zone: content.zone,
    flags: FLAG.APEX | FLAG.DYNAMIC,
    sets: apexSets(content),
  })
}

/** `ns1` with all addresses. */
export function nameServerSets(servers: NameServers): readonly RecordSet[] {
  const sets: RecordSet[] = []
  if (servers.v4.length > 0) {
    sets.push({ type: TYPE.A, ttl: INFRASTRUCTURE_TTL, rdatas: servers.v4 })
  }
  if (servers.v6.length > 0) {
    sets.push({ type: TYPE.AAAA, ttl: INFRASTRUCTURE_TTL, rdatas: servers.v6 })
  }
  return sets
}

export function putNameServer(
  writer: TableWriter,
  zone: number,
  apex: Uint8Array,
  servers: NameServers,
): void {
  const owner = prefixName(['ns1'], apex)
  writer.putNode({ owner, zone, flags: FLAG.DYNAMIC, sets: nameServerSets(servers) })
}
