import { TYPE } from '../protocol.ts'
import { CHAIN, MARK, NODE, SIGNATURES } from '../table/layout.ts'
import { ChainSearch } from './chain-search.ts'
import type { Lookup } from './lookup.ts'
import type { Message } from './message.ts'
import type { NodeAnswer } from './node-answer.ts'
import { Nsec3Hash } from './nsec3-hash.ts'
import { WireName } from './wire-name.ts'

/** Records of one answer that prove something: three per name of a chain of 16 are the most. */
const PROOFS_MAX = 64
/** Base32hex, lower case as in the table (RFC 4648 §7). */
const BASE32: Uint8Array = Uint8Array.from('0123456789abcdefghijklmnopqrstuv', (character) =>
  character.charCodeAt(0),
)
const HASH_LABEL_BYTES = 32
/** No name: the record's owner is what the pointer points at. */
const NOTHING = new Uint8Array(0)
const WILDCARD: Uint8Array = Uint8Array.of(1, 0x2a)

/**
 * Proofs of what does not exist, from the NSEC (RFC 4035 §3.1.3) or NSEC3 records (RFC 5155 §7.2)
 * of a signed zone, in the authority section. One per thread, reused; nothing is allocated. Names
 * are given by their offset in the message, where they stand uncompressed.
 */
export class Denial {
  readonly #table: DataView
  readonly #message: Message
  readonly #lookup: Lookup
  readonly #nodes: NodeAnswer
  readonly #search: ChainSearch
  readonly #hash: Nsec3Hash
  readonly #name = new WireName()
  /** A key of the table, and the owner that is written of it. */
  readonly #owner = new WireName()
  readonly #told = new Int32Array(PROOFS_MAX)
  #toldCount = 0
  #chain = 0
  #apexLength = 0
  /** In the message. */
  #apexAt = 0
  /** In the name. */
  #apexLabel = 0

  constructor(table: DataView, message: Message, lookup: Lookup, nodes: NodeAnswer) {
    this.#table = table
    this.#message = message
    this.#lookup = lookup
    this.#nodes = nodes
    this.#search = new ChainSearch(table)
    this.#hash = new Nsec3Hash(table)
  }

  /** Before each message: what was told is told once per message. */
  begin(): void {
    this.#toldCount = 0
  }

  /** Neither the name nor a wildcard for it; `encloser`: octets of its closest encloser. */
  noName(apex: number, at: number, encloser: number): void {
    if (!this.#open(apex, at)) return
    const label = this.#name.labelOf(encloser)
    if (this.#isHashed) {
      const proven = this.#proveEncloser(label)
      this.#coverHash(proven, true)
      return
    }
    this.#coverName(0)
    this.#search.seek(this.#name, label, this.#apexLabel)
    this.#search.seekWildcard()
    this.#tellName(this.#search.findName(this.#chain))
  }

  /** The name exists, or names below it do; it has not the type. */
  noData(apex: number, node: number, at: number): void {
    if (!this.#open(apex, at)) return
    if (this.#isHashed) {
      if (!this.#matchHash(0)) this.#proveEncloser(1)
    } else if (this.#nodes.findSet(node, TYPE.NSEC) === 0) {
      this.#coverName(0)
    } else {
      this.#tell(node, TYPE.NSEC, NOTHING, 0, at)
    }
  }

  /** A wildcard answered: the name itself does not exist (RFC 4035 §3.1.3.3). */
  wildcard(apex: number, at: number, encloser: number): void {
    if (!this.#open(apex, at)) return
    const label = this.#name.labelOf(encloser)
    if (this.#isHashed) this.#coverHash(label - 1, false)
    else this.#coverName(0)
  }

  /** A wildcard stands for the name, and has not the type (RFC 4035 §3.1.3.4, RFC 5155 §7.2.5). */
  wildcardNoData(apex: number, node: number, at: number, encloser: number): void {
    if (!this.#open(apex, at)) return
    const label = this.#name.labelOf(encloser)
    if (this.#isHashed) {
      this.#proveEncloser(label)
      this.#hashWildcard(label)
      return
    }
    const encloserAt = at + this.#name.length - encloser
    this.#tell(node, TYPE.NSEC, WILDCARD, WILDCARD.length, encloserAt)
    this.#coverName(0)
  }

  /** Reads the name and finds the zone's chain; false when there is none. */
  #open(apex: number, at: number): boolean {
    const name = this.#name
    name.read(this.#message, at)
    this.#apexLength = this.#table.getInt32(apex + NODE.NAME_LENGTH, true)
    const start = name.length - this.#apexLength
    this.#apexAt = at + start
    this.#apexLabel = name.labelOf(this.#apexLength)
    this.#chain = this.#lookup.findMarked(MARK.CHAIN, name.key, start, name.length)
    return this.#chain !== 0
  }

  get #isHashed(): boolean {
    return this.#table.getInt32(this.#chain + CHAIN.ITERATIONS, true) >= 0
  }

  /** The NSEC that spans the name whose first label is number `label`. */
  #coverName(label: number): void {
    this.#search.seek(this.#name, label, this.#apexLabel)
    this.#tellName(this.#search.findName(this.#chain))
  }

  /** Turns an entry of the chain back into a name, and tells the NSEC that stands there. */
  #tellName(entry: number): void {
    const from = this.#search.nameAt(this.#chain, entry)
    const size = this.#table.getUint8(from)
    const { key, view } = this.#owner
    for (let at = 0; at < size;) {
      const label = 1 + this.#table.getUint8(from + 1 + at)
      for (let i = 0; i < label; i++) {
        key[size - at - label + i] = this.#table.getUint8(from + 1 + at + i)
      }
      at += label
    }
    const length = this.#addApex(size)
    let node = this.#lookup.findExact(view, length)
    // A delegation to a zone that is served here, too, stands apart.
    if (node === 0 || this.#nodes.findSet(node, TYPE.NSEC) === 0 || !this.#isOurs(node)) {
      node = this.#lookup.findMarked(MARK.PARENT_SIDE, key, 0, length)
    }
    if (node !== 0) this.#tell(node, TYPE.NSEC, key, size, this.#apexAt)
  }

  /** The apex behind the first `size` octets of the owner; the answer is the whole length. */
  #addApex(size: number): number {
    const { key, length } = this.#name
    const start = length - this.#apexLength
    for (let i = 0; i < this.#apexLength; i++) this.#owner.key[size + i] = key[start + i] ?? 0
    return size + this.#apexLength
  }

  #isOurs(node: number): boolean {
    return this.#lookup.isSameZone(node, this.#chain)
  }

  /**
   * Tells the NSEC3 of the closest encloser that has one, and the one that spans the name before
   * it: with opt-out that may stand higher than what exists (RFC 5155 §7.2.1). The answer is the
   * encloser's label.
   */
  #proveEncloser(from: number): number {
    for (let label = from; label <= this.#apexLabel; label++) {
      if (!this.#matchHash(label)) continue
      if (label > 0) this.#coverHash(label - 1, false)
      return label
    }
    return this.#apexLabel
  }

  /** The NSEC3 that spans the name, or the wildcard below it. */
  #coverHash(label: number, isWildcard: boolean): void {
    if (isWildcard) this.#hashWildcardOf(label)
    else this.#hashOf(label)
    this.#tellHash(this.#search.findHash(this.#chain, this.#hash.words))
  }

  /** The NSEC3 of the wildcard below the label, whose data are denied. */
  #hashWildcard(label: number): void {
    this.#hashWildcardOf(label)
    const entry = this.#search.findHash(this.#chain, this.#hash.words)
    if (this.#search.isExact) this.#tellHash(entry)
  }

  /** Tells the NSEC3 of the name whose first label is number `label`; false when there is none. */
  #matchHash(label: number): boolean {
    this.#hashOf(label)
    const entry = this.#search.findHash(this.#chain, this.#hash.words)
    if (this.#search.isExact) this.#tellHash(entry)
    return this.#search.isExact
  }

  #hashOf(label: number): void {
    const { key, labelAt, length } = this.#name
    this.#hash.run(key, labelAt[label] ?? 0, length, this.#chain)
  }

