import { TYPE } from '../protocol.ts'
import { decodeBase32Hex } from '../records/octet-text.ts'
import { latin1 } from '../name.ts'
import { BLOCK, CHAIN, FLAG, KIND } from '../table/layout.ts'
import type { BlockBuilder } from './block-builder.ts'
import type { Draft, ZoneDraft } from './zone-draft.ts'

/** Hash algorithm 1: SHA-1, the only one there is (RFC 5155 §11). */
const SHA1 = 1
/** Octets of NSEC3 data before its salt. */
const HEAD_BYTES = 5

/**
 * Writes the zone's chain into the builder: what a name that does not exist is proven with. False
 * for a zone that has none. NSEC3 goes first: a zone that has both is on its way to it.
 */
export function buildChain(builder: BlockBuilder, draft: ZoneDraft): boolean {
  return buildHashes(builder, draft) || buildNames(builder, draft)
}

function buildHashes(builder: BlockBuilder, draft: ZoneDraft): boolean {
  // RFC 5155 §4.1.2: with flags, the parameters are not for serving.
  const params = draft.apexNode?.sets
    .get(TYPE.NSEC3PARAM)
    ?.rdatas.find((rdata) => rdata[0] === SHA1 && rdata[1] === 0)
  if (params === undefined) return false
  const hashes: Uint8Array[] = []
  for (const node of draft.hashed) {
    const hash = hashOf(node)
    if (hash !== undefined && isOfChain(node, params)) hashes.push(hash)
  }
  if (hashes.length === 0) return false
  hashes.sort(compareOctets)
  const salt = params.subarray(HEAD_BYTES)
  begin(builder, hashes.length, (params[2] ?? 0) * 256 + (params[3] ?? 0))
  builder.setInt32(CHAIN.SALT_LENGTH, salt.length)
  builder.setBytes(CHAIN.SALT, salt)
  for (const hash of hashes) builder.pushBytes(hash)
  return true
}

function hashOf({ owner }: Draft): Uint8Array | undefined {
  const label = owner.subarray(1, 1 + (owner[0] ?? 0))
  const hash = decodeBase32Hex(latin1(label))
  return hash?.length === CHAIN.HASH_BYTES ? hash : undefined
}

/** Same algorithm, iterations and salt; the flags tell of opt-out. */
function isOfChain({ sets }: Draft, params: Uint8Array): boolean {
  const [rdata] = sets.get(TYPE.NSEC3)?.rdatas ?? []
  return rdata !== undefined && params.every((octet, i) => i === 1 || rdata[i] === octet)
}

function buildNames(builder: BlockBuilder, draft: ZoneDraft): boolean {
  const names: Uint8Array[] = []
  for (const { sets, flags, owner } of draft.nodes) {
    if (!sets.has(TYPE.NSEC) || flags & FLAG.OCCLUDED) continue
    names.push(reversed(owner, draft.apex.length))
  }
  if (names.length === 0) return false
  names.sort(compareReversed)
  begin(builder, names.length, -1)
  const directory = builder.skip(names.length * 4)
  for (const [i, name] of names.entries()) {
    builder.setInt32(directory + i * 4, builder.length)
    builder.pushBytes(Uint8Array.of(name.length))
    builder.pushBytes(name)
  }
  return true
}

function begin(builder: BlockBuilder, count: number, iterations: number): void {
  builder.reset(CHAIN.ENTRIES)
  builder.setInt32(BLOCK.KIND, KIND.CHAIN)
  builder.setInt32(CHAIN.COUNT, count)
  builder.setInt32(CHAIN.ITERATIONS, iterations)
}

/** The labels below the apex from right to left, each with its length. */
function reversed(owner: Uint8Array, apexLength: number): Uint8Array {
  const length = owner.length - apexLength
  const out = new Uint8Array(length)
  for (let at = 0; at < length;) {
    const label = owner.subarray(at, at + 1 + (owner[at] ?? 0))
    at += label.length
    out.set(label, length - at)
  }
  return out
}

/** RFC 4034 §6.1: label by label, a missing one first, a shorter one before a longer. */
function compareReversed(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0, j = 0; ;) {
    if (i >= a.length || j >= b.length) return a.length - i - (b.length - j)
    const order = compareOctets(
      a.subarray(i + 1, i + 1 + (a[i] ?? 0)),
      b.subarray(j + 1, j + 1 + (b[j] ?? 0)),
    )
    if (order !== 0) return order
    i += 1 + (a[i] ?? 0)
    j += 1 + (b[j] ?? 0)
  }
}

export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
