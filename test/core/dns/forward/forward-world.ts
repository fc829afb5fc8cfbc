import { ok } from 'node:assert'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { FastPath } from '../../../../src/core/dns/answer/fast-path.ts'
import { Responder } from '../../../../src/core/dns/answer/responder.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import type { Scalar } from '../../../../src/core/dns/counters.ts'
import { Cache } from '../../../../src/core/dns/forward/cache.ts'
import { Failures } from '../../../../src/core/dns/forward/failures.ts'
import { Flight, type Outcome } from '../../../../src/core/dns/forward/flight.ts'
import { ForeignNames, type Given, type Pending } from '../../../../src/core/dns/forward/foreign.ts'
import { LoopProbe } from '../../../../src/core/dns/forward/loop-probe.ts'
import { OwnNames } from '../../../../src/core/dns/forward/own-names.ts'
import { questionKey } from '../../../../src/core/dns/forward/question.ts'
import { Recent } from '../../../../src/core/dns/forward/recent.ts'
import { isReserved } from '../../../../src/core/dns/forward/reserved.ts'
import { Routes } from '../../../../src/core/dns/forward/routes.ts'
import { Upstream } from '../../../../src/core/dns/forward/upstream.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { HEADER } from '../../../../src/core/dns/table/layout.ts'
import { readMessage, type ReadMessage } from '../answer/message-reader.ts'
import { DnsWorld, query, RESPONDER, type QueryParts } from '../answer/world.ts'
import { answerTo, nameIn, type AnswerParts } from './upstream-message.ts'

export const LIMITS = { isMixed: true, ttlMax: 86_400, negativeTtlMax: 3_600 }
export const RESERVED = { blocksPrivateReverse: false, blocksSingleLabels: false }

export interface ForwardWorldOptions {
  readonly zones?: Readonly<Record<string, string>>
  readonly isTrusted?: boolean
  readonly reserved?: typeof RESERVED
  readonly hasDefault?: boolean
  readonly staleMs?: number
  readonly bytesMax?: number
  /** The short path is tried first, as for clients that are exempt. */
  readonly isShort?: boolean
}

/** Room for a query and its answer over UDP. */
const SLOT = 2_048

function seedOf(dns: DnsWorld, offset: 0 | 4): number {
  return dns.memory.view.getInt32(HEADER.SEED + offset, true)
}

/** What an upstream says of a name, by `name TYPE`; undefined: it is silent. */
export type Says = (asked: string, upstream: string) => AnswerParts | undefined

/** A responder that forwards, with upstreams that are a function. No socket, no clock. */
export class ForwardWorld {
  readonly dns: DnsWorld
  readonly cache: Cache
  readonly foreign: ForeignNames
  /** What upstreams were asked, in order: `upstream name type`. */
  readonly asked: string[] = []
  readonly counts: Map<Scalar, number> = new Map()
  now = 1_000
  /** Answers by the short path. */
  shortCount = 0
  says: Says = () => undefined
  readonly #responder: Responder
  readonly #fast: FastPath | undefined
  readonly #slot = new DataView(new ArrayBuffer(SLOT))
  readonly #failures = new Failures()
  readonly #rng = new SeededRng(5)

