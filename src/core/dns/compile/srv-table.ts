import type { Instance } from '../../registry/state.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { SECTION, SRV } from '../table/layout.ts'
import { addressOf } from './address.ts'
import type { BlockBuilder } from './block-builder.ts'
import { protocolToken, srvScale, srvWeight } from './candidates.ts'

export interface SrvOptions {
  /** Seconds. */
  readonly ttl: number
  /** The zone that instance names live in. */
  readonly apex: Uint8Array
}

interface Row {
  readonly instance: Instance
  /** The target's name in wire form (RFC 2782: uncompressed). */
  readonly target: Uint8Array
}

/** Writes the SRV table of one section; the answer is how many hosts cannot be targets. */
export function buildSrvs(
  builder: BlockBuilder,
  section: number,
  chosen: readonly Instance[],
  options: SrvOptions,
): number {
  const rows = chosen.flatMap((instance) => {
    const target = targetOf(instance, options.apex)
    return target === undefined ? [] : [{ instance, target }]
  })
  const scale = srvScale(rows.map((row) => row.instance.weight))
  builder.align()
  const table = builder.skip(rows.length * 12)
  let sum = 0
  let host = -1
  for (const [i, row] of rows.entries()) {
    sum += row.instance.weight
    // Sorted by host: those on one address stand together.
    if (addressOf(row.instance.ip) !== addressOf(rows[i - 1]?.instance.ip ?? '')) host++
    builder.setFloat64(table + i * 8, sum)
    const weight = srvWeight(row.instance.weight, scale)
    const record = buildSrv(builder, row, weight, options.ttl)
    builder.setInt32(record + SRV.HOST, host)
    builder.setInt32(table + rows.length * 8 + i * 4, record)
  }
  builder.setInt32(section + SECTION.SRV_COUNT, rows.length)
  builder.setInt32(section + SECTION.SRV_TABLE, table)
  return chosen.length - rows.length
}

/** An address is named in the zone; a host name is its own target. */
function targetOf(instance: Instance, apex: Uint8Array): Uint8Array | undefined {
  const address = addressOf(instance.ip)
  if (address.family === 'name') return address.target
  const target = new Uint8Array(address.wireLabel.length + apex.length)
  target.set(address.wireLabel)
  target.set(apex, address.wireLabel.length)
  return target
}

function buildSrv(builder: BlockBuilder, row: Row, weight: number, ttl: number): number {
  const { instance, target } = row
  builder.align()
  const at = builder.skip(SRV.RECORD)
  builder.setInt32(at + SRV.PORT, instance.port)
  builder.pushU16(TYPE.SRV)
  builder.pushU16(CLASS.IN)
  builder.pushU32(ttl)
  builder.pushU16(6 + target.length)
  // Priority 0 for all: health is never told by priority.
  builder.pushU16(0)
  builder.pushU16(weight)
  builder.pushU16(instance.port)
  builder.pushBytes(target)
  builder.setInt32(at + SRV.RECORD_BYTES, builder.length - at - SRV.RECORD)
  const token = protocolToken(instance.metadata)
  if (token !== undefined) builder.setInt32(at + SRV.TOKEN, pushToken(builder, token))
  const address = addressOf(instance.ip)
  if (address.family !== 'name') {
    builder.setInt32(at + SRV.ADDRESS_BYTES, address.octets.length)
    builder.setBytes(at + SRV.ADDRESS, address.octets)
  }
  return at
}

function pushToken(builder: BlockBuilder, token: string): number {
  const octets = new TextEncoder().encode(token).subarray(0, 63)
  const at = builder.pushBytes(Uint8Array.of(octets.length))
  builder.pushBytes(octets)
  return at
}
