import { groupedName, type Instance, type ServiceRef } from '../../registry/state.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { BLOCK, FLAG, KIND, NODE, RRSET } from '../table/layout.ts'
import { INFRASTRUCTURE_TTL } from './apex.ts'
import type { BlockBuilder } from './block-builder.ts'
import { POINTER_TO_QNAME, pushTextRecord } from './node-block.ts'

/** An instance on an address, and the service it belongs to. */
export interface Use {
  readonly ref: ServiceRef
  readonly instance: Instance
}

/** TXT tells so many instances of one address; more would not fit a datagram. */
export const TOLD_MAX = 8

const ADDRESS_SET = NODE.RRSETS
const TEXT_SET: number = NODE.RRSETS + RRSET.SIZE

/**
 * Writes the node of an instance name: its address, and a TXT record per instance on it. What
 * `buildNode` would write, without the lists on the way: it runs once per changed instance.
 */
export function buildHostNode(
  builder: BlockBuilder,
  zone: number,
  nameLength: number,
  octets: Uint8Array,
  uses: readonly Use[],
): void {
  builder.reset(NODE.RRSETS + 2 * RRSET.SIZE)
  builder.setInt32(BLOCK.KIND, KIND.NODE)
  builder.setInt32(BLOCK.FLAGS, FLAG.DYNAMIC)
  builder.setInt32(BLOCK.ZONE, zone)
  builder.setInt32(NODE.NAME_LENGTH, nameLength)
  builder.setInt32(NODE.RRSET_COUNT, 2)
  const start = builder.length
  pushAddress(builder, octets)
  const type = octets.length === 4 ? TYPE.A : TYPE.AAAA
  setEntry(builder, ADDRESS_SET, [type, 1, start, builder.length - start])
  const texts = builder.length
  const told = Math.min(uses.length, TOLD_MAX)
  for (let i = 0; i < told; i++) {
    const use = uses[i]
    if (use !== undefined) pushText(builder, use)
  }
  setEntry(builder, TEXT_SET, [TYPE.TXT, told, texts, builder.length - texts])
}

type Entry = readonly [type: number, count: number, offset: number, bytes: number]

function setEntry(builder: BlockBuilder, at: number, [type, count, offset, bytes]: Entry): void {
  builder.setInt32(at + RRSET.TYPE, type)
  builder.setInt32(at + RRSET.COUNT, count)
  builder.setInt32(at + RRSET.OFFSET, offset)
  builder.setInt32(at + RRSET.BYTES, bytes)
}

function pushAddress(builder: BlockBuilder, octets: Uint8Array): void {
  builder.pushU16(POINTER_TO_QNAME)
  builder.pushU16(octets.length === 4 ? TYPE.A : TYPE.AAAA)
  builder.pushU16(CLASS.IN)
  builder.pushU32(INFRASTRUCTURE_TTL)
  builder.pushU16(octets.length)
  builder.pushBytes(octets)
}

function pushText(builder: BlockBuilder, use: Use): void {
  builder.pushU16(POINTER_TO_QNAME)
  pushTextRecord(builder, INFRASTRUCTURE_TTL, useStrings(use))
}

/** `"svc=GROUP@@name" "ns=public" "port=8080" "cluster=DEFAULT" "weight=1" "healthy=true"`. */
export function useStrings({ ref, instance }: Use): readonly string[] {
  return [
    `svc=${groupedName(ref)}`,
    `ns=${ref.namespace}`,
    `port=${instance.port}`,
    `cluster=${instance.cluster}`,
    `weight=${instance.weight}`,
    `healthy=${instance.healthy && instance.enabled}`,
  ]
}
