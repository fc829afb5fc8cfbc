import type { WhyAnswer } from '../explain/why-answer.ts'
import { CLASS, EDE, TYPE } from '../protocol.ts'
import { SECTION, SECTION_FLAG, SERVICE, SRV } from '../table/layout.ts'
import type { AnswerCount } from './answer-count.ts'
import { AREA, type Choice } from './choice.ts'
import type { Chooser } from './chooser.ts'
import { POINTER, POINTER_MAX, type Message } from './message.ts'
import type { Sampler } from './sample.ts'
import { isFilteredBy, isText } from './sections.ts'
import type { Selectors } from './selectors.ts'

/** Octets of a record beside its data: pointer, type, class, TTL, length. */
const RECORD_OVERHEAD = 12
/** The least an SRV record takes: fixed fields and a target of one short label. */
const SRV_BYTES_MIN: number = RECORD_OVERHEAD + 6 + 3
/** SRV: the client's cluster comes first, with priority 0; the rest has this one (dns.md §2.5). */
const REST_PRIORITY = 10
/** Octets from a record's start to the priority. */
const TO_PRIORITY = RECORD_OVERHEAD

export interface ServiceAnswerParts {
  readonly table: DataView
  readonly message: Message
  readonly sampler: Sampler
  readonly selectors: Selectors
  readonly count: AnswerCount
  readonly chooser: Chooser
  readonly why: WhyAnswer
  /** The name that was looked up, for the selectors' offsets. */
  readonly key: Uint8Array
  /** `_token._tcp` gives nothing, instead of all, when no instance says what it speaks. */
  readonly strictSrv: boolean
}

/** Answers from a service's block. One per thread, reused; nothing is allocated. */
export class ServiceAnswer {
  /** An EDE code that explains the answer, or `EDE.NONE`. */
  ede: number = EDE.NONE
  readonly #p: ServiceAnswerParts
  readonly #toldHosts = new Int32Array(1 << 16)
  readonly #rest = new Int32Array(1 << 16)
  readonly #choice: Choice
  #stamp = 0

  constructor(parts: ServiceAnswerParts) {
    this.#p = parts
    this.#choice = parts.chooser.choice
  }

  /**
   * Writes the records of `type` owned by the name at offset `owner`; false when there are none.
   */
  write(block: number, type: number, owner: number): boolean {
    this.ede = EDE.NONE
    const { selectors, chooser, why } = this.#p
    if (selectors.isWhy) return type === TYPE.TXT && why.write(block, owner)
    chooser.choose(block, type)
    const { section } = this.#choice
    if (section === 0) {
      if (this.#choice.area === AREA.NONE) this.ede = EDE.NO_LOCAL
      return false
    }
    if (type === TYPE.SRV) return this.#writeSrvs(block, section, owner)
    // `_http._tcp.service` owns SRV records and nothing else.
    if (selectors.tokenLength > 0) return false
    if (type === TYPE.A) return this.#writeAddresses(block, section, owner, 4)
    if (type === TYPE.AAAA) return this.#writeAddresses(block, section, owner, 16)
    return type === TYPE.TXT && this.#writeText(block, owner)
  }

  #writeAddresses(block: number, section: number, owner: number, octets: 4 | 16): boolean {
    const { table, message, sampler, count } = this.#p
    const isV4 = octets === 4
    const size = table.getInt32(section + (isV4 ? SECTION.A_COUNT : SECTION.AAAA_COUNT), true)
    if (size === 0) return false
    const offset = section + (isV4 ? SECTION.A_TABLE : SECTION.AAAA_TABLE)
    const sums = block + table.getInt32(offset, true)
    const addresses = sums + size * 8
    const flags = table.getInt32(section + SECTION.FLAGS, true)
    const wanted = count.decide(block, flags, addresses, size, octets)
    const fitting = Math.max(0, Math.floor(message.room / (RECORD_OVERHEAD + octets)))
    const picks = sampler.pick(table, sums, size, Math.min(wanted, fitting))
    const ttl = table.getInt32(block + SERVICE.TTL, true)
    for (let i = 0; i < picks; i++) {
      message.u16(POINTER | owner)
      message.u16(isV4 ? TYPE.A : TYPE.AAAA)
      message.u16(CLASS.IN)
      message.u32(ttl)
      message.u16(octets)
      message.copy(table, addresses + (sampler.picked[i] ?? 0) * octets, octets)
    }
    message.answers += picks
    // A sample is the whole RRset of this answer; only "all" can fail to fit (dns.md §2.4 rule 6),
    // or everything, when aliases before it took the room.
    if (fitting < (count.isAll ? size : 1)) message.isTruncated = true
    this.#explain(flags)
    return true
  }

