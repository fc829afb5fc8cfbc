import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { u16 } from '../answer/world.ts'

/** A record as a test writes it: `www.example. 300 A 192.0.2.1`; `CH:A` is in class CH. */
function rr(text: string): readonly number[] {
  const [owner = '', ttl = '', classAndType = '', ...data] = text.split(' ')
  const type = classAndType.replace('CH:', '')
  const octets = dataOf(type, data)
  const number = TYPES[type] ?? TYPE[type as keyof typeof TYPE]
  return [
    ...parseName(owner),
    ...u16(number),
    ...u16(type === classAndType ? 1 : 3),
    ...u16(Math.floor(Number(ttl) / 65_536)),
    ...u16(Number(ttl) % 65_536),
    ...u16(octets.length),
    ...octets,
  ]
}

const TYPES: Readonly<Record<string, number>> = { RRSIG: 46, NSEC: 47 }

function dataOf(type: string, data: readonly string[]): readonly number[] {
  const [first = ''] = data
  if (type === 'A') return first.split('.').map(Number)
  if (type === 'AAAA') return [...Array<number>(15).fill(0), Number(first)]
  if (type === 'TXT') return [first.length, ...new TextEncoder().encode(first)]
  if (type === 'SOA') {
    const minimum = Number(data[2])
    const numbers = [...Array<number>(18).fill(0), ...u16(minimum)]
    return [...parseName(data[0] ?? ''), ...parseName(data[1] ?? ''), ...numbers]
  }
  // Covered type first; the rest of a signature does not matter here.
  if (type === 'RRSIG') return [...u16(TYPE[first as keyof typeof TYPE] ?? TYPES[first]), 1, 2]
  return [...parseName(first)]
}

export interface AnswerParts {
  readonly id?: number
  readonly flags?: number
  readonly answers?: readonly string[]
  readonly authorities?: readonly string[]
  readonly additionals?: readonly string[]
  /** Instead of the question that was asked. */
  readonly question?: readonly number[]
  readonly hasOpt?: boolean
  /** Octets behind it all. */
  readonly tail?: readonly number[]
}

const OPT = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]

/** The answer to a request, right unless the parts say otherwise. */
export function answerTo(packet: Uint8Array, parts: AnswerParts = {}): Uint8Array {
  const { answers = [], authorities = [], additionals = [], hasOpt = true } = parts
  const question = parts.question ?? [...packet.subarray(12, questionEnd(packet))]
  const view = new DataView(packet.buffer, packet.byteOffset)
  return Uint8Array.from([
    ...u16(parts.id ?? view.getUint16(0)),
    ...u16(parts.flags ?? 0x8180),
    ...u16(question.length > 0 ? 1 : 0),
    ...u16(answers.length),
    ...u16(authorities.length),
    ...u16(additionals.length + (hasOpt ? 1 : 0)),
    ...question,
    ...[...answers, ...authorities, ...additionals].flatMap(rr),
    ...(hasOpt ? OPT : []),
    ...(parts.tail ?? []),
  ])
}

export function questionEnd(packet: Uint8Array): number {
  let at = 12
  while ((packet[at] ?? 0) > 0) at += 1 + (packet[at] ?? 0)
  return at + 5
}

/** The name asked for, as it is spelled. */
export function nameIn(packet: Uint8Array): string {
  let text = ''
  for (let at = 12; (packet[at] ?? 0) > 0; at += 1 + (packet[at] ?? 0)) {
    const label = packet.subarray(at + 1, at + 1 + (packet[at] ?? 0))
    text += `${new TextDecoder().decode(label)}.`
  }
  return text
}
