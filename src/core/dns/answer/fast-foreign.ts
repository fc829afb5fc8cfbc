import type { Cached } from '../forward/cache.ts'
import { EntryWriter } from '../forward/entry.ts'
import type { FastQuery } from './fast-query.ts'
import { Message } from './message.ts'
import type { Told } from './told.ts'

/** The question's name stands behind the header. */
const QNAME = 12
/** Buffers that queries come in: one for each family of addresses. */
const BUFFERS_MAX = 2

/** What the short path knows of names that are not ours. */
export interface Foreign {
  /** The client may have us ask others; set before each query. */
  readonly isAllowed: boolean
  /** ms; the clock of `Cached`. Set before each query. */
  readonly now: number
  /** What the cache has for the question, when to show it is all that is to be done. */
  recall(query: FastQuery): Cached | undefined
  /** It is given. */
  noteHit(cached: Cached): void
}

/** Answers from the forwarder's cache, in place. One per thread; nothing is allocated. */
export class FastForeign {
  readonly #foreign: Foreign
  readonly #told: Told
  readonly #writer = new EntryWriter()
  readonly #showing: { age: number; readonly ttl: undefined; turn: number }
  #messages: readonly Message[] = []

  constructor(foreign: Foreign, told: Told) {
    this.#foreign = foreign
    this.#told = told
    this.#showing = { age: 0, ttl: undefined, turn: 0 }
  }

  /** Where the records end; 0: nothing was written, take the complete path. */
  write(packet: DataView, base: number, query: FastQuery): number {
    const cached = this.#foreign.recall(query)
    if (cached === undefined) return 0
    const { entry } = cached
    const message = this.#messageOver(packet)
    message.begin(base, query.limit)
    message.at = query.questionEnd
    // An open chain goes on with a name that must be looked up, too.
    if (entry.isOpen || entry.wireBytes > message.room) return 0
    this.#foreign.noteHit(cached)
    const showing = this.#showing
    showing.age = cached.age(this.#foreign.now)
    showing.turn = cached.hits
    this.#writer.write(message, entry, QNAME, showing)
    const told = this.#told
    told.isForeign = true
    told.isAuthentic = entry.isAuthentic
    told.rcode = entry.rcode
    told.answers = message.answers
    told.authorities = message.authorities
    return message.at
  }

  #messageOver(packet: DataView): Message {
    for (const message of this.#messages) if (message.view === packet) return message
    const { buffer, byteOffset, byteLength } = packet
    const message = new Message(new Uint8Array(buffer, byteOffset, byteLength), packet)
    this.#messages = [message, ...this.#messages].slice(0, BUFFERS_MAX)
    return message
  }
}
