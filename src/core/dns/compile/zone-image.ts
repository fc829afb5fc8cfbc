import { FLAG, MARK } from '../table/layout.ts'
import type { ZoneRecord } from '../zone/state.ts'
import { BlockBuilder } from './block-builder.ts'
import { buildChain, compareOctets } from './denial-chain.ts'
import { buildNode } from './node-block.ts'
import { markedKey, ZoneDraft, type Draft } from './zone-draft.ts'

/**
 * A compiled zone: keys and finished blocks, to be copied into a table. Made where the file is read
 * (in a thread of its own for a large one), can be transferred, knows nothing of the table.
 */
export interface ZoneImage {
  /** Lower-cased. */
  readonly apex: Uint8Array
  readonly recordCount: number
  /** Keys and blocks, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** By node, in the order of the keys: start and end of the key, start and end of the block. */
  readonly spots: Uint32Array<ArrayBuffer>
}

/** Numbers per node in `spots`. */
const SPOT = 4

export function makeImage(apex: Uint8Array, records: readonly ZoneRecord[]): ZoneImage {
  const draft = new ZoneDraft(apex, records)
  const packer = new Packer()
  const builder = new BlockBuilder()
  if (buildChain(builder, draft)) {
    packer.add(markedKey(MARK.CHAIN, draft.apex), builder.finished)
    const { apexNode } = draft
    if (apexNode !== undefined) apexNode.flags |= FLAG.SIGNED
  }
  for (const nodes of [draft.nodes, draft.hashed]) {
    for (const node of nodes) {
      buildNode(builder, contentOf(node))
      packer.add(node.key, builder.finished)
    }
  }
  return { apex: draft.apex, recordCount: records.length, ...packer.finish() }
}

/** A zone that is ours and cannot be served: all its names are answered SERVFAIL, never denied. */
export function makeUnreadyImage(apex: Uint8Array): ZoneImage {
  const packer = new Packer()
  const builder = new BlockBuilder()
  buildNode(builder, { owner: apex, zone: 0, flags: FLAG.APEX | FLAG.UNREADY, sets: [] })
  packer.add(apex, builder.finished)
  return { apex, recordCount: 0, ...packer.finish() }
}

export function nodeCount({ spots }: ZoneImage): number {
  return spots.length / SPOT
}

export function keyAt({ bytes, spots }: ZoneImage, node: number): Uint8Array {
  return bytes.subarray(spots[node * SPOT], spots[node * SPOT + 1])
}

export function blockAt({ bytes, spots }: ZoneImage, node: number): Uint8Array {
  return bytes.subarray(spots[node * SPOT + 2], spots[node * SPOT + 3])
}

/** The number of the zone is filled in when the image comes into a table. */
function contentOf({ owner, flags, sets }: Draft): Parameters<typeof buildNode>[1] {
  const list = Array.from(sets, ([type, { ttl, rdatas }]) => ({ type, ttl, rdatas }))
  return { owner, zone: 0, flags, sets: list }
}

class Packer {
  #bytes = new Uint8Array(1 << 16)
  #length = 0
  readonly #spots: (readonly [key: number, keyEnd: number, block: number, blockEnd: number])[] = []

  add(key: Uint8Array, block: Uint8Array): void {
    const keyStart = this.#push(key)
    const blockStart = this.#push(block)
    this.#spots.push([keyStart, keyStart + key.length, blockStart, this.#length])
  }

  finish(): Pick<ZoneImage, 'bytes' | 'spots'> {
    const keyOf = (spot: readonly number[]): Uint8Array => this.#bytes.subarray(spot[0], spot[1])
    this.#spots.sort((a, b) => compareOctets(keyOf(a), keyOf(b)))
    return {
      bytes: this.#bytes.slice(0, this.#length),
      spots: Uint32Array.from(this.#spots.flat()),
    }
  }

  #push(octets: Uint8Array): number {
    const at = this.#length
    if (at + octets.length > this.#bytes.length) this.#grow(at + octets.length)
    this.#bytes.set(octets, at)
    this.#length = at + octets.length
    return at
  }

  #grow(wanted: number): void {
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
