import { POINTER, POINTER_MAX, type Message } from '../answer/message.ts'
import { CLASS, TYPE } from '../protocol.ts'
import type { AnswerRecord } from './read-answer.ts'

/** CNAMEs of one answer that are believed (reliability.md W4). */
export const LINKS_MAX = 8
/** Link of a record whose owner stands in the body in full. */
const WRITTEN_OUT = 0xffff
/** Offsets in a body are 16 bits, and a message with it must stay below 64 KiB. */
const BODY_MAX = 64_000
const MARKS = 3
const POINTER_BYTES = 2

/**
 * What is known of one question: records ready to copy into any answer. A record's owner is not
 * kept but said: link `n` is the n-th name of the CNAME chain, link 0 the name that was asked.
 */
export interface Entry {
  readonly rcode: number
  /** A trusted upstream has validated it. */
  readonly isAuthentic: boolean
  /** The chain ends in a name that somebody else must be asked for. */
  readonly isOpen: boolean
  /** Seconds that it may be kept; the smallest of its records. */
  readonly ttl: number
  readonly answers: number
  readonly authorities: number
  /** Address records of the end of the chain: `spinCount` from number `spinFrom` on. */
  readonly spinFrom: number
  readonly spinCount: number
  /** Type, class, TTL, length and data of each record, one after another. */
  readonly body: DataView
  /** Per record: where it starts in `body`, its owner's link, octets of that name to skip. */
  readonly marks: Uint16Array
  /** Octets it takes in a message in which pointers reach all its names. */
  readonly wireBytes: number
}

export type EntryFacts = Pick<Entry, 'rcode' | 'isAuthentic' | 'isOpen' | 'ttl'>

interface Part {
  readonly record: AnswerRecord
  readonly link: number
  readonly skip: number
}

/** Collects records in the order in which they are to be sent. */
export class EntryBuilder {
  readonly #answers: Part[] = []
  readonly #authorities: Part[] = []
  #spinFrom = 0
  #spinCount = 0

  get answers(): number {
    return this.#answers.length
  }

  /** A record of the chain's `link`-th name, or of what is left of it after `skip` octets. */
  addAnswer(record: AnswerRecord, link: number, skip: number): void {
    this.#answers.push({ record, link, skip })
  }

  /** The addresses at the end of the chain: their order is turned from answer to answer. */
  addAddresses(records: readonly AnswerRecord[], link: number): void {
    this.#spinFrom = this.#answers.length
    this.#spinCount = records.length
    for (const record of records) this.addAnswer(record, link, 0)
  }

  addAuthority(record: AnswerRecord, link: number, skip: number): void {
    this.#authorities.push({ record, link, skip })
  }

  /** A record that belongs to no name of the chain. */
  addProof(record: AnswerRecord): void {
    this.addAuthority(record, WRITTEN_OUT, record.owner.length)
  }

  /** Undefined when it is too large to be sent. */
  build(facts: EntryFacts): Entry | undefined {
    const parts = [...this.#answers, ...this.#authorities]
    const size = parts.reduce(
      (sum, part) => sum + ownOctets(part) + 10 + part.record.data.length,
      0,
    )
    if (size > BODY_MAX) return undefined
    const body = new Uint8Array(size)
    const view = new DataView(body.buffer)
    const marks = new Uint16Array(parts.length * MARKS)
    let at = 0
    for (const [i, part] of parts.entries()) {
      marks.set([at, part.link, part.skip], i * MARKS)
      at = writePart(body, view, at, part)
    }
    return {
      ...facts,
      answers: this.#answers.length,
      authorities: this.#authorities.length,
      spinFrom: this.#spinFrom,
      spinCount: this.#spinCount,
      body: view,
      marks,
      wireBytes: size + parts.filter(({ link }) => link !== WRITTEN_OUT).length * POINTER_BYTES,
    }
  }
}

function ownOctets({ record, link }: Part): number {
  return link === WRITTEN_OUT ? record.owner.length : 0
}

function writePart(body: Uint8Array, view: DataView, start: number, part: Part): number {
  const { record } = part
  const at = start + ownOctets(part)
  if (at > start) body.set(record.owner, start)
  view.setUint16(at, record.type)
  view.setUint16(at + 2, CLASS.IN)
  view.setUint32(at + 4, record.ttl)
  view.setUint16(at + 8, record.data.length)
  body.set(record.data, at + 10)
  return at + 10 + record.data.length
}

/** Nothing: stands where an entry was. */
export const NO_ENTRY: Entry = {
  rcode: 0,
  isAuthentic: false,
  isOpen: false,
  ttl: 0,
  answers: 0,
  authorities: 0,
  spinFrom: 0,
  spinCount: 0,
  body: new DataView(new ArrayBuffer(0)),
  marks: new Uint16Array(0),
  wireBytes: 0,
}

/** How an entry is to be shown. */
export interface Showing {
  /** Seconds since it was stored. */
  readonly age: number
  /** The TTL of everything, for what is stale; undefined: count down. */
  readonly ttl: number | undefined
  /** Turns the addresses; any number. */
  readonly turn: number
}

/** Writes entries into messages. One per thread: its scratch memory is reused. */
export class EntryWriter {
  /** Where the names of the chain stand in the message. */
  readonly #links = new Uint16Array(LINKS_MAX + 2)
  /** Octets of room that the entry does not need, if each owner takes two. */
  #spare = 0

