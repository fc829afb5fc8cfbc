import { isSubdomain, latin1, lowerName, parentName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { FLAG } from '../table/layout.ts'
import type { ZoneRecord } from '../zone/state.ts'
import type { RecordSet } from './node-block.ts'
import type { TableWriter } from './table-writer.ts'

interface Draft {
  readonly owner: Uint8Array
  flags: number
  readonly sets: Map<number, { ttl: number; readonly rdatas: Uint8Array[] }>
}

/** One zone from a file: puts its nodes into the table, and takes away what a new version lacks. */
export class StaticZone {
  readonly apex: Uint8Array
  readonly #writer: TableWriter
  readonly #zone: number
  /** Names in the table now, by their keys. */
  #names: ReadonlyMap<string, Uint8Array> = new Map()
  #records: readonly ZoneRecord[] = []

  constructor(writer: TableWriter, apex: Uint8Array) {
    this.#writer = writer
    this.#zone = writer.openZone()
    this.apex = lowerName(apex)
  }

  /** Whether it is served. */
  get isLoaded(): boolean {
    return this.#names.size > 0
  }

  /**
   * Serves these records from now on. `others`: apexes of zones that are served apart; names at or
   * below them are theirs, a cut of ours gives way (the longest zone answers). Throws `too_large`
   * when the table is full; then all is as it was.
   */
  load(records: readonly ZoneRecord[], others: readonly Uint8Array[]): void {
    const below = others.filter((one) => one.length > this.apex.length)
    const drafts = this.#draft(records.filter(({ owner }) => !isIn(owner, below)))
    const blocks = this.#make(drafts)
    this.#insert(drafts, blocks)
    for (const [id, { owner }] of drafts) {
      if (this.#names.has(id)) this.#writer.retire(this.#writer.point(owner, blocks.get(id) ?? 0))
    }
    for (const [id, owner] of this.#names) if (!drafts.has(id)) this.#writer.removeNode(owner)
    this.#names = new Map([...drafts].map(([id, { owner }]) => [id, owner]))
    this.#records = records
  }

  /** Another zone came or went: the names that are ours may be others. */
  reload(others: readonly Uint8Array[]): void {
    this.load(this.#records, others)
  }

  /** The zone's file is gone. */
  unload(): void {
    for (const owner of this.#names.values()) this.#writer.removeNode(owner)
    this.#names = new Map()
    this.#records = []
  }

  /** All blocks, before any name points at one. */
  #make(drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, number> {
    const blocks = new Map<string, number>()
    try {
      for (const [id, draft] of drafts) {
        const content = { ...draft, zone: this.#zone, sets: setsOf(draft) }
        blocks.set(id, this.#writer.makeNode(content))
      }
    } catch (error) {
      for (const block of blocks.values()) this.#writer.retire(block)
      throw error
    }
    return blocks
  }

  /** The names that are new; what follows takes no memory and so cannot fail. */
  #insert(drafts: ReadonlyMap<string, Draft>, blocks: ReadonlyMap<string, number>): void {
    const inserted: Uint8Array[] = []
    const apex = blocks.get(latin1(this.apex)) ?? 0
    try {
      // A name can be asked for at once, and then needs its apex.
      if (this.#names.size === 0) this.#writer.setApex(this.#zone, apex)
      for (const [id, { owner }] of drafts) {
        if (this.#names.has(id)) continue
        this.#writer.point(owner, blocks.get(id) ?? 0)
        inserted.push(owner)
      }
    } catch (error) {
      for (const owner of inserted) this.#writer.unpoint(owner)
      for (const block of blocks.values()) this.#writer.retire(block)
      throw error
    }
    this.#writer.setApex(this.#zone, apex)
  }

  #draft(records: readonly ZoneRecord[]): ReadonlyMap<string, Draft> {
    const drafts = new Map<string, Draft>()
    for (const record of records) {
      const owner = lowerName(record.owner)
      const draft = this.#at(drafts, owner)
      const set = draft.sets.get(record.type) ?? { ttl: record.ttl, rdatas: [] }
      set.ttl = Math.min(set.ttl, record.ttl)
      set.rdatas.push(record.rdata)
      draft.sets.set(record.type, set)
    }
    for (const owner of [...drafts.values()].map((draft) => draft.owner)) {
      this.#addAncestors(drafts, owner)
    }
    for (const draft of drafts.values()) this.#mark(drafts, draft)
    return drafts
  }

  #at(drafts: Map<string, Draft>, owner: Uint8Array): Draft {
    const id = latin1(owner)
    const known = drafts.get(id)
    if (known !== undefined) return known
    const isApex = owner.length === this.apex.length
    const draft: Draft = { owner, flags: isApex ? FLAG.APEX : 0, sets: new Map() }
    drafts.set(id, draft)
    return draft
  }

  /** Empty non-terminals up to the apex exist, too. */
  #addAncestors(drafts: Map<string, Draft>, owner: Uint8Array): void {
    let at = parentName(owner)
    while (at !== undefined && at.length > this.apex.length) {
      this.#at(drafts, at)
      at = parentName(at)
    }
  }

  #mark(drafts: ReadonlyMap<string, Draft>, draft: Draft): void {
    if (draft.flags & FLAG.APEX) return
    if (draft.sets.has(TYPE.NS)) draft.flags |= FLAG.CUT
    const parent = parentName(draft.owner)
    if (parent !== undefined && draft.owner[0] === 1 && draft.owner[1] === 0x2a) {
      const encloser = drafts.get(latin1(parent))
      if (encloser !== undefined) encloser.flags |= FLAG.WILDCARD
    }
    for (let at = parent; at !== undefined && at.length > this.apex.length; at = parentName(at)) {
      if (drafts.get(latin1(at))?.sets.has(TYPE.NS)) draft.flags |= FLAG.OCCLUDED
    }
  }
}

function isIn(owner: Uint8Array, zones: readonly Uint8Array[]): boolean {
  return zones.some((apex) => isSubdomain(owner, apex))
}

function setsOf(draft: Draft): readonly RecordSet[] {
  return [...draft.sets].map(([type, { ttl, rdatas }]) => ({ type, ttl, rdatas }))
}
