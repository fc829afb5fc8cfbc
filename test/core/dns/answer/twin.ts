import type { Rng } from '../../../../src/kernel/rng.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import type { Foreign } from '../../../../src/core/dns/answer/fast-foreign.ts'
import { FastPath } from '../../../../src/core/dns/answer/fast-path.ts'
import { Responder, type ResponderSettings } from '../../../../src/core/dns/answer/responder.ts'
import type { Client } from '../../../../src/core/dns/answer/client.ts'
import type { TableMemory } from '../../../../src/core/dns/table/memory.ts'

/** Draws of one sequence, from wherever it is told. */
class Draws implements Rng {
  at = 0
  readonly #rng: Rng
  readonly #drawn: number[] = []

  constructor(seed: number) {
    this.#rng = new SeededRng(seed)
  }

  u32(): number {
    while (this.#drawn.length <= this.at) this.#drawn.push(this.#rng.u32())
    return this.#drawn[this.at++] ?? 0
  }

  f64(): number {
    return this.u32() * 2 ** -32
  }
}

/** Octets of the receive buffer before and behind the slot. */
const MARGIN = 64
const CANARY = 0xa5
const BATCH = 4

/** Both paths over one table: what the short one answers the complete one answers, too. */
export class Twin {
  readonly client: Client
  readonly #fast: FastPath
  readonly #whole: Responder
  readonly #fastDraws = new Draws(7)
  readonly #wholeDraws = new Draws(7)
  readonly #room: number
  #asked = 0
  readonly #slot: Uint8Array
  readonly #view: DataView
  readonly #output = new Uint8Array(70_000)
  readonly #foreign: Foreign | undefined

  constructor(
    memory: TableMemory,
    settings: ResponderSettings,
    recursion?: boolean,
    isTcp: boolean = false,
  ) {
    this.#foreign = recursion === undefined ? undefined : nothingKnown(recursion)
    this.#whole = new Responder(memory, settings, this.#wholeDraws, this.#output)
    this.client = this.#whole.client
    this.client.isTcp = isTcp
    this.#fast = new FastPath({
      memory,
      settings,
      rng: this.#fastDraws,
      client: this.client,
      foreign: this.#foreign,
      batch: BATCH,
      isTcp,
    })
    this.#room = isTcp ? 65_551 : settings.udpSize + 4
    this.#slot = new Uint8Array(this.#room + 2 * MARGIN)
    this.#view = new DataView(this.#slot.buffer)
  }

  /** Octets of the short path's answer, 0 for none; throws where the two differ. */
  ask(packet: Uint8Array): number {
    const slot = this.#slot
    slot.fill(CANARY)
    slot.set(packet.subarray(0, this.#room), MARGIN)
    const before = slot.slice()
    this.#fastDraws.at = this.#wholeDraws.at
    const size = Math.min(packet.length, this.#room)
    const length = this.#respond(size)
    const drawn = this.#fastDraws.at
    const drawnBefore = this.#wholeDraws.at
    const query = new DataView(before.buffer, MARGIN)
    const whole = this.#whole.respond(query, 0, size, 0)
    if (length === 0) {
      same('an untouched slot', hex(slot), hex(before))
      same('no draws', drawn, drawnBefore)
      return 0
    }
    same('octets', hex(slot.subarray(MARGIN, MARGIN + length)), hex(this.#wanted(whole)))
    same('draws', drawn, this.#wholeDraws.at)
    same('margins', hex(this.#margins(slot)), hex(this.#margins(before)))
    this.#compareTold()
    return length
  }

  /** By itself, or as one of a batch whose others are gone. */
  #respond(size: number): number {
    const i = this.#asked++ % BATCH
    if (i === 0) return this.#fast.respond(this.#view, MARGIN, size, this.#room)
    this.#fast.read(i, this.#view, MARGIN, size)
    this.#fast.lookAhead(i + 1)
    return this.#fast.answer(i, this.#view, MARGIN, this.#room)
  }

  #wanted(length: number): Uint8Array {
    const wanted = this.#output.slice(0, length)
    // RA: the complete path has it of `ForeignNames`, of which there are none here.
    if (this.#foreign?.isAllowed === true) wanted[3] = (wanted[3] ?? 0) | 0x80
    return wanted
  }

  #margins(slot: Uint8Array): Uint8Array {
    return Uint8Array.from([...slot.subarray(0, MARGIN), ...slot.subarray(MARGIN + this.#room)])
  }

  #compareTold(): void {
    const { type, rcode, answers, isTruncated, isFailOpen } = this.#fast.told
    const { query, message } = this.#whole
    same('type', type, query.type)
    same('rcode', rcode, this.#whole.rcode)
    same('answers', answers, message.answers)
    same('truncation', isTruncated, message.isTruncated)
    same('fail open', isFailOpen, this.#whole.isFailOpen)
  }
}

/** Others' names, of which nothing is in the cache. */
function nothingKnown(isAllowed: boolean): Foreign {
  return { isAllowed, now: 0, recall: () => undefined, noteHit: () => {} }
}

function same(what: string, fast: unknown, whole: unknown): void {
  if (fast !== whole) throw new Error(`${what}: ${String(fast)} and ${String(whole)}`)
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}
