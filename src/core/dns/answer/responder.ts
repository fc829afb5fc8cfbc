import type { Rng } from '../../../kernel/rng.ts'
import type { Gate } from '../abuse/gate.ts'
import { LIMIT } from '../abuse/rate-limiter.ts'
import { COOKIE } from '../cookie/cookies.ts'
import { CLASS, EDE, OPCODE, RCODE, TYPE } from '../protocol.ts'
import type { TableMemory } from '../table/memory.ts'
import type { ForeignNames } from '../forward/foreign.ts'
import { mayTransfer, type TransferAccess } from '../transfer/access.ts'
import { TSIG_ERROR } from '../transfer/tsig.ts'
import { TsigGuard, type WallSeconds } from '../transfer/tsig-guard.ts'
import { Chaos } from './chaos.ts'
import { Client } from './client.ts'
import { Decisions, type DecisionSettings } from './decisions.ts'
import { FOUND, Lookup } from './lookup.ts'
import { Message } from './message.ts'
import { NodeAnswer } from './node-answer.ts'
import { OptWriter } from './opt.ts'
import { Query, VERDICT } from './query.ts'
import { Resolver } from './resolver.ts'
import type { Spellings } from './respell.ts'

export interface ResponderSettings extends DecisionSettings {
  /** Most octets of an answer over UDP, and the size we advertise: 512 … 4096. */
  readonly udpSize: number
  readonly nsid: Uint8Array
  readonly version: string
  readonly host: string
  /** Units of 100 ms, told to clients that ask over TCP (RFC 7828). */
  readonly tcpKeepalive: number
  readonly spellings: Spellings
  /** Keys of signed questions, and who may have whole zones; absent: none and nobody. */
  readonly transfer?: { readonly access: TransferAccess; readonly now: WallSeconds }
  /** Cookies and rate limits; absent: everybody is trusted. */
  readonly gate?: Gate
}

/** Instead of a length: the question is a transfer that may be had, and is answered elsewhere. */
export const TRANSFER = -1
/** Instead of a length: the client's network has had its share, there is no answer. */
export const LIMITED = -2

/** Flags of a response that depend on the query: QR, and RD copied. All else is zero or added. */
const QR = 0x8000
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const AD = 0x0020
const CD = 0x0010
const OPCODE_BITS = 0x7800
const HEADER_BYTES = 12
const PLAIN_UDP_MAX = 512
const TCP_MAX = 65_535

/**
 * The whole answer to a message: `respond` reads a query and writes the answer. This is the path
 * that defines the answer; whatever else answers must give the same octets. One per thread; after
 * construction nothing is allocated, but for names in rare spellings.
 */
export class Responder {
  readonly client: Client = new Client()
  readonly query: Query = new Query()
  /** The last answer's whole rcode; the front counts it. */
  rcode = 0
  /** The last answer gave instances that are not healthy, for there were too few others. */
  isFailOpen = false
  /** The last answer is empty and truncated because of the rate limit. */
  isSlipped = false
  /** The last answer is empty and truncated: for a stranger it was too long by his question. */
  isCut = false
  readonly message: Message
  /** What the last answer from a service was made of. */
  readonly decisions: Decisions
  /** Signatures of questions and answers (RFC 8945). */
  readonly guard: TsigGuard
  readonly gate: Gate | undefined
  #isTransfer = false
  /** Octets that the answer may have, its signature excepted, by what came in. */
  #allowance = TCP_MAX
  readonly #answered = { rcode: 0, answers: 0, length: 0, isOwnName: true, zone: 0 }
  readonly #access: TransferAccess
  readonly #settings: ResponderSettings
  readonly #opt: OptWriter
  readonly #chaos: Chaos
  readonly #resolver: Resolver
  readonly #foreign: ForeignNames | undefined