  #hashWildcardOf(label: number): void {
    const { key, labelAt, length } = this.#name
    const from = labelAt[label] ?? 0
    const wildcard = this.#owner.key
    wildcard[0] = 1
    wildcard[1] = WILDCARD[1] ?? 0
    for (let i = from; i < length; i++) wildcard[2 + i - from] = key[i] ?? 0
    this.#hash.run(wildcard, 0, 2 + length - from, this.#chain)
  }

  #tellHash(entry: number): void {
    const from = this.#search.hashAt(this.#chain, entry)
    const { key } = this.#owner
    key[0] = HASH_LABEL_BYTES
    // Eight characters for five octets.
    for (let i = 0; i < HASH_LABEL_BYTES; i++) {
      const bit = i * 5
      const octet = from + (bit >> 3)
      const isLast = bit >> 3 === CHAIN.HASH_BYTES - 1
      const two =
        (this.#table.getUint8(octet) << 8) | (isLast ? 0 : this.#table.getUint8(octet + 1))
      key[1 + i] = BASE32[(two >> (11 - (bit & 7))) & 31] ?? 0
    }
    const length = this.#addApex(1 + HASH_LABEL_BYTES)
    const node = this.#lookup.findMarked(MARK.HASHED, key, 0, length)
    if (node !== 0) this.#tell(node, TYPE.NSEC3, key, 1 + HASH_LABEL_BYTES, this.#apexAt)
  }

  /**
   * Writes the node's proof and its signatures. The owner is `size` octets of labels, and what
   * stands at `pointer` in the message. A proof that does not fit makes the answer incomplete.
   */
  #tell(node: number, type: number, labels: Uint8Array, size: number, pointer: number): void {
    if (this.#isTold(node)) return
    const message = this.#message
    const set = this.#nodes.findSet(node, type)
    if (set === 0 || message.room < size) {
      message.isTruncated ||= set !== 0
      return
    }
    const owner = size === 0 ? pointer : message.at
    for (let i = 0; i < size; i++) message.u8(labels[i] ?? 0)
    const count = this.#nodes.put(node, set, pointer)
    if (count === 0) {
      message.at -= size
      message.isTruncated = true
      return
    }
    message.authorities += count
    const signatures = this.#nodes.findSet(node, SIGNATURES | type)
    if (signatures === 0) return
    const signed = this.#nodes.put(node, signatures, owner)
    message.isTruncated ||= signed === 0
    message.authorities += signed
  }

  #isTold(node: number): boolean {
    for (let i = 0; i < this.#toldCount; i++) if (this.#told[i] === node) return true
    if (this.#toldCount < PROOFS_MAX) this.#told[this.#toldCount++] = node
    return false
  }
}
