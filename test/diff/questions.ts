import { formatName, parentName, prefixName, splitLabels } from '../../src/core/dns/name.ts'
import type { ZoneRecord } from '../../src/core/dns/zone/state.ts'
import { Chance } from './chance.ts'

export interface Question {
  readonly name: Uint8Array
  readonly type: number
  readonly wantsDnssec: boolean
}

/** What resolvers ask, and what makes servers think. */
export const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [39, 'DNAME'],
  [43, 'DS'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [65, 'HTTPS'],
  [255, 'ANY'],
  [65_280, 'TYPE65280'],
])

const RRSIG = 46
const NSEC3 = 50
/** Owners of NSEC3 records that are asked for: they are no names, and servers should know it. */
const HASHED_MAX = 10

/** Names in and around a zone: existing, above, below, under wildcards, beside, and far away. */
export function* makeNames(
  records: readonly ZoneRecord[],
  count: number,
  seed: number,
): Generator<Uint8Array> {
  const chance = new Chance(seed)
  const named = records.filter(({ type }) => type !== NSEC3 && type !== RRSIG)
  const hashed = records.filter(({ type }) => type === NSEC3).slice(0, HASHED_MAX)
  const owners = [
    ...new Map([...named, ...hashed].map(({ owner }) => [formatName(owner), owner])).values(),
  ]
  // Each once, then whatever comes.
  for (let i = 0; i < count; i++) {
    const owner = owners[i] ?? chance.pick(owners)
    yield i < owners.length ? owner : vary(owner, chance)
  }
}

function vary(owner: Uint8Array, chance: Chance): Uint8Array {
  const label = `r${chance.below(1000)}`
  const [first = '', ...rest] = splitLabels(owner)
  const parent = parentName(owner) ?? owner
  switch (chance.below(7)) {
    case 0:
      return parent
    case 1:
      return longer([label], owner)
    case 2:
      return longer(['x', label], owner)
    case 3:
      return longer([label], parent)
    case 4:
      return first === '*' ? longer(['a', 'b'], parent) : longer([first.toUpperCase()], parent)
    case 5:
      return longer(['*'], chance.below(2) === 0 ? owner : parent)
    default:
      return longer([`${first.slice(0, -1)}~`.slice(0, 63), ...rest], Uint8Array.of(0))
  }
}

/** The labels before the name, or the name alone where that would be too long. */
function longer(labels: readonly string[], name: Uint8Array): Uint8Array {
  const octets = labels.reduce((sum, label) => sum + 1 + label.length, 0)
  return octets + name.length > 255 ? name : prefixName(labels, name)
}

export function spellQuestion({ name, type, wantsDnssec }: Question): string {
  return `${formatName(name)} ${TYPES.get(type) ?? type}${wantsDnssec ? ' +dnssec' : ''}`
}

/** With EDNS, 1232 octets, as resolvers ask. */
export function packetOf({ name, type, wantsDnssec }: Question): Uint8Array {
  const flags = wantsDnssec ? 0x80 : 0
  const opt = [0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, flags, 0, 0, 0]
  const head = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
  return Uint8Array.from([...head, ...name, type >> 8, type & 255, 0, 1, ...opt])
}
