import { groupedName, type Service } from '../../registry/state.ts'
import { SERVICE } from '../table/layout.ts'
import type { BlockBuilder } from './block-builder.ts'
import type { Candidates } from './candidates.ts'
import { POINTER_TO_QNAME, pushTextRecord } from './node-block.ts'

/** Facts of the TXT record that the service alone does not know. */
export interface ServiceNote {
  readonly hashLabel: string
  /** How many other services fold to the same DNS name. */
  readonly collisions: number
}

/** Metadata told in TXT is bounded, so that the record fits a datagram with room to spare. */
const STRINGS_MAX = 16

/** Writes the service's TXT record: what it is and how it does (dns.md §3.7). */
export function buildText(
  builder: BlockBuilder,
  service: Service,
  whole: Candidates | undefined,
  note: ServiceNote,
  ttl: number,
): void {
  const at = builder.length
  builder.pushU16(POINTER_TO_QNAME)
  pushTextRecord(builder, ttl, serviceStrings(service, whole, note))
  builder.setInt32(SERVICE.TXT_OFFSET, at)
  builder.setInt32(SERVICE.TXT_BYTES, builder.length - at)
}

/** The strings of that record; longer ones than 255 octets are cut when they are written. */
export function serviceStrings(
  service: Service,
  whole: Pick<Candidates, 'healthy' | 'total'> | undefined,
  note: ServiceNote,
): readonly string[] {
  const strings = [
    `svc=${groupedName(service.ref)}`,
    `ns=${service.ref.namespace}`,
    `healthy=${whole?.healthy ?? 0}/${whole?.total ?? 0}`,
    `threshold=${service.settings.protectThreshold}`,
    `hash=${note.hashLabel}`,
    ...(note.collisions > 0 ? [`collision=${note.collisions}`] : []),
    ...publicMetadata(service),
  ]
  return strings.slice(0, STRINGS_MAX)
}

/** DNS has no authentication: only keys that say so are told. */
function publicMetadata(service: Service): readonly string[] {
  const prefix = 'dns.txt.'
  return [...service.settings.metadata]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => `${key.slice(prefix.length)}=${value}`)
}
