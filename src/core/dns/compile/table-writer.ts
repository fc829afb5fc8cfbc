import { lowerName } from '../name.ts'
import { Arena } from '../table/arena.ts'
import { BLOCK, HEADER, ZONE_SLOTS, ZONES_MAX } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { NameIndex } from '../table/name-index.ts'
import { CairnError } from '../../../kernel/errors.ts'
import { BlockBuilder } from './block-builder.ts'
import { buildNode, type NodeContent } from './node-block.ts'

/** The one writer of the shared table: names to blocks, and the words of the header. */
export class TableWriter {
  readonly memory: TableMemory
  readonly arena: Arena
  readonly builder: BlockBuilder = new BlockBuilder()
  readonly #index: NameIndex
  readonly #shared = new Set<number>()
  #zones = 0

  constructor(memory: TableMemory) {
    this.memory = memory
    this.arena = new Arena(memory)
    this.#index = new NameIndex(memory, this.arena)
  }

  get nameCount(): number {
    return this.#index.size
  }

  get nameSlots(): number {
    return this.#index.slots
  }

  /** A number for a zone; its apex node is registered by `putApex`. */
  openZone(): number {
    if (this.#zones >= ZONES_MAX - 1) {
      throw new CairnError('too_large', `more than ${ZONES_MAX - 1} zones`)
    }
    return ++this.#zones
  }

  /** A node's block that no name points at yet. */
  makeNode(node: NodeContent): number {
    buildNode(this.builder, node)
    return this.builder.copyTo(this.memory, this.arena)
  }

  /** A node that many names may point at; it is never freed. */
  makeShared(node: NodeContent): number {
    const block = this.makeNode(node)
    this.#shared.add(block)
    return block
  }

  /** The block in `builder` becomes what the name points at. */
  putBuilt(key: Uint8Array): void {
    this.#place(key, this.builder.copyTo(this.memory, this.arena))
  }

  putNode(node: NodeContent): void {
    this.#place(lowerName(node.owner), this.makeNode(node))
  }

  /** What the zone's other blocks find their SOA in; the name of the apex is pointed separately. */
  setApex(zone: number, block: number): void {
    Atomics.store(this.memory.words, (ZONE_SLOTS + zone * 4) >> 2, block)
  }

  putApex(node: NodeContent): void {
    const block = this.makeNode(node)
    // Before the old block is given back: after that nobody may find it any more.
    this.setApex(node.zone, block)
    this.#place(lowerName(node.owner), block)
  }

  /** Points a name at a block that other names may share; the block it had is the caller's. */
  point(key: Uint8Array, block: number): number {
    return this.#index.put(key, block)
  }

  /** Forgets a name; the block it had is the caller's. */
  unpoint(key: Uint8Array): number {
    return this.#index.remove(key)
  }

  /** A copy of a finished block of this zone, that no name points at yet. */
  makeCopy(block: Uint8Array, zone: number): number {
    const offset = this.arena.allocate(block.length)
    this.memory.bytes.set(block, offset)
    this.memory.view.setInt32(offset + BLOCK.ZONE, zone, true)
    return offset
  }

  /** The name's place, for `exchange`; what takes memory happens here. */
  reserve(key: Uint8Array): number {
    return this.#index.reserve(key)
  }

  /** Points a reserved place at a block; the one it had is the caller's. Takes no memory. */
  exchange(entry: number, block: number): number {
    return this.#index.exchange(entry, block)
  }

  removeNode(key: Uint8Array): void {
    this.retire(this.#index.remove(key))
  }

  /** Gives a block back that no name points at any more; 0 and shared ones are left alone. */
  retire(block: number): void {
    if (block !== 0 && !this.#shared.has(block)) this.arena.retire(block)
  }

  has(key: Uint8Array): boolean {
    return this.#index.get(key) !== 0
  }

  /** What the name points at, or 0. */
  blockOf(key: Uint8Array): number {
    return this.#index.get(key)
  }

  get serial(): number {
    return this.memory.view.getUint32(HEADER.SERIAL, true)
  }

  setSerial(revision: number): void {
    Atomics.store(this.memory.words, HEADER.SERIAL >> 2, revision | 0)
  }

  setReady(isReady: boolean): void {
    Atomics.store(this.memory.words, HEADER.READY >> 2, isReady ? 1 : 0)
  }

  setNsTaken(isTaken: boolean): void {
    Atomics.store(this.memory.words, HEADER.NS_TAKEN >> 2, isTaken ? 1 : 0)
  }

  /** Frees what no reader can see any more; called after every round of publishing. */
  reclaim(): void {
    this.arena.reclaim()
  }

  #place(key: Uint8Array, block: number): void {
    try {
      this.retire(this.#index.put(key, block))
    } catch (error) {
      this.arena.retire(block)
      throw error
    }
  }
}