  #writeText(block: number, owner: number): boolean {
    const { table, message } = this.#p
    const bytes = table.getInt32(block + SERVICE.TXT_BYTES, true)
    if (bytes > message.room) {
      message.isTruncated = true
      return true
    }
    message.u16(POINTER | owner)
    message.copy(table, block + table.getInt32(block + SERVICE.TXT_OFFSET, true) + 2, bytes - 2)
    message.answers++
    return true
  }

  #writeSrvs(block: number, section: number, owner: number): boolean {
    const { table, message, sampler, selectors, strictSrv } = this.#p
    const size = table.getInt32(section + SECTION.SRV_COUNT, true)
    if (size === 0) return false
    const sums = block + table.getInt32(section + SECTION.SRV_TABLE, true)
    const offsets = sums + size * 8
    const flags = table.getInt32(section + SECTION.FLAGS, true)
    const isFiltered = isFilteredBy(selectors, flags, strictSrv)
    const most = selectors.answers === 1 ? 1 : size
    const fitting = Math.floor(message.room / SRV_BYTES_MIN) + 1
    const isRanked = this.#choice.area === AREA.LOCAL && this.#choice.local > 0
    const sampled = isFiltered || isRanked ? size : Math.min(most, fitting)
    const picks = sampler.pick(table, sums, size, sampled)
    if (isRanked) this.#putLocalFirst(block, offsets, picks)
    const start = message.at
    let told = 0
    for (let i = 0; i < picks && told < most; i++) {
      const pick = sampler.picked[i] ?? 0
      const record = block + table.getInt32(offsets + pick * 4, true)
      if (isFiltered && !this.#matches(block, record)) continue
      if (!this.#writeSrv(record, owner)) break
      if (isRanked && !this.#isLocal(record)) this.#setPriority(record)
      // Keep what was told, in order, for the additional section.
      sampler.picked[told++] = pick
    }
    if (told === 0 && !message.isTruncated) return false
    this.#explain(flags)
    this.#writeTargets(block, offsets, start, told)
    return true
  }

  /** The picks of the client's cluster before the others, each in weighted order. */
  #putLocalFirst(block: number, offsets: number, picks: number): void {
    const { table, sampler } = this.#p
    let local = 0
    let rest = 0
    for (let i = 0; i < picks; i++) {
      const pick = sampler.picked[i] ?? 0
      const record = block + table.getInt32(offsets + pick * 4, true)
      if (this.#isLocal(record)) sampler.picked[local++] = pick
      else this.#rest[rest++] = pick
    }
    for (let i = 0; i < rest; i++) sampler.picked[local + i] = this.#rest[i] ?? 0
  }

  #isLocal(record: number): boolean {
    return this.#p.table.getInt32(record + SRV.SECTION, true) === this.#choice.local
  }

  /** Of the record that was written last. */
  #setPriority(record: number): void {
    const { table, message } = this.#p
    const start = message.at - 2 - table.getInt32(record + SRV.RECORD_BYTES, true)
    message.view.setUint16(message.start + start + TO_PRIORITY, REST_PRIORITY)
  }

  #matches(block: number, record: number): boolean {
    const { table, selectors, key } = this.#p
    if (selectors.port >= 0) return table.getInt32(record + SRV.PORT, true) === selectors.port
    const token = table.getInt32(record + SRV.TOKEN, true)
    return (
      token !== 0 && isText(table, block + token, key, selectors.tokenAt, selectors.tokenLength)
    )
  }

  #writeSrv(record: number, owner: number): boolean {
    const { table, message } = this.#p
    const bytes = table.getInt32(record + SRV.RECORD_BYTES, true)
    if (bytes + 2 > message.room) {
      message.isTruncated = true
      return false
    }
    message.u16(POINTER | owner)
    message.copy(table, record + SRV.RECORD, bytes)
    message.answers++
    return true
  }

  /**
   * Addresses of the targets, each once, as far as they fit; trimmed without a sign (RFC 2181 §9).
   */
  #writeTargets(block: number, offsets: number, start: number, told: number): void {
    const { table, message, sampler } = this.#p
    if (message.isMinimal) return
    this.#stamp = (this.#stamp + 1) | 0
    const ttl = table.getInt32(block + SERVICE.TTL, true)
    let at = start
    for (let i = 0; i < told; i++) {
      const record = block + table.getInt32(offsets + (sampler.picked[i] ?? 0) * 4, true)
      // Pointer, type, class, TTL, length, priority, weight, port: then the target's name.
      const target = at + RECORD_OVERHEAD + 6
      at += 2 + table.getInt32(record + SRV.RECORD_BYTES, true)
      const octets = table.getInt32(record + SRV.ADDRESS_BYTES, true)
      if (octets === 0 || target > POINTER_MAX) continue
      const host = table.getInt32(record + SRV.HOST, true)
      if (this.#toldHosts[host] === this.#stamp) continue
      if (message.room < RECORD_OVERHEAD + octets) return
      this.#toldHosts[host] = this.#stamp
      message.u16(POINTER | target)
      message.u16(octets === 4 ? TYPE.A : TYPE.AAAA)
      message.u16(CLASS.IN)
      message.u32(ttl)
      message.u16(octets)
      message.copy(table, record + SRV.ADDRESS, octets)
      message.additionals++
    }
  }

  #explain(flags: number): void {
    if (flags & SECTION_FLAG.PROTECTED) this.ede = EDE.SYNTHESIZED
    else if (this.#choice.area === AREA.BEYOND) this.ede = EDE.BEYOND_LOCAL
  }
}
