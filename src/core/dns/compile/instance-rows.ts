import type { ClusterName } from '../../registry/ids.ts'
import type { Instance } from '../../registry/state.ts'
import { standingOf } from '../explain/standing.ts'
import { ROW, ROW_FAMILY, SERVICE } from '../table/layout.ts'
import { ipv4Of, otherHostOf } from './address.ts'
import type { BlockBuilder } from './block-builder.ts'
import { protocolToken } from './candidates.ts'

/**
 * Writes every instance of the service, answered or not, with what reasons are made of. 40 octets
 * and some 40 ns each: little beside the SRV record that most have, too.
 */
export function buildRows(
  builder: BlockBuilder,
  instances: readonly Instance[],
  sections: ReadonlyMap<ClusterName, number>,
): void {
  builder.align()
  const rows = builder.skip(instances.length * ROW.SIZE)
  builder.setInt32(SERVICE.ROW_COUNT, instances.length)
  builder.setInt32(SERVICE.ROWS, rows)
  for (let i = 0; i < instances.length; i++) {
    const instance = instances[i]
    if (instance === undefined) break
    const at = rows + i * ROW.SIZE
    builder.setFloat64(at + ROW.SINCE, instance.since)
    builder.setFloat64(at + ROW.WEIGHT, instance.weight)
    builder.setInt32(at + ROW.PORT, instance.port)
    builder.setInt32(at + ROW.STANDING, standingOf(instance))
    builder.setInt32(at + ROW.SECTION, sections.get(instance.cluster) ?? 0)
    buildHost(builder, at, instance.ip)
    const token = protocolToken(instance.metadata)
    if (token !== undefined) builder.setInt32(at + ROW.TOKEN, builder.pushText(token))
  }
}

function buildHost(builder: BlockBuilder, at: number, host: string): void {
  const v4 = ipv4Of(host)
  if (v4 >= 0) {
    builder.setInt32(at + ROW.FAMILY, ROW_FAMILY.V4)
    builder.setInt32(at + ROW.HOST, v4 | 0)
    return
  }
  const other = otherHostOf(host)
  if (other.family === 6) {
    builder.setInt32(at + ROW.FAMILY, ROW_FAMILY.V6)
    builder.setInt32(at + ROW.HOST, builder.pushBytes(other.octets))
    return
  }
  const family = other.target === undefined ? ROW_FAMILY.NOTHING : ROW_FAMILY.NAME
  builder.setInt32(at + ROW.FAMILY, family)
  builder.setInt32(at + ROW.HOST, builder.pushText(host))
}
