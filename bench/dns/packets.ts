/**
 * The data that all subjects serve, and the queries asked about it, built before any clock runs.
 */

import { createRng } from './chance.ts'

export const MIXES = ['a', 'srv', 'nx', 'edns', 'mixed', 'static', 'cache', 'tcp', 'dot'] as const
export type Mix = (typeof MIXES)[number]

/** Over connections, not over UDP. */
export function isStream(mix: Mix): boolean {
  return mix === 'tcp' || mix === 'dot'
}

export const INSTANCES = 4
/** Of the registry's names: `service.group.public.nacos`. */
const REGISTRY_ZONE = 'public.nacos'
/** Zones of files, their names as long as the registry's. */
export const STATIC_ZONE = 'static.bench'
/** Another server's zone: it is in the caches only. */
export const FOREIGN_ZONE = 'cached.bench'

export interface ServiceName {
  readonly service: string
  readonly group: string
  readonly dns: string
}

export function nameService(
  index: number,
  prefix = 'svc',
  zone: string = REGISTRY_ZONE,
): ServiceName {
  const service = `${prefix}-${String(index).padStart(5, '0')}`
  const group = `g${String(index % 100).padStart(2, '0')}`
  return { service, group, dns: `${service}.${group}.${zone}` }
}

/** Every instance has an address of its own, so that no answer is smaller than another's. */
export function addressOf(service: number, instance: number): string {
  const n = 0x0a_01_00_00 + service * INSTANCES + instance
  return [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
}

export interface Packets {
  /** Question `i` begins at `i * stride`, with id 0. */
  readonly bytes: Buffer
  readonly view: DataView
  readonly stride: number
  readonly count: number
  readonly lengths: Uint16Array
  readonly rcodes: Uint8Array
  /** The answer section must have at least so many records. */
  readonly answers: Uint8Array
  /** Indexes in random order, the same in each run. */
  readonly order: Uint32Array
}

export interface Question {
  readonly name: string
  readonly type: number
  readonly rcode: number
  readonly answers: number
  readonly hasEdns: boolean
  /** Caches answer those who ask for recursion; absent: authoritative servers are asked. */
  readonly hasRd?: boolean
}

export const CLASS_IN = 1
const A = 1
const SRV = 33
const NOERROR = 0
const NXDOMAIN = 3

export function questionsOf(mix: Mix, names: number, instances: number = INSTANCES): Question[] {
  const questions: Question[] = []
  for (let i = 1; i <= names; i++) questions.push(...questionsAbout(mix, i, instances))
  return questions
}

/** What a mix asks about one name; of `mixed`, more than one question. */
export function questionsAbout(mix: Mix, i: number, instances: number): Question[] {
  const name = nameService(i).dns
  const a = { name, type: A, rcode: NOERROR, answers: instances, hasEdns: mix === 'edns' }
  switch (mix) {
    case 'srv':
      return [{ ...a, type: SRV }]
    case 'nx':
      return [{ ...a, name: nameService(i, 'nix').dns, rcode: NXDOMAIN, answers: 0 }]
    case 'mixed':
      // 75 % A, 25 % SRV.
      return [a, i % 2 === 0 ? { ...a, type: SRV } : a]
    case 'static':
      return [{ ...a, name: nameService(i, 'svc', STATIC_ZONE).dns }]
    case 'cache':
      return [{ ...a, name: nameService(i, 'svc', FOREIGN_ZONE).dns, hasRd: true }]
    case 'a':
    case 'edns':
    case 'tcp':
    case 'dot':
      return [a]
    default:
      throw new Error('no such mix')
  }
}

/** @param framing 2 for TCP, where each message has its length before it. */
export function buildPackets(questions: readonly Question[], framing: 0 | 2 = 0): Packets {
  const encoded = questions.map((question) => encodeQuery(question))
  const longest = encoded.reduce((most, packet) => Math.max(most, packet.length), 0) + framing
  const stride = Math.ceil(longest / 8) * 8
  const count = encoded.length
  const bytes = Buffer.alloc(count * stride)
  const packets = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    stride,
    count,
    lengths: Uint16Array.from(encoded, (packet) => packet.length + framing),
    rcodes: Uint8Array.from(questions, (question) => question.rcode),
    answers: Uint8Array.from(questions, (question) => question.answers),
    order: shuffle(count),
  }
  for (const [i, packet] of encoded.entries()) {
    if (framing === 2) bytes.writeUInt16BE(packet.length, i * stride)
    bytes.set(packet, i * stride + framing)
  }
  return packets
}

export function encodeQuery(question: Question): Buffer {
  const name = encodeName(question.name)
  const header = Buffer.from([
    0,
    0,
    question.hasRd === true ? 1 : 0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    question.hasEdns ? 1 : 0,
  ])
  const tail = Buffer.from([question.type >> 8, question.type & 255, 0, 1])
  // OPT: root name, type 41, 1232 bytes, no flags, no options (RFC 6891 §6.1.2).
  const opt = Buffer.from(question.hasEdns ? [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0] : [])
  return Buffer.concat([header, name, tail, opt])
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'))
  return Buffer.concat([...labels.flatMap((l) => [Buffer.from([l.length]), l]), Buffer.from([0])])
}

function shuffle(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  const next = createRng(0x9e37_79b9)
  for (let i = count - 1; i > 0; i--) {
    const j = next() % (i + 1)
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}
