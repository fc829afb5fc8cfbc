import { CLASS, EDE, RCODE, TYPE } from '../protocol.ts'
import { LOOK, type ForeignNames } from '../forward/foreign.ts'
import { FOUND, type Lookup } from './lookup.ts'
import { POINTER, type Message } from './message.ts'
import type { NodeAnswer } from './node-answer.ts'
import type { Query } from './query.ts'
import type { ServiceAnswer } from './service-answer.ts'

/** CNAMEs followed in one answer; a longer chain is cut there (dns.md §1.2 N1). */
const HOPS_MAX = 16
/** Octets from a record's start to its data. */
const TO_DATA = 12
const QNAME = 12
/** TTL of the answer to ANY; it never changes. */
const ANY_TTL = 3600
/** RDATA of HINFO "RFC8482" "": the answer to ANY that gives nothing away (RFC 8482 §4.2). */
const HINFO_DATA: Uint8Array = Uint8Array.of(7, 0x52, 0x46, 0x43, 0x38, 0x34, 0x38, 0x32, 0)

/** RFC 1034 §4.3.2 over the shared table: one question of class IN. Reused; allocates nothing. */
export class Resolver {
  rcode: number = RCODE.NOERROR
  isAuthoritative = false
  ede: number = EDE.NONE
  /** A `FOUND`: what the name asked for was, wherever a chain went from there. */
  found: number = FOUND.NAME
  /** Somebody else's word begins the answer. */
  isForeign = false
  /** All of it was validated by an upstream that we trust. */
  isAuthentic = false
  readonly #message: Message
  readonly #lookup: Lookup
  readonly #nodes: NodeAnswer
  readonly #services: ServiceAnswer
  readonly #foreign: ForeignNames | undefined
  readonly #seen = new Int32Array(HOPS_MAX + 1)
  readonly #labelAt = new Uint8Array(129)

  /** Without `foreign`, names that are not ours are refused. */
  constructor(
    message: Message,
    lookup: Lookup,
    nodes: NodeAnswer,
    services: ServiceAnswer,
    foreign?: ForeignNames,
  ) {
    this.#foreign = foreign
    this.#message = message
    this.#lookup = lookup
    this.#nodes = nodes
    this.#services = services
  }

  /** Answers the question into the message: records, `rcode`, `isAuthoritative`, `ede`. */
  answer(query: Query): void {
    this.rcode = RCODE.NOERROR
    this.isAuthoritative = false
    this.ede = EDE.NONE
    this.isForeign = false
    this.isAuthentic = true
    const { key, keyView, labelAt } = query
    this.#lookup.run(key, keyView, query.nameLength, labelAt, query.labelCount)
    this.found = this.#lookup.found
    let owner = QNAME
    let length = query.nameLength
    for (let hop = 0; ; hop++) {
      const isForeign = this.#foreign !== undefined && this.#lookup.found === FOUND.NOT_OURS
      const target = isForeign
        ? this.#fromForeign(query, owner, length, hop)
        : this.#step(query.type, owner, length, hop)
      if (target === 0) return
      owner = target
      length = this.#follow(query, target)
    }
  }

  /** Number of the zone that answered last. */
  get zone(): number {
    return this.#lookup.zone
  }

  /** One name of the chain; the answer is the offset of the next one, or 0 at the end. */
  #step(type: number, owner: number, length: number, hop: number): number {
    this.isAuthentic = false
    const { found, block, apex } = this.#lookup
    switch (found) {
      case FOUND.NOT_OURS:
        return this.#end(hop, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE)
      case FOUND.NOT_READY:
        return this.#end(hop, RCODE.SERVFAIL, EDE.NOT_READY)
      case FOUND.DELEGATED:
        return this.#delegate(type, owner, length, hop)
      case FOUND.NO_SUCH_NAME:
      case FOUND.EMPTY:
        if (hop === 0) this.isAuthoritative = true
        // RFC 6604: the rcode tells of the last name of the chain.
        this.rcode = found === FOUND.EMPTY ? RCODE.NOERROR : RCODE.NXDOMAIN
        this.#nodes.writeNegative(apex, owner, length)
        return 0
      default:
        if (hop === 0) this.isAuthoritative = true
        if (this.#lookup.isNode(block)) return this.#fromNode(block, type, owner, length, hop)
        return this.#fromService(block, type, owner, length)
    }
  }

