import { OPCODE, RCODE, TYPE } from '../protocol.ts'
import { readTsig, TSIG_ERROR, TsigSigner, verifyTsig, type TsigKey } from './tsig.ts'

const QR = 0x8000
const AA = 0x0400
const HEADER_BYTES = 12

export interface Notify {
  readonly message: Uint8Array
  readonly id: number
  readonly question: Uint8Array
  readonly key: TsigKey | undefined
  /** Of the message; empty when it is not signed. */
  readonly mac: Uint8Array
}

/** RFC 1996 §3.7: the zone's SOA was changed; the secondary asks for it itself. */
export function makeNotify(
  apex: Uint8Array,
  id: number,
  key: TsigKey | undefined,
  seconds: number,
): Notify {
  const question = new Uint8Array(apex.length + 4)
  question.set(apex)
  question[apex.length + 1] = TYPE.SOA
  question[apex.length + 3] = 1
  const plain = new Uint8Array(HEADER_BYTES + question.length)
  const view = new DataView(plain.buffer)
  view.setUint16(0, id)
  view.setUint16(2, (OPCODE.NOTIFY << 11) | AA)
  view.setUint16(4, 1)
  plain.set(question, HEADER_BYTES)
  if (key === undefined) return { message: plain, id, question, key, mac: new Uint8Array(0) }
  const signer = new TsigSigner(key, undefined)
  const record = signer.sign(plain, { seconds })
  const message = new Uint8Array(plain.length + record.length)
  message.set(plain)
  message.set(record, plain.length)
  new DataView(message.buffer).setUint16(10, 1)
  return { message, id, question, key, mac: signer.mac }
}

/**
 * What a datagram says to the NOTIFY: the secondary has it, or refuses it; undefined when it is no
 * answer to it, and is to be forgotten.
 */
export function readNotifyAnswer(
  answer: Uint8Array,
  notify: Notify,
  now: number,
): 'acknowledged' | 'refused' | undefined {
  const { question, id, key, mac } = notify
  const end = HEADER_BYTES + question.length
  if (answer.length < HEADER_BYTES) return undefined
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
  const flags = view.getUint16(2)
  if (view.getUint16(0) !== id || (flags & QR) === 0) return undefined
  if (((flags >> 11) & 15) !== OPCODE.NOTIFY) return undefined
  // Who refuses may leave the question out, and has no key to sign with.
  if ((flags & 15) !== RCODE.NOERROR) return 'refused'
  if (answer.length < end || !isEqual(answer.subarray(HEADER_BYTES, end), question)) {
    return undefined
  }
  if (key === undefined) return 'acknowledged'
  // The signature is all that may stand behind the question.
  const tsig = view.getUint16(10) === 1 ? readTsig(answer, end) : undefined
  if (tsig === undefined) return undefined
  const isGood = verifyTsig(answer, tsig, key, now, mac) === TSIG_ERROR.NONE
  return isGood ? 'acknowledged' : undefined
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((octet, i) => octet === b[i])
}
