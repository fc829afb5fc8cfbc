import { CLASS, EDE, RCODE, TYPE } from '../protocol.ts'
import { LOOK, type ForeignNames } from '../forward/foreign.ts'
import { FLAG } from '../table/layout.ts'
import { Additional } from './additional.ts'
import { Denial } from './denial.ts'
import { FOUND, type Lookup } from './lookup.ts'
import { POINTER, type Message } from './message.ts'
import type { NodeAnswer } from './node-answer.ts'
import type { Query } from './query.ts'
import type { ServiceAnswer } from './service-answer.ts'
import { isSameIn } from './wire-name.ts'

/** CNAMEs followed in one answer; a longer chain is cut there (dns.md §1.2 N1). */
const HOPS_MAX = 16
/** Octets from a record's start to its data. */
const TO_DATA = 12
const QNAME = 12
/** Octets of a record from its start in the table: to its TTL, and to the length of its data. */
const TO_TTL = 6
const TO_LENGTH = 10
const NAME_MAX = 255
/** TTL of the answer to ANY; it never changes. */
const ANY_TTL = 3600
/** RDATA of HINFO "RFC8482" "": the answer to ANY that gives nothing away (RFC 8482 §4.2). */
const HINFO_DATA: Uint8Array = Uint8Array.of(7, 0x52, 0x46, 0x43, 0x38, 0x34, 0x38, 0x32, 0)

