import { TYPE } from '../protocol.ts'
import type { Lookup } from './lookup.ts'
import { POINTER_MAX, type Message } from './message.ts'
import type { NodeAnswer } from './node-answer.ts'
import { isTailIn, WireName } from './wire-name.ts'

/** Octets from a record's start to its data: a pointer and the fixed fields. */
const TO_DATA = 12
/** Aliases of SVCB that are followed (RFC 9460 §3). */
const ALIASES_MAX = 8
/** Nodes whose addresses one message tells; beyond that it would be too long anyway. */
const TOLD_MAX = 128

/**
 * The additional section: addresses of the names that answers point at, as far as the table has
 * them. One per thread, reused; nothing is allocated.
 */
export class Additional {
  readonly #message: Message
  readonly #lookup: Lookup
  readonly #nodes: NodeAnswer
  readonly #name = new WireName()
  readonly #told = new Int32Array(TOLD_MAX)
  #toldCount = 0

  constructor(message: Message, lookup: Lookup, nodes: NodeAnswer) {
    this.#message = message
    this.#lookup = lookup
    this.#nodes = nodes
  }

  /**
   * Glue of a delegation, whose NS records start at `start`. What stands below the cut itself is
   * needed to follow it: it fits, or the answer is truncated (RFC 9471 §3.1).
   */
  writeGlue(start: number, count: number, cut: number): void {
    this.#toldCount = 0
    let at = start
    for (let i = 0; i < count; i++) {
      const target = at + TO_DATA
      const isRequired = isTailIn(this.#message, target, cut)
      this.#writeAddresses(this.#nodeOf(target), target, isRequired)
      at = this.#next(at)
    }
  }

  /** For `count` records of `type` at `start`, owned by the name at `owner`. */
  write(type: number, start: number, count: number, owner: number): void {
    if (this.#message.isMinimal) return
    this.#toldCount = 0
    if (type === TYPE.SVCB || type === TYPE.HTTPS) {
      this.#writeBindings(type, start, count, owner)
      return
    }
    const skip = type === TYPE.NS ? 0 : type === TYPE.MX ? 2 : type === TYPE.SRV ? 6 : -1
    if (skip < 0) return
    let at = start
    for (let i = 0; i < count; i++) {
      const target = at + TO_DATA + skip
      this.#writeAddresses(this.#nodeOf(target), target, false)
      at = this.#next(at)
    }
  }

  /** RFC 9460 §4.1: what an alias leads to, and the addresses of all targets. */
  #writeBindings(type: number, first: number, many: number, asked: number): void {
    let start = first
    let count = many
    let owner = asked
    for (let alias = 0; alias < ALIASES_MAX && count > 0; alias++) {
      let at = start
      let end = 0
      let found = 0
      for (let i = 0; i < count; i++) {
        const target = this.#targetOf(at, owner)
        const node = target === 0 ? 0 : this.#nodeOf(target)
        const isAlias = this.#u16(at + TO_DATA) === 0
        if (isAlias && node !== 0 && found === 0) {
          end = this.#message.at
          found = this.#writeSet(node, type, target)
          owner = target
        }
        this.#writeAddresses(node, target, false)
        at = this.#next(at)
      }
      start = end
      count = found
    }
  }

  /** The offset of the record's target; `.` is the owner, and with an alias nobody (§2.5). */
  #targetOf(at: number, owner: number): number {
    const { view, start } = this.#message
    const target = at + TO_DATA + 2
    if (view.getUint8(start + target) !== 0) return target
    return this.#u16(at + TO_DATA) === 0 ? 0 : owner
  }

  #writeAddresses(node: number, owner: number, isRequired: boolean): void {
    if (node === 0 || this.#isTold(node)) return
    for (const type of ADDRESS_TYPES) this.#writeSet(node, type, owner, isRequired)
  }

  /** Trimmed without a sign when it does not fit, unless it is required; how many records. */
  #writeSet(node: number, type: number, owner: number, isRequired = false): number {
    const set = this.#nodes.findSet(node, type)
    if (set === 0) return 0
    const message = this.#message
    const wasTruncated = message.isTruncated
    const start = message.at
    const count = this.#nodes.put(node, set, owner)
    const signatures = count === 0 ? 0 : this.#nodes.putSignatures(node, type, owner)
    // Half of it, a set without its signatures, is no use.
    const isWhole = count > 0 && message.isTruncated === wasTruncated
    message.isTruncated = wasTruncated || (isRequired && !isWhole)
    if (!isWhole) message.at = start
    message.additionals += isWhole ? count + signatures : 0
    return isWhole ? count : 0
  }

  /** The node of the name at `target`, or 0. */
  #nodeOf(target: number): number {
    if (target > POINTER_MAX) return 0
    this.#name.read(this.#message, target)
    const node = this.#lookup.findExact(this.#name.view, this.#name.length)
    return node !== 0 && this.#lookup.isNode(node) ? node : 0
  }

  #isTold(node: number): boolean {
    for (let i = 0; i < this.#toldCount; i++) if (this.#told[i] === node) return true
    if (this.#toldCount < TOLD_MAX) this.#told[this.#toldCount++] = node
    return false
  }

  /** The record after the one at `at`. */
  #next(at: number): number {
    return at + TO_DATA + this.#u16(at + TO_DATA - 2)
  }

  #u16(at: number): number {
    return this.#message.view.getUint16(this.#message.start + at)
  }
}

const ADDRESS_TYPES: readonly number[] = [TYPE.A, TYPE.AAAA]
