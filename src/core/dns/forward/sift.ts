import { isSubdomain, sameName } from '../name.ts'
import { CLASS, RCODE, TYPE } from '../protocol.ts'
import { EntryBuilder, LINKS_MAX, type Entry } from './entry.ts'
import type { Question } from './question.ts'
import type { AnswerRecord, UpstreamAnswer } from './read-answer.ts'

const RRSIG = 46
const NSEC = 47
const NSEC3 = 50
/** Seconds that a negative answer without an SOA is kept (RFC 2308 §5 would not keep it at all). */
const NO_SOA_TTL = 5

export interface SiftRules {
  /** Its word on validation counts. */
  readonly isTrusted: boolean
  /** Seconds. */
  readonly ttlMax: number
  readonly negativeTtlMax: number
  /** Whether this upstream is the one to ask for the name. */
  readonly isInBailiwick: (name: Uint8Array) => boolean
}

/**
 * What is believed of an answer: the chain of CNAMEs that starts at the name asked, the records at
 * its end, the SOA of a negative answer; with DO their signatures and proofs. All else an upstream
 * says, above all its additional section, is how caches get poisoned (RFC 2181 §5.4.1). Undefined
 * for an answer that contradicts itself.
 */
export function sift(
  answer: UpstreamAnswer,
  question: Question,
  rules: SiftRules,
): Entry | undefined {
  return new Sieve(answer, question, rules).run()
}

class Sieve {
  readonly #answer: UpstreamAnswer
  readonly #question: Question
  readonly #rules: SiftRules
  readonly #builder = new EntryBuilder()
  #name: Uint8Array
  #link = 0
  #ttl: number

  constructor(answer: UpstreamAnswer, question: Question, rules: SiftRules) {
    this.#answer = answer
    this.#question = question
    this.#rules = rules
    this.#name = question.name
    this.#ttl = rules.ttlMax
  }

  run(): Entry | undefined {
    const { isTrusted } = this.#rules
    const isAuthentic = isTrusted && this.#answer.isAuthentic
    for (;;) {
      const data = this.#recordsOf(this.#name)
      if (data.length > 0) {
        // Data of a name that does not exist: neither can be believed.
        if (this.#answer.rcode === RCODE.NXDOMAIN) return undefined
        this.#addData(data)
        this.#addProofs()
        return this.#build(RCODE.NOERROR, isAuthentic, false)
      }
      if (!this.#followAlias()) return this.#endNegative(isAuthentic)
      if (this.#link > LINKS_MAX - 1) return this.#build(RCODE.NOERROR, isAuthentic, false)
      if (!this.#rules.isInBailiwick(this.#name)) {
        return this.#build(RCODE.NOERROR, isAuthentic, true)
      }
    }
  }

  #build(rcode: number, isAuthentic: boolean, isOpen: boolean): Entry | undefined {
    return this.#builder.build({ rcode, isAuthentic, isOpen, ttl: this.#ttl })
  }

  /** What was asked for, at this name; with ANY everything. */
  #recordsOf(name: Uint8Array): readonly AnswerRecord[] {
    const { type } = this.#question
    return this.#answer.answers.filter(
      (one) =>
        (one.type === type || type === TYPE.ANY) &&
        one.class === CLASS.IN &&
        sameName(one.owner, name),
    )
  }

  #addData(data: readonly AnswerRecord[]): void {
    const { type } = this.#question
    const capped = data.map((one) => this.#capped(one))
    const isAddress = type === TYPE.A || type === TYPE.AAAA
    if (isAddress) this.#builder.addAddresses(capped, this.#link)
    else for (const record of capped) this.#builder.addAnswer(record, this.#link, 0)
    if (type !== TYPE.ANY) this.#addSignatures(type)
  }

  /** One step along the chain; false at its end. */
  #followAlias(): boolean {
    const { answers } = this.#answer
    const alias = answers.find(
      (one) => one.type === TYPE.CNAME && one.class === CLASS.IN && sameName(one.owner, this.#name),
    )
    if (alias === undefined) return false
    this.#addDname()
    this.#builder.addAnswer(this.#capped(alias), this.#link, 0)
    this.#addSignatures(TYPE.CNAME)
    this.#name = alias.data
    this.#link++
    return true
  }

  /** The DNAME that the next CNAME was made from (RFC 6672 §3.1). */
  #addDname(): void {
    const dname = this.#answer.answers.find(
      (one) =>
        one.type === TYPE.DNAME &&
        one.class === CLASS.IN &&
        one.owner.length < this.#name.length &&
        isSubdomain(this.#name, one.owner) &&
        this.#rules.isInBailiwick(one.owner),
    )
    if (dname === undefined) return
    const skip = this.#name.length - dname.owner.length
    this.#builder.addAnswer(this.#capped(dname), this.#link, skip)
  }

  #addSignatures(covered: number): void {
    if (!this.#question.isDnssec || this.#question.type === RRSIG) return
    for (const record of this.#answer.answers) {
      if (!isSignatureOf(record, covered) || !sameName(record.owner, this.#name)) continue
      this.#builder.addAnswer(this.#capped(record), this.#link, 0)
    }
  }

  /** The SOA, from which the negative TTL comes (RFC 2308 §5). */
  #endNegative(isAuthentic: boolean): Entry | undefined {
    const { rcode, authorities } = this.#answer
    const soa = authorities.find(
      (one) =>
        one.type === TYPE.SOA && one.class === CLASS.IN && isSubdomain(this.#name, one.owner),
    )
    if (soa === undefined) {
      // An alias whose end was not told: it must be asked for by itself.
      const isOpen = this.#link > 0 && rcode === RCODE.NOERROR
      if (!isOpen) this.#ttl = Math.min(this.#ttl, NO_SOA_TTL)
      return this.#build(rcode, isAuthentic, isOpen)
    }
    const minimum = new DataView(soa.data.buffer, soa.data.byteOffset).getUint32(
      soa.data.length - 4,
    )
    const ttl = Math.min(soa.ttl, minimum, this.#rules.negativeTtlMax)
    this.#ttl = Math.min(this.#ttl, ttl)
    this.#builder.addAuthority({ ...soa, ttl }, this.#link, this.#name.length - soa.owner.length)
    this.#addProofs()
    return this.#build(rcode, isAuthentic, false)
  }

  /** For a client that validates: NSEC and NSEC3, and the signatures of the authority section. */
  #addProofs(): void {
    if (!this.#question.isDnssec) return
    for (const record of this.#answer.authorities) {
      const isProof =
        record.type === NSEC ||
        record.type === NSEC3 ||
        [NSEC, NSEC3, TYPE.SOA].some((covered) => isSignatureOf(record, covered))
      if (isProof && record.class === CLASS.IN) this.#builder.addProof(this.#capped(record))
    }
  }

  #capped(record: AnswerRecord): AnswerRecord {
    const ttl = Math.min(record.ttl, this.#rules.ttlMax)
    this.#ttl = Math.min(this.#ttl, ttl)
    return { ...record, ttl }
  }
}

function isSignatureOf(record: AnswerRecord, covered: number): boolean {
  const { type, data } = record
  return (
    type === RRSIG &&
    record.class === CLASS.IN &&
    ((data[0] ?? 0) << 8) + (data[1] ?? 0) === covered
  )
}
