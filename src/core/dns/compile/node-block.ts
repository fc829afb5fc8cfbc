import { CLASS, TYPE } from '../protocol.ts'
import { BLOCK, FLAG, KIND, NEGATIVE_SOA, NODE, RRSET, SIGNATURES } from '../table/layout.ts'
import type { BlockBuilder } from './block-builder.ts'

/** All records of one owner and type; one TTL for all (RFC 2181 §5.2). */
export interface RecordSet {
  /** Or `SIGNATURES` and the type that these cover. */
  readonly type: number
  readonly ttl: number
  /** Wire format, names uncompressed. */
  readonly rdatas: readonly Uint8Array[]
}

export interface NodeContent {
  /** The owner, wire format. */
  readonly owner: Uint8Array
  readonly zone: number
  readonly flags: number
  readonly sets: readonly RecordSet[]
}

/** What answers point at: the question's name, at offset 12 of every message. */
export const POINTER_TO_QNAME = 0xc00c

/** Writes a node's block into the builder: a directory of RRsets, then records ready to copy. */
export function buildNode(builder: BlockBuilder, node: NodeContent): void {
  const sets = node.flags & FLAG.APEX ? withNegativeSoa(node.sets) : node.sets
  builder.reset(NODE.RRSETS + sets.length * RRSET.SIZE)
  builder.setInt32(BLOCK.KIND, KIND.NODE)
  builder.setInt32(BLOCK.FLAGS, node.flags)
  builder.setInt32(BLOCK.ZONE, node.zone)
  builder.setInt32(NODE.NAME_LENGTH, node.owner.length)
  builder.setInt32(NODE.RRSET_COUNT, sets.length)
  for (const [i, set] of sets.entries()) buildSet(builder, NODE.RRSETS + i * RRSET.SIZE, set)
}

function buildSet(builder: BlockBuilder, entry: number, set: RecordSet): void {
  const start = builder.length
  for (const rdata of set.rdatas) {
    builder.pushU16(POINTER_TO_QNAME)
    pushRecord(builder, typeOnWire(set.type), set.ttl, rdata)
  }
  builder.setInt32(entry + RRSET.TYPE, set.type)
  builder.setInt32(entry + RRSET.COUNT, set.rdatas.length)
  builder.setInt32(entry + RRSET.OFFSET, start)
  builder.setInt32(entry + RRSET.BYTES, builder.length - start)
}

function typeOnWire(type: number): number {
  if (type & SIGNATURES) return TYPE.RRSIG
  return type === NEGATIVE_SOA ? TYPE.SOA : type
}

/** A record from its type field on. */
function pushRecord(builder: BlockBuilder, type: number, ttl: number, rdata: Uint8Array): void {
  builder.pushU16(type)
  builder.pushU16(CLASS.IN)
  builder.pushU32(ttl)
  builder.pushU16(rdata.length)
  builder.pushBytes(rdata)
}

/** A TXT record of these strings, from its type field on; none is longer than 255 octets. */
export function pushTextRecord(
  builder: BlockBuilder,
  ttl: number,
  strings: readonly string[],
): void {
  const start = builder.length
  builder.pushU16(TYPE.TXT)
  builder.pushU16(CLASS.IN)
  builder.pushU32(ttl)
  builder.pushU16(0)
  for (const text of strings) builder.pushText(text)
  builder.setU16(start + 8, builder.length - start - 10)
}

/**
 * RFC 2308 §5: the negative TTL is the smaller of the SOA's TTL and its MINIMUM field. A signature
 * lives as long as what it signs.
 */
function withNegativeSoa(sets: readonly RecordSet[]): readonly RecordSet[] {
  const soa = sets.find((set) => set.type === TYPE.SOA)
  const rdata = soa?.rdatas[0]
  if (soa === undefined || rdata === undefined) return sets
  const minimum = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4, 4).getUint32(0)
  const ttl = Math.min(soa.ttl, minimum)
  const signatures = sets.find((set) => set.type === (SIGNATURES | TYPE.SOA))
  const negative = { type: NEGATIVE_SOA, ttl, rdatas: [rdata] }
  if (signatures === undefined) return [...sets, negative]
  return [...sets, negative, { ...signatures, type: SIGNATURES | NEGATIVE_SOA, ttl }]
}
