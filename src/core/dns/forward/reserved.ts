import { latin1, nameKey, parseName } from '../name.ts'
import { CLASS, RCODE, TYPE } from '../protocol.ts'
import { EntryBuilder, type Entry } from './entry.ts'
import type { Question } from './question.ts'
import type { AnswerRecord } from './read-answer.ts'

export interface ReservedSettings {
  /** Reverse names of private addresses do not exist, rather than being asked for upstream. */
  readonly blocksPrivateReverse: boolean
  /** Addresses of names of one label do not exist, rather than being asked for upstream. */
  readonly blocksSingleLabels: boolean
}

/** What names below a suffix are. */
type Kind = 'localhost' | 'loopback' | 'none' | 'empty' | 'private'

/** RFC 6761, 6762 (mDNS), 7686, 9476, 8375; RFC 6303 for the reverse ones. */
const NONE: readonly string[] = [
  'invalid.',
  'test.',
  'local.',
  'onion.',
  'alt.',
  'home.arpa.',
  '0.in-addr.arpa.',
  '255.255.255.255.in-addr.arpa.',
]
/** Its PTR is the reverse name of ::1. */
const LOOPBACK6 = `1.${'0.'.repeat(31)}ip6.arpa.`
/** RFC 1918, link-local (RFC 3927, RFC 4291) and unique local addresses (RFC 4193). */
const PRIVATE = [
  ...['10', '168.192', '254.169'].map((net) => `${net}.in-addr.arpa.`),
  ...Array.from({ length: 16 }, (_, i) => `${16 + i}.172.in-addr.arpa.`),
  ...['c.f', 'd.f', '8.e.f', '9.e.f', 'a.e.f', 'b.e.f'].map((net) => `${net}.ip6.arpa.`),
]
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...NONE.map((name): [string, Kind] => [keyOf(name), 'none']),
  ...PRIVATE.map((name): [string, Kind] => [keyOf(name), 'private']),
  [keyOf('localhost.'), 'localhost'],
  [keyOf('127.in-addr.arpa.'), 'loopback'],
  [keyOf(LOOPBACK6), 'loopback'],
  // Discovery of encrypted resolvers (RFC 9462): we offer none.
  [keyOf('resolver.arpa.'), 'empty'],
])

/** Seconds; nothing of it ever changes. */
const TTL = 3_600
const LOCALHOST = parseName('localhost.')
const NOBODY = parseName('nobody.invalid.')
/** Serial, refresh, retry, expire, minimum (RFC 6303 §3). */
const SOA_TIMES: readonly number[] = [1, 3_600, 1_200, 604_800, TTL]
const IN_ADDR_LABELS = 6

/** The answer to a name that no name server is to be asked for, or undefined (dns.md §1.7). */
export function answerReserved(question: Question, settings: ReservedSettings): Entry | undefined {
  const { name, type } = question
  const found = findKind(name)
  if (found === undefined) {
    const isBlocked = settings.blocksSingleLabels && isSingleLabel(name)
    const isAddress = type === TYPE.A || type === TYPE.AAAA
    return isBlocked && isAddress ? negative(name, name.length - 1, RCODE.NXDOMAIN) : undefined
  }
  const { kind, at } = found
  switch (kind) {
    case 'private':
      return settings.blocksPrivateReverse ? negative(name, at, RCODE.NXDOMAIN) : undefined
    case 'none':
      return negative(name, at, RCODE.NXDOMAIN)
    case 'localhost':
      return positive(type, localhostData(type)) ?? negative(name, at, RCODE.NOERROR)
    case 'loopback': {
      const isWhole = at === 0 || labelsBefore(name, name.length) === IN_ADDR_LABELS
      const data = type === TYPE.PTR && isWhole ? LOCALHOST : undefined
      return positive(type, data) ?? negative(name, at, RCODE.NOERROR)
    }
    default:
      return negative(name, at, RCODE.NOERROR)
  }
}

/** Whether the table has a word on the name, whatever the type. */
export function isReserved(name: Uint8Array, settings: ReservedSettings): boolean {
  const kind = findKind(name)?.kind
  return kind === 'private' ? settings.blocksPrivateReverse : kind !== undefined
}

function findKind(name: Uint8Array): { readonly kind: Kind; readonly at: number } | undefined {
  const key = latin1(name)
  for (let at = 0; (name[at] ?? 0) > 0; at += 1 + (name[at] ?? 0)) {
    const kind = KINDS.get(key.slice(at))
    if (kind !== undefined) return { kind, at }
  }
  return undefined
}

function localhostData(type: number): Uint8Array | undefined {
  if (type === TYPE.A) return Uint8Array.of(127, 0, 0, 1)
  return type === TYPE.AAAA ? new Uint8Array(16).fill(1, 15) : undefined
}

function positive(type: number, data: Uint8Array | undefined): Entry | undefined {
  if (data === undefined) return undefined
  const builder = new EntryBuilder()
  builder.addAnswer(record(type, data), 0, 0)
  return builder.build({ rcode: RCODE.NOERROR, isAuthentic: false, isOpen: false, ttl: TTL })
}

/** With an SOA of the suffix that starts at `at` in the name, so that it can be cached. */
function negative(name: Uint8Array, at: number, rcode: number): Entry | undefined {
  const suffix = name.slice(at)
  const data = new Uint8Array(suffix.length + NOBODY.length + SOA_TIMES.length * 4)
  data.set(suffix)
  data.set(NOBODY, suffix.length)
  const view = new DataView(data.buffer)
  for (const [i, value] of SOA_TIMES.entries()) {
    view.setUint32(suffix.length + NOBODY.length + i * 4, value)
  }
  const builder = new EntryBuilder()
  builder.addAuthority(record(TYPE.SOA, data), 0, at)
  return builder.build({ rcode, isAuthentic: false, isOpen: false, ttl: TTL })
}

/** The owner is said by the link under which it is added. */
function record(type: number, data: Uint8Array): AnswerRecord {
  return { owner: new Uint8Array(1), type, class: CLASS.IN, ttl: TTL, data }
}

function isSingleLabel(name: Uint8Array): boolean {
  return name.length > 1 && labelsBefore(name, name.length) === 1
}

function labelsBefore(name: Uint8Array, end: number): number {
  let count = 0
  for (let at = 0; at < end && (name[at] ?? 0) > 0; at += 1 + (name[at] ?? 0)) count++
  return count
}

function keyOf(name: string): string {
  return nameKey(parseName(name))
}
