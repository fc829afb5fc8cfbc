import { lowerName } from '../name.ts'
import { Arena } from '../table/arena.ts'
import { BLOCK, HEADER, KIND, NODE, ZONE_SLOTS, ZONES_MAX } from '../table/layout.ts'
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
  #zones = 0

  constructor(memory: TableMemory) {
    this.memory = memory
    this.arena = new Arena(memory)
    this.#index = new NameIndex(memory, this.arena)
  }

  get nameCount(): number {
    return this.#index.size
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

  /** The block in `builder` becomes what the name points at. */
  putBuilt(key: Uint8Array): void {
    this.#retire(this.#index.put(key, this.builder.copyTo(this.memory, this.arena)))
  }

  putNode(node: NodeContent): number {
    const block = this.makeNode(node)
    this.#retire(this.#index.put(lowerName(node.owner), block))
    return block
  }

  putApex(node: NodeContent): void {
    const slot = (ZONE_SLOTS + node.zone * 4) >> 2
    const block = this.putNode(node)
    Atomics.store(this.memory.words, slot, block)
  }

  /** Points a name at a block that other names may share; the block it had is the caller's. */
  point(key: Uint8Array, block: number): number {
    return this.#index.put(key, block)
  }

  /** Forgets a name; the block it had is the caller's. */
  unpoint(key: Uint8Array): number {
    return this.#index.remove(key)
  }

  removeNode(key: Uint8Array): void {
    this.#retire(this.#index.remove(key))
  }

  has(key: Uint8Array): boolean {
    return this.#index.get(key) !== 0
  }

  /** True for a node without records: an empty non-terminal. */
  isEmptyAt(key: Uint8Array): boolean {
    const block = this.#index.get(key)
    const { view } = this.memory
    return (
      block !== 0 &&
      view.getInt32(block + BLOCK.KIND, true) === KIND.NODE &&
      view.getInt32(block + NODE.RRSET_COUNT, true) === 0
    )
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

  #retire(block: number): void {
    if (block !== 0) this.arena.retire(block)
  }
}
