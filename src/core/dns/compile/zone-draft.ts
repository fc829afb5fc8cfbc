import { latin1, lowerName, parentName } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { coveredType } from '../records/rrsig.ts'
import { FLAG, MARK, SIGNATURES } from '../table/layout.ts'
import type { ZoneRecord } from '../zone/state.ts'

/** One node of a zone that is about to be compiled. */
export interface Draft {
  /** What it stands under in the table. */
  readonly key: Uint8Array
  /** Lower-cased. */
  readonly owner: Uint8Array
  flags: number
  /** By type, or `SIGNATURES` and the type that they cover. */
  readonly sets: Map<number, { ttl: number; readonly rdatas: Uint8Array[] }>
}

/** Sorts a zone's records into nodes, adds the empty ones between them, and marks what they are. */
export class ZoneDraft {
  readonly apex: Uint8Array
  readonly #nodes = new Map<string, Draft>()
  readonly #hashed = new Map<string, Draft>()

  constructor(apex: Uint8Array, records: readonly ZoneRecord[]) {
    this.apex = lowerName(apex)
    for (const record of records) this.#add(record)
    for (const { sets } of this.#all()) shortenSignatures(sets)
    for (const { owner } of this.#nodes.values()) this.#addAncestors(owner)
    for (const draft of this.#nodes.values()) this.#mark(draft)
  }

  /** Names of the zone, empty ones included. */
  get nodes(): Iterable<Draft> {
    return this.#nodes.values()
  }

  /** NSEC3 records: their owners are no names of the zone (RFC 5155 §7.2.8). */
  get hashed(): Iterable<Draft> {
    return this.#hashed.values()
  }

  get apexNode(): Draft | undefined {
    return this.#nodes.get(latin1(this.apex))
  }

  *#all(): Iterable<Draft> {
    yield* this.#nodes.values()
    yield* this.#hashed.values()
  }

  #add({ owner, type, ttl, rdata }: ZoneRecord): void {
    const covered = type === TYPE.RRSIG ? coveredType(rdata) : type
    const lower = lowerName(owner)
    const { sets } = covered === TYPE.NSEC3 ? this.#hashedAt(lower) : this.#at(lower)
    const kind = type === TYPE.RRSIG ? SIGNATURES | covered : type
    const set = sets.get(kind) ?? { ttl, rdatas: [] }
    set.ttl = Math.min(set.ttl, ttl)
    set.rdatas.push(rdata)
    sets.set(kind, set)
  }

  #at(owner: Uint8Array): Draft {
    const id = latin1(owner)
    const known = this.#nodes.get(id)
    if (known !== undefined) return known
    const flags = owner.length === this.apex.length ? FLAG.APEX : 0
    const draft: Draft = { key: owner, owner, flags, sets: new Map() }
    this.#nodes.set(id, draft)
    return draft
  }

  #hashedAt(owner: Uint8Array): Draft {
    const id = latin1(owner)
    const known = this.#hashed.get(id)
    if (known !== undefined) return known
    const draft: Draft = { key: markedKey(MARK.HASHED, owner), owner, flags: 0, sets: new Map() }
    this.#hashed.set(id, draft)
    return draft
  }

  /** Empty non-terminals up to the apex exist, too. */
  #addAncestors(owner: Uint8Array): void {
    let at = parentName(owner)
    while (at !== undefined && at.length > this.apex.length) {
      this.#at(at)
      at = parentName(at)
    }
  }

  #mark(draft: Draft): void {
    if (draft.sets.has(TYPE.DNAME)) draft.flags |= FLAG.DNAME
    if (draft.flags & FLAG.APEX) return
    if (draft.sets.has(TYPE.NS)) draft.flags |= FLAG.CUT
    const parent = parentName(draft.owner)
    if (parent !== undefined && draft.owner[0] === 1 && draft.owner[1] === 0x2a) {
      const encloser = this.#nodes.get(latin1(parent))
      if (encloser !== undefined) encloser.flags |= FLAG.WILDCARD
    }
    for (let at = parent; at !== undefined && at.length > this.apex.length; at = parentName(at)) {
      if (this.#nodes.get(latin1(at))?.sets.has(TYPE.NS)) draft.flags |= FLAG.OCCLUDED
    }
  }
}

export function markedKey(mark: number, name: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + name.length)
  key[0] = mark
  key.set(name, 1)
  return key
}

/** A signature lives no longer than what it signs (RFC 4034 §3). */
function shortenSignatures(sets: Draft['sets']): void {
  for (const [kind, set] of sets) {
    const signed = kind & SIGNATURES ? sets.get(kind & ~SIGNATURES) : undefined
    if (signed !== undefined) set.ttl = Math.min(set.ttl, signed.ttl)
  }
}
