import { isSubdomain, sameName } from '../name.ts'
import { BLOCK, FLAG, MARK } from '../table/layout.ts'
import { compareOctets } from './denial-chain.ts'
import type { TableWriter } from './table-writer.ts'
import { markedKey } from './zone-draft.ts'
import { blockAt, keyAt, nodeCount, type ZoneImage } from './zone-image.ts'

/** Nodes that are compared or copied before others get a turn: well below a millisecond. */
const SLICE = 256

/** Where a node stands while other zones may be served inside this one. */
const SIDE = {
  /** Under its own key. */
  OWN: 0,
  /** The apex of an inner zone has its name: it is still asked for the DS. */
  PARENT: 1,
  /** Below the apex of an inner zone, whose names these are. */
  HIDDEN: 2,
} as const

/** A version of the zone in the table. */
interface Version {
  readonly image: ZoneImage
  /** By node: its block in the table, 0 for none, and its `SIDE`. */
  readonly blocks: Int32Array
  readonly sides: Uint8Array
}

const NOTHING: Version = {
  image: {
    apex: new Uint8Array(1),
    recordCount: 0,
    bytes: new Uint8Array(0),
    spots: new Uint32Array(0),
  },
  blocks: new Int32Array(0),
  sides: new Uint8Array(0),
}

/**
 * A change that is built and waits: nothing of it is seen yet. `commit` takes no memory, so it
 * cannot fail; `tidy` gives back what nobody sees any more, in slices.
 */
export interface ZoneChange {
  commit(): void
  tidy(): Generator<undefined>
  rollBack(): void
}

/** One zone from a file: what the table shows of it changes from version to version at once. */
export class StaticZone {
  readonly apex: Uint8Array
  readonly #writer: TableWriter
  readonly #zone: number
  #version: Version = NOTHING

  /** `apex` lower-cased. */
  constructor(writer: TableWriter, apex: Uint8Array) {
    this.#writer = writer
    this.#zone = writer.openZone()
    this.apex = apex
  }

  /** Whether it is served. */
  get isLoaded(): boolean {
    return this.#version !== NOTHING
  }

  /** What is served; undefined when nothing is. */
  get image(): ZoneImage | undefined {
    return this.isLoaded ? this.#version.image : undefined
  }

  /**
   * Builds all blocks that differ from those in the table, in slices. `others`: apexes of zones
   * that are served apart; names below them are theirs (the longest zone answers). Undefined: the
   * zone goes. Throws `too_large` when the table is full; then nothing has changed.
   */
  *build(
    image: ZoneImage | undefined,
    others: readonly Uint8Array[],
  ): Generator<undefined, ZoneChange> {
    const inner = others.filter((one) => one.length > this.apex.length)
    const change = new Change(this.#writer, this.#zone, this.#version, image)
    try {
      for (let node = 0; node < change.size; node++) {
        change.place(node, inner)
        if (node % SLICE === SLICE - 1) yield undefined
      }
    } catch (error) {
      change.rollBack()
      throw error
    }
    return {
      commit: () => {
        change.commit()
        this.#version = image === undefined ? NOTHING : change.version
      },
      tidy: () => change.tidy(),
      rollBack: () => change.rollBack(),
    }
  }
}

/** The way from one version to the next: a walk over both, which have their keys in one order. */
class Change {
  readonly version: Version
  readonly #writer: TableWriter
  readonly #zone: number
  readonly #old: Version
  /** By node: the place in the table to point at a new block, 0 for none. */
  readonly #entries: Int32Array
  /** Nodes of the old version that have another block now, and those that are gone. */
  readonly #replaced: number[] = []
  readonly #gone: number[] = []
  #oldAt = 0

  constructor(writer: TableWriter, zone: number, old: Version, image = NOTHING.image) {
    this.#writer = writer
    this.#zone = zone
    this.#old = old
    const size = nodeCount(image)
    this.version = { image, blocks: new Int32Array(size), sides: new Uint8Array(size) }
    this.#entries = new Int32Array(size)
  }

  get size(): number {
    return this.#entries.length
  }

