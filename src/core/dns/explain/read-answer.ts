import { TYPE } from '../protocol.ts'

/** One record of an answer, for people. */
export interface ToldRecord {
  readonly type: number
  readonly ttl: number
  /** Presentation form; hex for types that services do not have. */
  readonly data: string
}

const HEADER_BYTES = 12

/** The answer section of a message of ours, `bytes[0, length)`. */
export function readAnswers(bytes: Uint8Array): readonly ToldRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = view.getUint16(6)
  const records: ToldRecord[] = []
  let at = HEADER_BYTES
  if (view.getUint16(4) > 0) at = readName(bytes, at).end + 4
  for (let i = 0; i < count; i++) {
    at = readName(bytes, at).end
    const type = view.getUint16(at)
    const length = view.getUint16(at + 8)
    const data = dataOf(bytes, view, type, at + 10, length)
    records.push({ type, ttl: view.getUint32(at + 4), data })
    at += 10 + length
  }
  return records
}

function dataOf(
  bytes: Uint8Array,
  view: DataView,
  type: number,
  at: number,
  length: number,
): string {
  if (type === TYPE.A) return [...bytes.subarray(at, at + 4)].join('.')
  if (type === TYPE.AAAA) {
    return Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16)).join(':')
  }
  if (type === TYPE.CNAME) return readName(bytes, at).name
  if (type === TYPE.SRV) {
    const numbers = [0, 2, 4].map((offset) => view.getUint16(at + offset))
    return `${numbers.join(' ')} ${readName(bytes, at + 6).name}`
  }
  const octets = [...bytes.subarray(at, at + length)]
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
}

/** A name that may be compressed; lower case, for comparing. Our own messages are well formed. */
function readName(
  bytes: Uint8Array,
  from: number,
): { readonly name: string; readonly end: number } {
  let name = ''
  let at = from
  let end = -1
  for (;;) {
    const size = bytes[at] ?? 0
    if (size >= 0xc0) {
      if (end < 0) end = at + 2
      at = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0)
      continue
    }
    at++
    if (size === 0) break
    for (let i = at; i < at + size; i++) name += String.fromCharCode(bytes[i] ?? 0)
    name += '.'
    at += size
  }
  return { name: name === '' ? '.' : name.toLowerCase(), end: end < 0 ? at : end }
}