  constructor(options: ForwardWorldOptions = {}) {
    const { reserved = RESERVED, zones = {}, isTrusted = false, hasDefault = true } = options
    this.dns = new DnsWorld()
    this.cache = new Cache({
      bytesMax: options.bytesMax ?? 1 << 20,
      staleMs: options.staleMs ?? 86_400_000,
    })
    const own = new OwnNames(this.dns.memory)
    const upstream = (address: string): Upstream => new Upstream({ address, port: 53 }, isTrusted)
    const rules = Object.entries(zones).map(([suffix, address]) => ({
      suffix: parseName(suffix),
      upstreams: [upstream(address)],
    }))
    const defaults = hasDefault ? [upstream('192.0.2.53')] : []
    const routes = new Routes(rules, defaults, {
      isOurs: (name) => own.has(name),
      isReserved: (name) => isReserved(name, reserved),
    })
    this.foreign = new ForeignNames(routes, {
      cache: this.cache,
      recent: new Recent(seedOf(this.dns, 0), seedOf(this.dns, 4)),
      failures: this.#failures,
      probe: new LoopProbe({ label: 'f00d', proof: 'proven' }),
      reserved,
      count: (scalar) => this.counts.set(scalar, (this.counts.get(scalar) ?? 0) + 1),
    })
    this.foreign.isAllowed = true
    const spellings = makeSpellings(new Map(), new Map())
    const settings = { ...RESPONDER, spellings }
    const { memory, output } = this.dns
    const rng = new SeededRng(42)
    this.#responder = new Responder(memory, settings, rng, output, this.foreign)
    const { client } = this.#responder
    const { foreign } = this
    if (options.isShort === true) {
      this.#fast = new FastPath({ memory, settings, rng, client, foreign })
    }
  }

  /** The whole conversation, upstreams included. */
  ask(name: string, type: Parameters<typeof query>[1] = 'A', how: QueryParts = {}): ReadMessage {
    return readMessage(this.answer(query(name, type, how)))
  }

  /** The octets of the answer. */
  answer(packet: Uint8Array): Uint8Array {
    const given: Given[] = []
    for (;;) {
      this.foreign.now = this.now
      this.foreign.given = given
      this.foreign.isLast = given.length >= 8
      const short = given.length === 0 ? this.#answerShort(packet) : undefined
      if (short !== undefined) return short
      const view = new DataView(packet.buffer)
      const length = this.#responder.respond(view, 0, packet.length, 0)
      ok(length > 0, `no answer to ${nameIn(packet)}`)
      const { pending } = this.foreign
      if (pending === undefined) return this.dns.output.slice(0, length)
      this.#resolve(pending, given)
    }
  }

  #answerShort(packet: Uint8Array): Uint8Array | undefined {
    const slot = new Uint8Array(this.#slot.buffer)
    slot.fill(0).set(packet)
    const length = this.#fast?.respond(this.#slot, 0, packet.length, SLOT) ?? 0
    if (length === 0) {
      // It must be as it was, whoever answers then.
      ok(Buffer.compare(slot.subarray(0, packet.length), packet) === 0)
      return undefined
    }
    this.shortCount++
    return slot.slice(0, length)
  }

  /** The data of the answers in order. */
  look(name: string, type: Parameters<typeof query>[1] = 'A', how: QueryParts = {}): string {
    const { answers, rcode } = this.ask(name, type, how)
    const data = answers.map((one) => one.data).join(' ')
    return rcode === 0 ? data : `${rcode} ${data}`.trim()
  }

  #resolve(pending: Pending, given: Given[]): void {
    const { question } = pending
    const outcome = this.#fly(pending)
    if (outcome.kind === 'answer') this.cache.put(question, outcome.entry, this.now)
    else {
      this.#failures.note(question, this.now)
      if (this.cache.holdStale(question, this.now)) return
    }
    given.push({ key: questionKey(question), outcome })
  }

  #fly({ question, route }: Pending): Outcome {
    const flight = new Flight({ question, route, settings: LIMITS, rng: this.#rng }, this.now)
    let move = flight.start(this.now)
    for (;;) {
      if (move.kind === 'done') return move.outcome
      const parts =
        move.kind === 'ask' ? this.#answer(move.ask.packet, move.ask.upstream) : undefined
      if (move.kind === 'ask' && parts !== undefined) {
        const bytes = answerTo(move.ask.packet, parts)
        move = flight.receive(move.ask.exchange, bytes, this.now + 1)
      } else move = flight.wake(flight.wakeAt)
    }
  }

  #answer(packet: Uint8Array, { address }: Upstream): AnswerParts | undefined {
    const name = nameIn(packet).toLowerCase()
    const end = packet.indexOf(0, 12 + name.length) + 1
    const type = ((packet[end] ?? 0) << 8) | (packet[end + 1] ?? 0)
    this.asked.push(`${address} ${name} ${type}`)
    return this.says(name, address)
  }
}