  /**
   * Appends the entry for the name at offset `owner` of the message. The answer is the offset of
   * the name at which an open chain ends, or 0. What does not fit whole is left out whole: TC.
   */
  write(message: Message, entry: Entry, owner: number, showing: Showing): number {
    if (entry.wireBytes > message.room || owner > POINTER_MAX) {
      message.isTruncated = true
      return 0
    }
    const from = message.at
    this.#spare = message.room - entry.wireBytes
    this.#links.fill(0)
    this.#links[0] = owner
    let last = 0
    const total = entry.answers + entry.authorities
    for (let i = 0; i < total; i++) {
      const link = this.#writeRecord(message, entry, spun(entry, i, showing.turn), showing)
      if (this.#spare < 0) {
        message.at = from
        message.isTruncated = true
        return 0
      }
      if (link > last) last = link
    }
    message.answers += entry.answers
    message.authorities += entry.authorities
    const target = this.#links[last] ?? 0
    return entry.isOpen && target <= POINTER_MAX ? target : 0
  }

  /** The answer is the link that the record leads to, or 0. Below 0 `#spare`: no room. */
  #writeRecord(message: Message, { body, marks }: Entry, i: number, showing: Showing): number {
    const start = marks[i * MARKS] ?? 0
    const link = marks[i * MARKS + 1] ?? 0
    const skip = marks[i * MARKS + 2] ?? 0
    const end = (i + 1) * MARKS < marks.length ? (marks[(i + 1) * MARKS] ?? 0) : body.byteLength
    const isWrittenOut = link === WRITTEN_OUT
    if (!isWrittenOut) this.#writeOwner(message, (this.#links[link] ?? 0) + skip)
    if (this.#spare < 0) return 0
    const fixed = message.at + (isWrittenOut ? skip : 0)
    message.copy(body, start, end - start)
    const at = message.start + fixed
    const ttl = showing.ttl ?? Math.max(0, message.view.getUint32(at + 4) - showing.age)
    message.view.setUint32(at + 4, ttl)
    if (isWrittenOut || skip > 0 || message.view.getUint16(at) !== TYPE.CNAME) return 0
    this.#links[link + 1] = fixed + 10
    return link + 1
  }

  /** The name at that offset: by a pointer if one reaches it, else once more, if there is room. */
  #writeOwner(message: Message, offset: number): void {
    if (offset <= POINTER_MAX) {
      message.u16(POINTER | offset)
      return
    }
    const length = nameLength(message, offset)
    this.#spare -= length - POINTER_BYTES
    if (this.#spare >= 0) message.copy(message.view, message.start + offset, length)
  }
}

/** Octets of a name as it stands in the message, a pointer at its end included. */
function nameLength({ bytes, start }: Message, offset: number): number {
  let at = start + offset
  for (;;) {
    const size = bytes[at] ?? 0
    if (size === 0) return at + 1 - start - offset
    if (size >= POINTER >> 8) return at + POINTER_BYTES - start - offset
    at += 1 + size
  }
}

function spun({ spinFrom, spinCount }: Entry, i: number, turn: number): number {
  if (spinCount < 2 || i < spinFrom || i >= spinFrom + spinCount) return i
  return spinFrom + ((i - spinFrom + turn) % spinCount)
}
