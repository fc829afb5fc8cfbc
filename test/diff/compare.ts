import { SeededRng } from '../../src/kernel/rng.ts'
import { Responder } from '../../src/core/dns/answer/responder.ts'
import { makeSpellings } from '../../src/core/dns/answer/respell.ts'
import { ZoneTable } from '../../src/core/dns/compile/zone-table.ts'
import { parseName } from '../../src/core/dns/name.ts'
import { createTable } from '../../src/core/dns/table/memory.ts'
import type { ZoneRecord } from '../../src/core/dns/zone/state.ts'
import { RESPONDER, tableSettings } from '../core/dns/answer/world.ts'
import { ALLOWED, type Allowed, type Case } from './allowed.ts'
import { readAnswer, type Answer } from './answer.ts'
import { Client } from './client.ts'
import { packetOf, spellQuestion, type Question } from './questions.ts'
import type { OtherServer } from './servers.ts'

/** Differences that are told in full. */
const TOLD_MAX = 40

/** Our own answers, without a socket: octets in, octets out. */
export class Cairn {
  readonly #table: ZoneTable
  readonly #responder: Responder
  readonly #output = new Uint8Array(70_000)

  constructor() {
    const memory = createTable(1 << 28, 7, 11)
    this.#table = new ZoneTable(memory, tableSettings())
    const settings = { ...RESPONDER, spellings: makeSpellings(new Map(), new Map()) }
    this.#responder = new Responder(memory, settings, new SeededRng(1), this.#output)
    this.#responder.client.setV4(0x7f00_0001)
  }

  load(apex: string, records: readonly ZoneRecord[]): void {
    this.#table.loadStatic(parseName(apex), records)
  }

  ask(packet: Uint8Array, isTcp: boolean): Uint8Array {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    this.#responder.client.isTcp = isTcp
    return this.#output.slice(0, this.#responder.respond(view, 0, packet.length, 0))
  }
}

/** What a comparison found. */
export class Findings {
  asked = 0
  readonly allowed: Map<Allowed, number> = new Map()
  readonly wrong: string[] = []
  wrongCount = 0

  note(one: Case): void {
    const fitting = ALLOWED.find(({ fits }) => fits(one))
    if (fitting !== undefined) {
      this.allowed.set(fitting, (this.allowed.get(fitting) ?? 0) + 1)
      return
    }
    this.wrongCount++
    if (this.wrong.length < TOLD_MAX) this.wrong.push(tell(one))
  }
}

/** Asks all the questions here and there, and notes where the answers differ. */
export async function compare(
  cairn: Cairn,
  server: OtherServer,
  questions: readonly Question[],
  findings: Findings,
): Promise<void> {
  using client = new Client(server.port)
  await Promise.all(
    questions.map(async (question) => {
      const packet = packetOf(question)
      findings.asked++
      let theirs = readAnswer(await client.ask(packet))
      let ours = readAnswer(cairn.ask(packet, false))
      const isFitEqual = theirs.tc === ours.tc
      // What does not fit is said over TCP.
      if (theirs.tc || ours.tc) {
        theirs = readAnswer(await client.askTcp(packet))
        ours = readAnswer(cairn.ask(packet, true))
      }
      if (isSame(ours, theirs) && isFitEqual) return
      findings.note({ question, server: server.name, ours, theirs, isFitEqual })
    }),
  )
}

function isSame(a: Answer, b: Answer): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Only what differs. */
function tell({ question, server, ours, theirs }: Case): string {
  const lines = (['answer', 'authority'] as const).flatMap((section) =>
    beyond(ours[section], theirs[section], `cairn ${section}`).concat(
      beyond(theirs[section], ours[section], `${server} ${section}`),
    ),
  )
  const heads = `  cairn ${spell(ours)}\n  ${server} ${spell(theirs)}`
  return [spellQuestion(question), heads, ...lines].join('\n')
}

function beyond(lines: readonly string[], others: readonly string[], who: string): string[] {
  return lines
    .filter((line) => !others.includes(line))
    .map((line) => `  ${who} ${line.slice(0, 120)}`)
}

function spell({ rcode, aa, tc, ra, answer, authority }: Answer): string {
  const flags = `${aa ? ' aa' : ''}${tc ? ' tc' : ''}${ra ? ' ra' : ''}`
  return `rcode ${rcode}${flags}, ${answer.length} answers, ${authority.length} authorities`
}