  /** Finds out what the node needs: nothing, or a new block and a place that will point at it. */
  place(node: number, inner: readonly Uint8Array[]): void {
    const { image, blocks, sides } = this.version
    const key = keyAt(image, node)
    const block = blockAt(image, node)
    const side = sideOf(key, block, inner)
    sides[node] = side
    const before = this.#before(key)
    if (before >= 0 && this.#old.sides[before] === side) {
      if (compareOctets(block, blockAt(this.#old.image, before)) === 0) {
        blocks[node] = this.#old.blocks[before] ?? 0
        return
      }
      this.#replaced.push(before)
    } else if (before >= 0) this.#gone.push(before)
    if (side !== SIDE.HIDDEN) this.#make(node, block)
  }

  #make(node: number, block: Uint8Array): void {
    const made = this.#writer.makeCopy(block, this.#zone)
    try {
      this.#entries[node] = this.#writer.reserve(keyIn(this.version, node))
      this.version.blocks[node] = made
    } catch (error) {
      this.#writer.retire(made)
      throw error
    }
  }

  /** The node of the old version with this key, or −1; all before it are gone. */
  #before(key: Uint8Array): number {
    const { image, blocks } = this.#old
    for (; this.#oldAt < blocks.length; this.#oldAt++) {
      const order = compareOctets(keyAt(image, this.#oldAt), key)
      if (order > 0) return -1
      if (order === 0) return this.#oldAt++
      this.#gone.push(this.#oldAt)
    }
    return -1
  }

  /** One loop of pointer stores: all that readers ever see of the change. */
  commit(): void {
    const { blocks } = this.version
    const old = this.#old.blocks.length
    for (; this.#oldAt < old; this.#oldAt++) this.#gone.push(this.#oldAt)
    // A name can be asked for at once, and then needs its apex.
    const apex = this.#indexOfApex()
    if (apex >= 0) this.#writer.setApex(this.#zone, blocks[apex] ?? 0)
    for (let node = 0; node < this.size; node++) {
      const entry = this.#entries[node] ?? 0
      if (entry !== 0) this.#writer.exchange(entry, blocks[node] ?? 0)
    }
    // A name that went is hidden at once, its entry goes later. Another zone may have it by now.
    for (const node of this.#gone) {
      const key = keyIn(this.#old, node)
      const block = this.#old.blocks[node] ?? 0
      if (block !== 0 && this.#writer.blockOf(key) === block) this.#writer.point(key, 0)
    }
  }

  #indexOfApex(): number {
    const { image } = this.version
    let low = 0
    let high = this.size - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = compareOctets(keyAt(image, middle), image.apex)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  *tidy(): Generator<undefined> {
    for (const [i, node] of [...this.#replaced, ...this.#gone].entries()) {
      const block = this.#old.blocks[node] ?? 0
      const key = keyIn(this.#old, node)
      if (block !== 0 && this.#writer.blockOf(key) === 0) this.#writer.unpoint(key)
      this.#writer.retire(block)
      if (i % SLICE === SLICE - 1) yield undefined
    }
  }

  /** Only what `place` made: nothing of it was seen. */
  rollBack(): void {
    for (let node = 0; node < this.size; node++) {
      if (this.#entries[node] === 0) continue
      const key = keyIn(this.version, node)
      this.#writer.retire(this.version.blocks[node] ?? 0)
      if (this.#writer.blockOf(key) === 0) this.#writer.unpoint(key)
    }
  }
}

/** The key that the node has in the table. */
function keyIn({ image, sides }: Version, node: number): Uint8Array {
  const key = keyAt(image, node)
  return sides[node] === SIDE.PARENT ? markedKey(MARK.PARENT_SIDE, key) : key
}

function sideOf(key: Uint8Array, block: Uint8Array, inner: readonly Uint8Array[]): number {
  // Marked keys are no names of anybody else.
  if ((key[0] ?? 0) >= MARK.PARENT_SIDE) return SIDE.OWN
  let side: number = SIDE.OWN
  for (const apex of inner) {
    if (!isSubdomain(key, apex)) continue
    if (!sameName(key, apex)) return SIDE.HIDDEN
    // Without a delegation there is nothing that the inner zone could not say itself.
    side = (block[BLOCK.FLAGS] ?? 0) & FLAG.CUT ? SIDE.PARENT : SIDE.HIDDEN
  }
  return side
}