/** What a resolver puts answers together with. */
export interface ResolverParts {
  readonly table: DataView
  readonly message: Message
  readonly lookup: Lookup
  readonly nodes: NodeAnswer
  readonly services: ServiceAnswer
  /** Absent: names that are not ours are refused. */
  readonly foreign: ForeignNames | undefined
}

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
  readonly #table: DataView
  readonly #message: Message
  readonly #lookup: Lookup
  readonly #nodes: NodeAnswer
  readonly #services: ServiceAnswer
  readonly #denial: Denial
  readonly #additional: Additional
  readonly #foreign: ForeignNames | undefined
  /** Where the names of the chain stand in the message. */
  readonly #owners = new Int32Array(HOPS_MAX + 2)
  readonly #labelAt = new Uint8Array(129)
  /** Names that a wildcard answered: where they stand, their apexes, octets of their enclosers. */
  readonly #wild = new Int32Array((HOPS_MAX + 1) * 3)
  #wildCount = 0
  /** The nodes of DNAMEs that the answer has. */
  readonly #dnames = new Int32Array(HOPS_MAX + 1)
  #dnameCount = 0
  #wantsDnssec = false
  /** The records whose targets the additional section tells. */
  readonly #last = { type: 0, start: 0, count: 0, owner: 0, isGlue: false }

  constructor(parts: ResolverParts) {
    this.#table = parts.table
    this.#message = parts.message
    this.#lookup = parts.lookup
    this.#nodes = parts.nodes
    this.#services = parts.services
    this.#denial = new Denial(parts.table, parts.message, parts.lookup, parts.nodes)
    this.#additional = new Additional(parts.message, parts.lookup, parts.nodes)
    this.#foreign = parts.foreign
  }

  /** Answers the question into the message: records, `rcode`, `isAuthoritative`, `ede`. */
  answer(query: Query): void {
    this.rcode = RCODE.NOERROR
    this.isAuthoritative = false
    this.ede = EDE.NONE
    this.isForeign = false
    this.isAuthentic = true
    this.#wantsDnssec = query.wantsDnssec
    this.#nodes.isSigned = query.wantsDnssec
    this.#denial.begin()
    this.#wildCount = 0
    this.#dnameCount = 0
    this.#last.count = 0
    this.#last.isGlue = false
    const { key, keyView, labelAt } = query
    this.#lookup.run(key, keyView, query.nameLength, labelAt, query.labelCount)
    this.found = this.#lookup.found
    this.#followChain(query)
    this.#complete()
  }

  /** Section by section: the proofs that answers left behind, then what they point at. */
  #complete(): void {
    if (this.#nodes.isSigned) {
      for (let i = 0; i < this.#wildCount * 3; i += 3) {
        const apex = this.#wild[i + 1] ?? 0
        this.#denial.wildcard(apex, this.#wild[i] ?? 0, this.#wild[i + 2] ?? 0)
      }
    }
    const { type, start, count, owner, isGlue } = this.#last
    if (isGlue) this.#additional.writeGlue(start, count, owner)
    else if (count > 0) this.#additional.write(type, start, count, owner)
  }

  #followChain(query: Query): void {
    let owner = QNAME
    let length = query.nameLength
    for (let hop = 0; ; hop++) {
      this.#owners[hop] = owner
      if (query.type === TYPE.DS) this.#lookup.toParentSide(query.key, length)
      const isForeign = this.#foreign !== undefined && this.#lookup.found === FOUND.NOT_OURS
      const target = isForeign
        ? this.#fromForeign(query, owner, length, hop)
        : this.#step(query.type, owner, length, hop)
      if (target === 0 || hop >= HOPS_MAX || this.#isRepeated(target, hop)) return
      owner = target
      length = this.#follow(query, target)
    }
  }

  /** A chain that comes back to a name of its own goes on for ever: it ends here. */
  #isRepeated(target: number, hop: number): boolean {
    for (let i = 0; i <= hop; i++) {
      if (isSameIn(this.#message, target, this.#owners[i] ?? 0)) return true
    }
    return false
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
        if (this.#proves) this.#denial.noName(apex, owner, length - this.#lookup.encloserAt)
        return 0
      case FOUND.DNAME:
        if (hop === 0) this.isAuthoritative = true
        return this.#substitute(type, owner)
      default:
        if (hop === 0) this.isAuthoritative = true
        if (this.#lookup.isNode(block)) return this.#fromNode(block, type, owner, length)
        return this.#fromService(block, type, owner, length)
    }
  }

  /** A name of somebody else: what is known of it, or what must be asked first. */
  #fromForeign(query: Query, owner: number, length: number, hop: number): number {
    const foreign = this.#foreign
    if (foreign === undefined) return 0
    const look = foreign.look(query, length)
    if (look === LOOK.PENDING) return 0
    if (look === LOOK.NO && foreign.rcode !== RCODE.SERVFAIL) {
      return this.#end(hop, foreign.rcode, foreign.ede)
    }
    this.rcode = foreign.rcode
    this.ede = foreign.ede
    if (hop === 0) this.isForeign = true
    if (!foreign.isAuthentic) this.isAuthentic = false
    return foreign.write(this.#message, owner)
  }

  /** Not our data: an error for the question's own name, the end of the chain for a target. */
  #end(hop: number, rcode: number, ede: number): number {
    if (hop > 0) return 0
    this.rcode = rcode
    this.ede = ede
    return 0
  }

  /** The client wants proofs, and the zone of the name has some. */
  get #proves(): boolean {
    return this.#nodes.isSigned && this.#lookup.hasFlag(this.#lookup.apex, FLAG.SIGNED)
  }

  #delegate(type: number, owner: number, length: number, hop: number): number {
    const { block, cutAt, apex } = this.#lookup
    const cut = owner + cutAt
    // The parent answers for DS at the cut itself, nobody else could (RFC 4035 §3.1.4.1).
    if (type === TYPE.DS && cutAt === 0) {
      if (hop === 0) this.isAuthoritative = true
      const set = this.#nodes.findSet(block, TYPE.DS)
      if (set !== 0) this.#nodes.writeSet(block, set, owner)
      else this.#writeNoData(block, owner, length)
      return 0
    }
    const start = this.#message.at
    // Not authoritative here, so never signed; what it says of the child's keys is (§3.1.4).
    this.#nodes.isSigned = false
    const count = this.#nodes.writeAuthority(block, TYPE.NS, cut)
    this.#nodes.isSigned = this.#wantsDnssec
    if (this.#proves && this.#nodes.writeAuthority(block, TYPE.DS, cut) === 0) {
      if (this.#nodes.findSet(block, TYPE.DS) === 0) this.#denial.noData(apex, block, cut)
    }
    this.#point(TYPE.NS, start, count, cut, true)
    return 0
  }

  #fromNode(block: number, type: number, owner: number, length: number): number {
    const nodes = this.#nodes
    if (type === TYPE.ANY && nodes.hasData(block)) return this.#writeAnyOf(block, owner, length)
    const start = this.#message.at
    const set = nodes.findSet(block, type)
    if (set !== 0) {
      this.#noteWildcard(owner, length)
      this.#point(type, start, nodes.writeSet(block, set, owner), owner, false)
      return 0
    }
    if (type === TYPE.RRSIG && nodes.writeAllSignatures(block, owner)) return 0
    // What DNSSEC says of the alias itself is asked for there (RFC 2181 §10.1, RFC 4035 §2.5).
    const isOfAlias = type === TYPE.RRSIG || type === TYPE.NSEC
    const alias = isOfAlias ? 0 : nodes.findSet(block, TYPE.CNAME)
    if (alias === 0) {
      this.#writeNoData(block, owner, length)
      return 0
    }
    this.#noteWildcard(owner, length)
    return nodes.writeSet(block, alias, owner) > 0 ? start + TO_DATA : 0
  }

  #writeNoData(block: number, owner: number, length: number): void {
    const { found, apex, encloserAt } = this.#lookup
    this.#nodes.writeNegative(apex, owner, length)
    if (!this.#proves) return
    if (found !== FOUND.WILDCARD) this.#denial.noData(apex, block, owner)
    else this.#denial.wildcardNoData(apex, block, owner, length - encloserAt)
  }

  /** That the name itself does not exist is proven in the authority section, when that comes. */
  #noteWildcard(owner: number, length: number): void {
    const { found, apex, encloserAt } = this.#lookup
    if (found !== FOUND.WILDCARD || !this.#proves) return
    const at = this.#wildCount++ * 3
    this.#wild[at] = owner
    this.#wild[at + 1] = apex
    this.#wild[at + 2] = length - encloserAt
  }

  #point(type: number, start: number, count: number, owner: number, isGlue: boolean): void {
    const last = this.#last
    last.type = type
    last.start = start
    last.count = count
    last.owner = owner
    last.isGlue = isGlue
  }

  /**
   * Below a DNAME (RFC 6672 §3.1): the DNAME, and a CNAME made of it, unsigned and with its TTL.
   * The answer is the offset of the CNAME's target.
   */
  #substitute(type: number, owner: number): number {
    const { block, encloserAt } = this.#lookup
    const set = this.#nodes.findSet(block, TYPE.DNAME)
    const record = this.#nodes.recordsOf(block, set)
    const message = this.#message
    if (!this.#writeDname(block, set, owner + encloserAt)) return 0
    const target = this.#table.getUint16(record + TO_LENGTH)
    if (encloserAt + target > NAME_MAX) {
      this.rcode = RCODE.YXDOMAIN
      return 0
    }
    if (message.room < TO_DATA + encloserAt + target) {
      message.isTruncated = true
      return 0
    }
    message.u16(POINTER | owner)
    message.u16(TYPE.CNAME)
    message.u16(CLASS.IN)
    message.u32(this.#table.getUint32(record + TO_TTL))
    message.u16(encloserAt + target)
    const start = message.at
    message.copy(message.view, message.start + owner, encloserAt)
    message.copy(this.#table, record + TO_DATA, target)
    message.answers++
    return type === TYPE.CNAME || type === TYPE.ANY ? 0 : start
  }

  /** Once per answer: a chain may come by again. False when it does not fit. */
  #writeDname(block: number, set: number, owner: number): boolean {
    for (let i = 0; i < this.#dnameCount; i++) if (this.#dnames[i] === block) return true
    this.#dnames[this.#dnameCount++] = block
    return this.#nodes.writeSet(block, set, owner) > 0
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

  /** RFC 8482: one RRset in a signed zone, for HINFO could not be signed; else that HINFO. */
  #writeAnyOf(block: number, owner: number, length: number): number {
    if (!this.#proves) return this.#writeAny(owner)
    this.#noteWildcard(owner, length)
    this.#nodes.writeSet(block, this.#nodes.firstSet(block), owner)
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
