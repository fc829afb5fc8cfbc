import { CairnError } from '../../../kernel/errors.ts'
import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { Rng } from '../../../kernel/rng.ts'
import { COUNT_CAUSES } from '../answer/answer-count.ts'
import { AREA } from '../answer/choice.ts'
import { Responder, type ResponderSettings } from '../answer/responder.ts'
import { isFilteredBy } from '../answer/sections.ts'
import { ipLabel } from '../labels.ts'
import { formatName, parseName } from '../name.ts'
import { RCODES_TOLD, TYPE } from '../protocol.ts'
import { HEADER, ROW_FAMILY, SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'
import { readAnswers, type ToldRecord } from './read-answer.ts'
import { isIn, REASONS, type Reason } from './reason.ts'
import { clusterOf, readRows, stringOf, type InstanceRow } from './rows.ts'

export interface Question {
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'SRV'
  /** An IP literal: the client whose answer is explained. */
  readonly client: string
  readonly isTcp: boolean
}

/** One instance, in this very answer or not, and the reason. */
export interface Explained extends Pick<InstanceRow, 'host' | 'port' | 'cluster' | 'weight'> {
  readonly isIn: boolean
  readonly reason: Reason
  /** Milliseconds since 1970 since which it stands as it does. */
  readonly since: number
}

/** What was decided before the records were written. */
export interface Decided {
  readonly ttl: number
  /** Records that could have been answered. */
  readonly candidates: number
  /** Why the answer has as many records as it has; for SRV there is nothing to decide. */
  readonly because: (typeof COUNT_CAUSES)[number] | undefined
  readonly area: 'any' | 'local' | 'beyond' | 'none'
  /** The client's cluster; undefined when it is in none, or the service has no such cluster. */
  readonly local: string | undefined
  readonly healthy: number
  readonly total: number
  readonly isProtected: boolean
}

export interface Explanation {
  readonly name: string
  readonly rcode: string
  readonly isTruncated: boolean
  /** SOA serial that the answer stands for. */
  readonly serial: number
  readonly answers: readonly ToldRecord[]
  /** Undefined: the name is no service's. */
  readonly service: { readonly name: string; readonly namespace: string } | undefined
  readonly decided: Decided | undefined
  readonly instances: Iterable<Explained>
}

const AREAS = ['any', 'local', 'beyond', 'none'] as const
const OUTPUT_BYTES = 65_535
const RCODE_NAMES: ReadonlyMap<number, string> = new Map(
  [0, 1, 2, 3, 4, 5].map((code) => [code, RCODES_TOLD[code] ?? 'other']),
)

/**
 * Answers a question as the data plane would, by the same code from the same table, and says why.
 * For the thread that writes the table: nothing may be written between `explain` and the reading
 * of what it gave.
 */
export class Explainer {
  readonly #memory: TableMemory
  readonly #responder: Responder
  readonly #output = new Uint8Array(OUTPUT_BYTES)
  readonly #strictSrv: boolean

  constructor(memory: TableMemory, settings: ResponderSettings, rng: Rng) {
    this.#memory = memory
    this.#responder = new Responder(memory, settings, rng, this.#output)
    this.#strictSrv = settings.strictSrv
  }

  /** Throws `invalid_argument` for a name or a client that is none. */
  explain(question: Question): Explanation {
    const name = parseName(question.name)
    const responder = this.#responder
    setClient(responder, question)
    const type = TYPE[question.type]
    const packet = packetOf(name, type)
    const length = responder.respond(packet, 0, packet.byteLength, 0)
    const { choice } = responder.decisions
    const answers = readAnswers(this.#output.slice(0, length))
    const { block } = choice
    return {
      name: formatName(name),
      rcode: RCODE_NAMES.get(responder.rcode) ?? String(responder.rcode),
      isTruncated: responder.message.isTruncated,
      serial: this.#memory.view.getUint32(HEADER.SERIAL, true),
      answers,
      service: block === 0 ? undefined : this.#serviceOf(block),
      decided: block === 0 ? undefined : this.#decided(type),
      instances: block === 0 ? [] : this.#instances(type, answers),
    }
  }

  #serviceOf(block: number): { readonly name: string; readonly namespace: string } {
    const name = stringOf(this.#memory, block, 'svc=') ?? ''
    return { name, namespace: stringOf(this.#memory, block, 'ns=') ?? '' }
  }

  #decided(type: number): Decided {
    const { view } = this.#memory
    const { choice, count } = this.#responder.decisions
    const { block, section, area, local } = choice
    const told = section === 0 ? block + SERVICE.SECTIONS : section
    const candidates = section === 0 ? 0 : view.getInt32(section + countField(type), true)
    const hasLocal = area !== AREA.ANY && local >= 0
    return {
      ttl: view.getInt32(block + SERVICE.TTL, true),
      candidates,
      because: type === TYPE.SRV || candidates === 0 ? undefined : COUNT_CAUSES[count.cause],
      area: AREAS[area] ?? 'any',
      local: hasLocal ? clusterOf(this.#memory, block, local) : undefined,
      healthy: view.getInt32(told + SECTION.HEALTHY, true),
      total: view.getInt32(told + SECTION.TOTAL, true),
      isProtected: (view.getInt32(told + SECTION.FLAGS, true) & SECTION_FLAG.PROTECTED) !== 0,
    }
  }

  *#instances(type: number, answers: readonly ToldRecord[]): Iterable<Explained> {
    const { message, decisions } = this.#responder
    const { choice, judge, selectors } = decisions
    const { view } = this.#memory
    const whole = choice.section === 0 ? choice.block + SERVICE.SECTIONS : choice.section
    const flags = view.getInt32(whole + SECTION.FLAGS, true)
    const isFiltered = isFilteredBy(selectors, flags, this.#strictSrv)
    const answered = new Set(answers.flatMap(identitiesOf))
    const left = message.isTruncated ? 'no_room' : 'not_chosen'
    // `_http._tcp.service` owns SRV records and nothing else.
    const isOfOtherType = selectors.tokenLength > 0 && type !== TYPE.SRV
    for (const row of readRows(this.#memory, choice.block)) {
      const { host, port, cluster, weight, since } = row
      const number = judge.reason(row.at, type, isFiltered)
      const mayBeIn = isIn(number) && !isOfOtherType
      const isTold = mayBeIn && answered.has(identityOf(row, type))
      const rule = isOfOtherType && isIn(number) ? 'other_protocol' : (REASONS[number] ?? 'silent')
      const reason = mayBeIn && !isTold ? left : rule
      yield { host, port, cluster, weight, isIn: isTold, reason, since }
    }
  }
}

function countField(type: number): number {
  if (type === TYPE.SRV) return SECTION.SRV_COUNT
  return type === TYPE.A ? SECTION.A_COUNT : SECTION.AAAA_COUNT
}

function setClient({ client }: Responder, { client: text, isTcp }: Question): void {
  const v4 = parseIPv4(text.startsWith('::ffff:') ? text.slice(7) : text)
  const v6 = v4 === undefined ? parseIPv6(text) : undefined
  if (v4 !== undefined) client.setV4(v4)
  else if (v6 !== undefined) client.setV6(v6)
  else throw new CairnError('invalid_argument', `client must be an IP address, got ${text}`)
  client.isTcp = isTcp
}

/** A query with an OPT of 1,232 octets, as resolvers send it. */
function packetOf(name: Uint8Array, type: number): DataView {
  const packet = new DataView(new ArrayBuffer(12 + name.length + 4 + 11))
  packet.setUint16(4, 1)
  packet.setUint16(10, 1)
  for (const [i, octet] of name.entries()) packet.setUint8(12 + i, octet)
  packet.setUint16(12 + name.length, type)
  packet.setUint16(14 + name.length, 1)
  packet.setUint16(17 + name.length, TYPE.OPT)
  packet.setUint16(19 + name.length, 1232)
  return packet
}

/** By what an instance is known in a record of that type. */
function identityOf({ host, family, port }: InstanceRow, type: number): string {
  if (type !== TYPE.SRV) return host
  const isName = family === ROW_FAMILY.NAME
  return isName ? `${port} ${host.toLowerCase().replace(/\.?$/, '.')}` : `${port} ${ipLabel(host)}`
}

/** A target is known by its whole name, or by its first label when that spells an address. */
function identitiesOf({ type, data }: ToldRecord): readonly string[] {
  if (type !== TYPE.SRV) return [data]
  const [, , port = '', target = ''] = data.split(' ')
  return [`${port} ${target}`, `${port} ${target.split('.')[0] ?? ''}`]
}
