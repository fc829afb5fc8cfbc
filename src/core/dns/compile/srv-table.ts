import type { ClusterName } from '../../registry/ids.ts'
import type { Instance } from '../../registry/state.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { SECTION, SRV } from '../table/layout.ts'
import { ipv4Of, otherHostOf } from './address.ts'
import type { BlockBuilder } from './block-builder.ts'
import { mergeTargets, protocolToken, srvScale, srvWeight } from './candidates.ts'

export interface SrvOptions {
  /** Seconds. */
  readonly ttl: number
  /** The zone that instance names live in. */
  readonly apex: Uint8Array
  /** Numbers of the clusters' sections; where there is one section, none. */
  readonly sections: ReadonlyMap<ClusterName, number>
}

/** Writes the SRV table of one section; the answer is how many hosts cannot be targets. */
export function buildSrvs(
  builder: BlockBuilder,
  section: number,
  chosen: readonly Instance[],
  options: SrvOptions,
): number {
  const targets = chosen.filter(isTarget)
  const rows = mergeTargets(targets)
  const scale = srvScale(rows.map((row) => row.weight))
  const hosts = new HostNumbers()
  builder.align()
  const table = builder.skip(rows.length * 12)
  let sum = 0
  for (const [i, { instance, weight }] of rows.entries()) {
    sum += weight
    builder.setFloat64(table + i * 8, sum)
    const record = buildSrv(builder, instance, srvWeight(weight, scale), options)
    builder.setInt32(record + SRV.HOST, hosts.of(instance.ip))
    builder.setInt32(record + SRV.SECTION, options.sections.get(instance.cluster) ?? 0)
    builder.setInt32(table + rows.length * 8 + i * 4, record)
  }
  builder.setInt32(section + SECTION.SRV_COUNT, rows.length)
  builder.setInt32(section + SECTION.SRV_TABLE, table)
  return chosen.length - targets.length
}

/** Numbers addresses: those on one stand together, but for IPv6 in several spellings. */
class HostNumbers {
  readonly #v6 = new Map<string, number>()
  #last = ''
  #count = 0

  of(ip: string): number {
    if (ipv4Of(ip) < 0) {
      const other = otherHostOf(ip)
      const label = other.family === 6 ? other.label : ip
      const known = this.#v6.get(label) ?? ++this.#count
      this.#v6.set(label, known)
      return known
    }
    if (ip !== this.#last) this.#count++
    this.#last = ip
    return this.#count
  }
}

function isTarget({ ip }: Instance): boolean {
  if (ipv4Of(ip) >= 0) return true
  const other = otherHostOf(ip)
  return other.family === 6 || other.target !== undefined
}

function buildSrv(
  builder: BlockBuilder,
  instance: Instance,
  weight: number,
  { ttl, apex }: SrvOptions,
): number {
  builder.align()
  const at = builder.skip(SRV.RECORD)
  const start = builder.length
  builder.setInt32(at + SRV.PORT, instance.port)
  builder.pushU16(TYPE.SRV)
  builder.pushU16(CLASS.IN)
  builder.pushU32(ttl)
  // The length comes below; priority 0: health is never told by it, locality when it is answered.
  builder.pushU32(0)
  builder.pushU16(weight)
  builder.pushU16(instance.port)
  pushTarget(builder, at, instance.ip, apex)
  builder.setU16(start + 8, builder.length - start - 10)
  builder.setInt32(at + SRV.RECORD_BYTES, builder.length - start)
  const token = protocolToken(instance.metadata)
  if (token !== undefined) builder.setInt32(at + SRV.TOKEN, builder.pushText(token))
  return at
}

/** The target's name, uncompressed (RFC 2782), and its address: a host name has none of ours. */
function pushTarget(builder: BlockBuilder, at: number, host: string, apex: Uint8Array): void {
  const v4 = ipv4Of(host)
  const other = v4 >= 0 ? undefined : otherHostOf(host)
  if (other?.family === 'name') {
    if (other.target !== undefined) builder.pushBytes(other.target)
    return
  }
  builder.pushText(other === undefined ? host.replaceAll('.', '-') : other.label)
  builder.pushBytes(apex)
  builder.setInt32(at + SRV.ADDRESS_BYTES, other === undefined ? 4 : 16)
  if (other === undefined) builder.setU32(at + SRV.ADDRESS, v4)
  else builder.setBytes(at + SRV.ADDRESS, other.octets)
}
