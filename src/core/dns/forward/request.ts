import type { Rng } from '../../../kernel/rng.ts'
import { CLASS, RCODE, TYPE } from '../protocol.ts'
import type { Question } from './question.ts'

/** What we take over UDP from upstreams: below it nothing is fragmented (DNS flag day 2020). */
export const UPSTREAM_UDP_BYTES = 1_232
/** Without EDNS (RFC 1035 §2.3.4). */
export const PLAIN_UDP_BYTES = 512

const HEADER_BYTES = 12
const OPT_BYTES = 11
const RD = 0x0100
const AD = 0x0020
const CD = 0x0010
const QR = 0x8000
const OPCODE_BITS = 0x7800

export interface RequestStyle {
  /** 0x20: letters in random case, which the answer must repeat. */
  readonly isMixed: boolean
  readonly hasEdns: boolean
  /** Ask whether the upstream has validated the answer (RFC 6840 §5.7). */
  readonly wantsAuthentic: boolean
}

/** One query to one upstream. The packet holds all that an answer is checked against. */
export interface Request {
  readonly packet: Uint8Array
  readonly hasEdns: boolean
  /** End of the question. */
  readonly questionEnd: number
}

/** `rng` must not be guessable: ID and case are what an answer is recognised by (RFC 5452). */
export function writeRequest(question: Question, style: RequestStyle, rng: Rng): Request {
  const { name, type, isDnssec, isUnchecked } = question
  const { hasEdns, isMixed, wantsAuthentic } = style
  const questionEnd = HEADER_BYTES + name.length + 4
  const packet = new Uint8Array(questionEnd + (hasEdns ? OPT_BYTES : 0))
  const view = new DataView(packet.buffer)
  view.setUint16(0, rng.u32() >>> 16)
  view.setUint16(2, RD | (isUnchecked ? CD : 0) | (wantsAuthentic ? AD : 0))
  view.setUint16(4, 1)
  view.setUint16(10, hasEdns ? 1 : 0)
  packet.set(name, HEADER_BYTES)
  if (isMixed) mixCase(packet.subarray(HEADER_BYTES, HEADER_BYTES + name.length), rng)
  view.setUint16(questionEnd - 4, type)
  view.setUint16(questionEnd - 2, CLASS.IN)
  if (hasEdns) {
    view.setUint16(questionEnd + 1, TYPE.OPT)
    view.setUint16(questionEnd + 3, UPSTREAM_UDP_BYTES)
    view.setUint16(questionEnd + 7, isDnssec ? 0x8000 : 0)
  }
  return { packet, hasEdns, questionEnd }
}

/** A bit of chance per letter. Length octets are below 64 and so never look like letters. */
function mixCase(name: Uint8Array, rng: Rng): void {
  let bits = 0
  let left = 0
  for (let i = 0; i < name.length; i++) {
    const octet = name[i] ?? 0
    if (octet < 0x61 || octet > 0x7a) continue
    if (left === 0) {
      bits = rng.u32()
      left = 32
    }
    if (bits & 1) name[i] = octet - 0x20
    bits >>>= 1
    left--
  }
}

/** What a packet is to a request. */
export const MATCH = {
  /** Not the answer: to be ignored, as if it had not come. */
  WRONG: 0,
  YES: 1,
  /** The answer but for the case of the name: an upstream that folds case, or a forgery. */
  OTHER_CASE: 2,
  /** A refusal of the format that does not repeat the question, as old servers send it. */
  BARE_REFUSAL: 3,
} as const

/** RFC 5452 §9.1; source address and port are the socket's to check. */
export function matchAnswer({ packet, questionEnd }: Request, bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) return MATCH.WRONG
  const flags = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
  const isReply = (flags & QR) !== 0 && (flags & OPCODE_BITS) === 0
  if (!isReply || bytes[0] !== packet[0] || bytes[1] !== packet[1]) return MATCH.WRONG
  const questions = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0)
  if (questions === 0) {
    const rcode = flags & 15
    const isRefusal = rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP
    return isRefusal ? MATCH.BARE_REFUSAL : MATCH.WRONG
  }
  if (questions !== 1 || bytes.length < questionEnd) return MATCH.WRONG
  return compareQuestion(packet, bytes, questionEnd)
}

function compareQuestion(packet: Uint8Array, bytes: Uint8Array, end: number): number {
  let match: number = MATCH.YES
  for (let i = HEADER_BYTES; i < end; i++) {
    const [ours = 0, theirs = 0] = [packet[i], bytes[i]]
    if (ours === theirs) continue
    const isLetter = (ours | 0x20) >= 0x61 && (ours | 0x20) <= 0x7a
    if (i >= end - 4 || !isLetter || (ours ^ theirs) !== 0x20) return MATCH.WRONG
    match = MATCH.OTHER_CASE
  }
  return match
}