  /** A name of somebody else: what is known of it, or what must be asked first. */
  #fromForeign(query: Query, owner: number, length: number, hop: number): number {
    const foreign = this.#foreign
    if (foreign === undefined) return 0
    this.#seen[hop] = 0
    const look = foreign.look(query, length)
    if (look === LOOK.PENDING) return 0
    if (look === LOOK.NO && foreign.rcode !== RCODE.SERVFAIL) {
      return this.#end(hop, foreign.rcode, foreign.ede)
    }
    this.rcode = foreign.rcode
    this.ede = foreign.ede
    if (hop === 0) this.isForeign = true
    if (!foreign.isAuthentic) this.isAuthentic = false
    const target = foreign.write(this.#message, owner)
    return hop < HOPS_MAX ? target : 0
  }

  /** Not our data: an error for the question's own name, the end of the chain for a target. */
  #end(hop: number, rcode: number, ede: number): number {
    if (hop > 0) return 0
    this.rcode = rcode
    this.ede = ede
    return 0
  }

  #delegate(type: number, owner: number, length: number, hop: number): number {
    const { block, cutAt, apex } = this.#lookup
    // The parent answers for DS at the cut itself, nobody else could (RFC 4035 §3.1.4.1).
    if (type === TYPE.DS && cutAt === 0) {
      if (hop === 0) this.isAuthoritative = true
      const set = this.#nodes.findSet(block, TYPE.DS)
      if (set === 0) this.#nodes.writeNegative(apex, owner, length)
      else this.#nodes.writeSet(block, set, owner)
      return 0
    }
    this.#nodes.writeReferral(block, owner + cutAt)
    return 0
  }

  #fromNode(block: number, type: number, owner: number, length: number, hop: number): number {
    if (type === TYPE.ANY && this.#nodes.hasData(block)) return this.#writeAny(owner)
    const start = this.#message.at
    const before = this.#message.answers
    const set = this.#nodes.findSet(block, type)
    if (set !== 0) {
      this.#nodes.writeSet(block, set, owner)
      this.#nodes.writeAdditional(type, start, this.#message.answers - before, false)
      return 0
    }
    const alias = this.#nodes.findSet(block, TYPE.CNAME)
    if (alias === 0) {
      this.#nodes.writeNegative(this.#lookup.apex, owner, length)
      return 0
    }
    return this.#writeAlias(block, alias, owner, hop)
  }

  /** The CNAME, and the offset of its target unless the chain ends here. */
  #writeAlias(block: number, alias: number, owner: number, hop: number): number {
    const start = this.#message.at
    for (let i = 0; i < hop; i++) if (this.#seen[i] === block) return 0
    this.#seen[hop] = block
    if (!this.#nodes.writeSet(block, alias, owner) || hop >= HOPS_MAX) return 0
    return start + TO_DATA
  }

  #fromService(block: number, type: number, owner: number, length: number): number {
    const isToken = this.#lookup.selectors.tokenLength > 0
    if (type === TYPE.ANY && !isToken) return this.#writeAny(owner)
    // `_http._tcp.service` has one RRset, if any: that is the answer to ANY (RFC 8482 §4.1).
    const asked = type === TYPE.ANY ? TYPE.SRV : type
    if (!this.#services.write(block, asked, owner)) {
      this.#nodes.writeNegative(this.#lookup.apex, owner, length)
    }
    this.ede = this.#services.ede
    return 0
  }

  #writeAny(owner: number): number {
    const message = this.#message
    message.u16(POINTER | owner)
    message.u16(TYPE.HINFO)
    message.u16(CLASS.IN)
    message.u32(ANY_TTL)
    message.u16(HINFO_DATA.length)
    for (const octet of HINFO_DATA) message.u8(octet)
    message.answers++
    return 0
  }

  /** Looks the name at `target` up in the query's stead; the answer is its length. */
  #follow(query: Query, target: number): number {
    const { key, keyView } = query
    const { view, start } = this.#message
    let labels = 0
    let at = 0
    for (;;) {
      const size = view.getUint8(start + target + at)
      this.#labelAt[labels] = at
      key[at] = size
      if (size === 0) break
      labels++
      for (let i = at + 1; i <= at + size; i++) {
        const octet = view.getUint8(start + target + i)
        key[i] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
      }
      at += 1 + size
    }
    this.#lookup.run(key, keyView, at + 1, this.#labelAt, labels)
    return at + 1
  }
}