  /**
   * `output` holds the answers; `respond` may write up to 65,535 octets from where it is told.
   * `foreign` knows the names that are not ours; without it they are refused.
   */
  constructor(
    memory: TableMemory,
    settings: ResponderSettings,
    rng: Rng,
    output: Uint8Array,
    foreign?: ForeignNames,
  ) {
    this.#settings = settings
    this.#foreign = foreign
    const { access, now } = settings.transfer ?? { access: NOBODY, now: () => 0 }
    this.#access = access
    this.guard = new TsigGuard(access.keys, now)
    this.gate = settings.gate
    this.message = new Message(output)
    const lookup = new Lookup(memory, settings.spellings)
    const { message, client, query } = this
    const { selectors } = lookup
    const scene = { table: memory.view, message, client, query, selectors }
    this.decisions = new Decisions(scene, settings, rng)
    this.#opt = new OptWriter({
      udpSize: settings.udpSize,
      nsid: settings.nsid,
      keepalive: settings.tcpKeepalive,
      cookies: settings.gate?.cookies,
      subnet: this.decisions.subnet,
    })
    this.#chaos = new Chaos(settings.version, settings.host)
    const nodes = new NodeAnswer(memory.view, message, lookup)
    const { services } = this.decisions
    const { view: table } = memory
    this.#resolver = new Resolver({ table, message, lookup, nodes, services, foreign })
  }

  /**
   * Answers the message in `packet[base, base + length)` at `start` of the output. The result is
   * the answer's length, 0 for no answer, `TRANSFER` or `LIMITED`. `client` must be filled in,
   * and `foreign`; when that has something pending the answer is not whole, and must wait.
   */
  respond(packet: DataView, base: number, length: number, start: number): number {
    const { query, message, guard } = this
    this.#foreign?.begin()
    let verdict = query.parse(packet, base, length)
    if (verdict === VERDICT.DROP) return 0
    this.#isTransfer = false
    guard.reset()
    this.decisions.reset()
    if (verdict === VERDICT.OK && query.tsigAt > 0) verdict = this.#check(packet, base, length)
    if (verdict === VERDICT.OK && !this.#takeSubnet(packet)) verdict = VERDICT.FORMERR_OPT
    this.isSlipped = false
    this.isCut = false
    this.#resolver.found = FOUND.NAME
    const isAdmitted = this.gate?.admit(query, this.client) ?? true
    this.#allowance = (this.gate?.allowance(length) ?? TCP_MAX) - guard.reserved
    message.begin(start, this.#limit() - guard.reserved)
    message.isMinimal = this.gate?.isTrusted === false
    message.at = HEADER_BYTES
    message.copy(packet, base + HEADER_BYTES, query.questionEnd - HEADER_BYTES)
    if (verdict !== VERDICT.OK) this.#refuse(verdict)
    else if (isAdmitted) this.#answer()
    else this.#finish(RCODE.BADCOOKIE, false, EDE.NONE)
    if (this.#isTransfer) return TRANSFER
    // Not whole yet: it counts when it is sent.
    if (this.#foreign?.pending !== undefined) return message.at
    if (message.isMinimal && this.#isLimited(start)) return LIMITED
    guard.seal(message)
    return message.at
  }

  /** What is no question that could be answered. */
  #refuse(verdict: number): void {
    const { opcode } = this.query
    // RFC 7873 §5.4: whoever asks for a cookie alone is told whether the one he has is good.
    if (verdict === VERDICT.COOKIE_ONLY && this.gate?.cookie === COOKIE.UNKNOWN) {
      this.#finish(RCODE.BADCOOKIE, false, EDE.NONE)
      return
    }
    const isNotify = verdict === VERDICT.NOTAUTH && opcode === OPCODE.NOTIFY
    const ede = verdict === VERDICT.NOTIMP ? EDE.NOT_SUPPORTED : EDE.NONE
    const rcode = RCODE_OF[verdict] ?? RCODE.FORMERR
    this.#finish(rcode, false, isNotify ? EDE.NOT_AUTHORITATIVE : ede)
  }

  /** Counts the answer against its client's network; it may become small, or nothing at all. */
  #isLimited(start: number): boolean {
    const { query, message, client, gate } = this
    const answered = this.#answered
    answered.rcode = this.rcode
    answered.length = message.at
    const { found } = this.#resolver
    // A name of others is as good as one of ours: who may ask for it was decided elsewhere.
    answered.isOwnName = found === FOUND.NAME || found === FOUND.NOT_OURS
    answered.zone = this.#resolver.zone
    const limit = gate?.decide(query, client, answered)
    if (limit === LIMIT.SLIP) {
      this.isSlipped = true
      this.isCut = false
      message.begin(start, this.#limit())
      message.at = query.questionEnd
      message.isTruncated = true
      this.#finish(RCODE.NOERROR, false, EDE.NONE)
    }
    return limit === LIMIT.DROP
  }

  /** Where the client's forwarder says that it is; false: it said so in a wrong way. */
  #takeSubnet(packet: DataView): boolean {
    const { ecsAt, ecsSize } = this.query
    return ecsAt < 0 || this.decisions.subnet.take(packet, ecsAt, ecsSize, this.client)
  }

  #check(packet: DataView, base: number, length: number): number {
    const bytes = new Uint8Array(packet.buffer, packet.byteOffset + base, length)
    if (!this.guard.open(bytes, this.query.tsigAt)) return VERDICT.FORMERR
    return this.guard.error === TSIG_ERROR.NONE ? VERDICT.OK : VERDICT.NOTAUTH
  }

  /** RFC 6891 §6.2.3: at least 512; never more than we advertise. */
  #limit(): number {
    const { query, client } = this
    const reserved = this.#opt.reserve(query, client)
    if (client.isTcp) return TCP_MAX - reserved
    if (!query.hasOpt) return PLAIN_UDP_MAX
    const size = Math.max(PLAIN_UDP_MAX, Math.min(query.udpSize, this.#settings.udpSize))
    return size - reserved
  }

  #answer(): void {
    const { query, message } = this
    if (query.class === CLASS.CH && this.#chaos.write(message, query)) {
      this.#finish(RCODE.NOERROR, true, EDE.NONE)
    } else if (query.class !== CLASS.IN && query.class !== CLASS.ANY) {
      this.#finish(RCODE.REFUSED, false, EDE.NOT_SUPPORTED)
    } else if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) {
      this.#answerTransfer()
    } else {
      const resolver = this.#resolver
      resolver.answer(query)
      // Class ANY spans authorities: no one has it (RFC 1035 §3.2.5).
      const isAuthoritative = resolver.isAuthoritative && query.class === CLASS.IN
      this.#finish(resolver.rcode, isAuthoritative, resolver.ede)
    }
  }

  #answerTransfer(): void {
    const { query, client, guard } = this
    const isIxfr = query.type === TYPE.IXFR
    if (!isIxfr && !client.isTcp) {
      // RFC 5936 §4.2: there is none over UDP.
      this.#finish(RCODE.NOTIMP, false, EDE.NOT_SUPPORTED)
    } else if (isIxfr && !query.hasSerial) {
      this.#finish(RCODE.FORMERR, false, EDE.NONE)
    } else if (query.class !== CLASS.IN || !mayTransfer(this.#access, client, guard.key)) {
      this.#finish(RCODE.REFUSED, false, EDE.PROHIBITED)
    } else if (client.isTcp) {
      this.#isTransfer = true
    } else {
      this.#answerSerial()
    }
  }

  /** RFC 1995 §2: over UDP the SOA alone; whoever needs more comes over TCP. */
  #answerSerial(): void {
    const { query, message } = this
    const resolver = this.#resolver
    const records = message.at
    query.type = TYPE.SOA
    resolver.answer(query)
    query.type = TYPE.IXFR
    // Nobody is asked for a zone's serial.
    this.#foreign?.begin()
    const type = message.answers === 1 ? message.view.getUint16(message.start + records + 2) : 0
    if (type === TYPE.SOA && resolver.isAuthoritative) {
      this.#finish(RCODE.NOERROR, true, EDE.NONE)
      return
    }
    // No zone of ours begins there.
    message.at = records
    message.answers = message.authorities = message.additionals = 0
    const isUnknown = resolver.rcode === RCODE.SERVFAIL
    this.#finish(isUnknown ? RCODE.SERVFAIL : RCODE.NOTAUTH, false, resolver.ede)
  }

  #finish(rcode: number, isAuthoritative: boolean, ede: number): void {
    const { query, message, client } = this
    this.rcode = rcode
    this.isFailOpen = ede === EDE.SYNTHESIZED
    this.#answered.answers = message.answers
    this.#cutToAllowance()
    message.limit += this.#opt.reserve(query, client)
    // What is a courtesy in the OPT is left out before it costs a stranger his answer.
    message.limit = Math.min(message.limit, this.#allowance)
    if (query.hasOpt) this.#opt.write(message, query, client, rcode, ede)
    const { view, start } = message
    const flags = QR | (query.flags & (OPCODE_BITS | RD)) | (rcode & 15) | this.#recursionFlags()
    view.setUint16(start, query.id)
    view.setUint16(start + 2, flags | (isAuthoritative ? AA : 0) | (message.isTruncated ? TC : 0))
    view.setUint16(start + 4, query.questionEnd > HEADER_BYTES ? 1 : 0)
    view.setUint16(start + 6, message.answers)
    view.setUint16(start + 8, message.authorities)
    view.setUint16(start + 10, message.additionals)
  }

  /**
   * Too long for a stranger: TC=1 and no record. The rcode stays: it is true, and resolvers come
   * over TCP for NXDOMAIN as for NOERROR. Without records there is nothing to cut: such an answer
   * is as long as its question, and 16 octets more with a cookie.
   */
  #cutToAllowance(): void {
    const { query, message, client } = this
    if (!message.isMinimal) return
    if (message.at + this.#opt.least(query, client) <= this.#allowance) return
    const records = message.answers + message.authorities + message.additionals
    if (records === 0) return
    this.isCut = true
    message.at = query.questionEnd
    message.answers = message.authorities = message.additionals = 0
    message.isTruncated = true
  }

  /** RA for all answers to who may recurse; CD and AD where others were asked (RFC 4035 §3.2). */
  #recursionFlags(): number {
    if (this.#foreign === undefined || !this.#foreign.isAllowed) return 0
    const { isForeign, isAuthentic } = this.#resolver
    if (!isForeign) return RA
    const { flags, wantsDnssec } = this.query
    const wantsAuthentic = wantsDnssec || (flags & AD) !== 0
    return RA | (flags & CD) | (isAuthentic && wantsAuthentic ? AD : 0)
  }
}

const NOBODY: TransferAccess = { rules: [], keys: [] }

/** By verdict. */
const RCODE_OF: readonly number[] = [
  RCODE.NOERROR,
  RCODE.NOERROR,
  RCODE.FORMERR,
  RCODE.FORMERR,
  RCODE.NOTIMP,
  RCODE.NOTAUTH,
  RCODE.BADVERS,
  RCODE.NOERROR,
]
