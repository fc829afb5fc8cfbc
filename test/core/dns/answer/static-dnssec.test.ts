import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Nsec3Hash } from '../../../../src/core/dns/answer/nsec3-hash.ts'
import { lowerName, parseName } from '../../../../src/core/dns/name.ts'
import { encodeBase32Hex } from '../../../../src/core/dns/records/octet-text.ts'
import { CHAIN } from '../../../../src/core/dns/table/layout.ts'
import type { ReadMessage } from './message-reader.ts'
import { DnsWorld, type QueryParts } from './world.ts'

const RRSIG = 46
const DO: QueryParts = { edns: 1232, ednsFlags: 0x8000 }

/** Signatures that nobody could check: what is served with what is the question here. */
function sig(owner: string, types: string, labels = 3): string {
  return types
    .split(' ')
    .map((type) => `${owner} RRSIG ${type} 13 ${labels} 300 1 1 1 z.test. AAAA\n`)
    .join('')
}

const BASE =
  '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n' +
  'a.ent A 192.0.2.2\n*.w A 192.0.2.3\ncut NS ns.cut\nns.cut A 192.0.2.4\nsafe NS ns.example.\n' +
  `safe DS 1 13 2 ${'AB'.repeat(32)}\nc CNAME q.w\n` +
  sig('@', 'SOA NS', 2) +
  sig('ns1', 'A') +
  sig('a.ent', 'A', 4) +
  sig('*.w', 'A') +
  sig('safe', 'DS') +
  sig('c', 'CNAME')

const NSEC =
  BASE +
  ['@ c', 'c cut', 'cut a.ent', 'a.ent ns1', 'ns1 safe', 'safe *.w', '*.w @']
    .map((pair) => {
      const [owner = '', next = ''] = pair.split(' ')
      return `${owner} 30 NSEC ${next} A RRSIG NSEC\n${sig(owner, 'NSEC').replace(' RRSIG', ' 30 RRSIG')}`
    })
    .join('')

function zone(text: string): DnsWorld {
  const world = new DnsWorld()
  world.loadZone('z.test.', text)
  return world
}

/** `owner type` of a section, `owner +type` for the signatures of a type. */
function told(records: ReadMessage['answers']): string[] {
  return records.map(({ owner, type, data }) => {
    const short = owner.replace(/\.?z\.test\.$/, '') || '@'
    return type === RRSIG
      ? `${short} +${Number.parseInt(data.slice(0, 4), 16)}`
      : `${short} ${type}`
  })
}

describe('a zone signed with NSEC', () => {
  const world = zone(NSEC)

  test('is served as any other to who does not ask for signatures', () => {
    expect(told(world.ask('ns1.z.test').answers)).toEqual(['ns1 1'])
    expect(told(world.ask('x.z.test').authorities)).toEqual(['@ 6'])
    expect(told(world.ask('a.cut.z.test', 'A', { edns: 1232 }).authorities)).toEqual(['cut 2'])
  })

  test.each([
    ['a set with its signatures', 'ns1', 'A', ['ns1 1', 'ns1 +1'], []],
    ['NODATA', 'ns1', 'TXT', [], ['@ 6', '@ +6', 'ns1 47', 'ns1 +47']],
    ['an empty non-terminal', 'ent', 'A', [], ['@ 6', '@ +6', 'cut 47', 'cut +47']],
    [
      'NXDOMAIN: the name, and the wildcard at its closest encloser',
      'd.ns1',
      'A',
      [],
      ['@ 6', '@ +6', 'ns1 47', 'ns1 +47'],
    ],
    [
      'NXDOMAIN with two spans',
      'q',
      'A',
      [],
      ['@ 6', '@ +6', 'ns1 47', 'ns1 +47', '@ 47', '@ +47'],
    ],
    [
      'a wildcard answer: the name itself does not exist',
      'q.w',
      'A',
      ['q.w 1', 'q.w +1'],
      ['\\042.w 47', '\\042.w +47'],
    ],
    [
      'an alias to a wildcard',
      'c',
      'A',
      ['c 5', 'c +5', 'q.w 1', 'q.w +1'],
      ['\\042.w 47', '\\042.w +47'],
    ],
    [
      'a wildcard that has not the type',
      'q.w',
      'TXT',
      [],
      ['@ 6', '@ +6', '\\042.w 47', '\\042.w +47'],
    ],
    ['an insecure delegation', 'x.cut', 'A', [], ['cut 2', 'cut 47', 'cut +47']],
    ['a secure delegation', 'x.safe', 'A', [], ['safe 2', 'safe 43', 'safe +43']],
    ['DS at the cut', 'safe', 'DS', ['safe 43', 'safe +43'], []],
    ['no DS at the cut', 'cut', 'DS', [], ['@ 6', '@ +6', 'cut 47', 'cut +47']],
    ['all signatures of a name', 'ns1', RRSIG, ['ns1 +1', 'ns1 +47'], []],
    ['ANY: one set that can be checked', 'ns1', 'ANY', ['ns1 1', 'ns1 +1'], []],
  ] as const)('%s', (_, name, type, answers, authorities) => {
    const message = world.ask(`${name}.z.test`, type, DO)
    expect(told(message.answers)).toEqual(answers)
    expect(told(message.authorities)).toEqual(authorities)
    expect(message.opt?.flags).toBe(0x8000)
  })

  test('the SOA of a negative answer and its signature live as long as each other', () => {
    const { authorities } = world.ask('q.z.test', 'A', DO)
    expect(authorities.slice(0, 2).map(({ ttl }) => ttl)).toEqual([30, 30])
  })

  test('a proof that does not fit says so', () => {
    const { isTruncated } = world.ask('q.z.test', 'A', { edns: 512, ednsFlags: 0x8000 })
    expect(isTruncated).toBe(false)
    const long = zone(NSEC.replaceAll('AAAA\n', `${'A'.repeat(400)}\n`))
    expect(long.ask('q.z.test', 'A', { ...DO, edns: 512 }).isTruncated).toBe(true)
  })
})

describe('the hash of NSEC3', () => {
  /** RFC 5155 appendix A: salt AABBCCDD, 12 iterations. */
  test.each([
    ['example', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['ai.example', 'gjeqe526plbf1g8mklp59enfd789njgi'],
    ['ns1.example', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['*.w.example', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['xx.example', 't644ebqk9bibcna874givr6joj62mlhv'],
  ])('%s', (name, expected) => {
    expect(hashOf(name, 'aabbccdd', 12)).toBe(expected)
  })

  test('is that of node:crypto, however long name and salt are', () => {
    for (let length = 1; length < 64; length++) {
      const name = `${'a'.repeat(length)}.${'b'.repeat(63)}.${'c'.repeat(63)}`
      for (const salt of ['', 'ff'.repeat(length), '01'.repeat(255)]) {
        expect(hashOf(name, salt, length)).toBe(hashByNode(name, salt, length))
      }
    }
  })
})

function hashByNode(name: string, salt: string, iterations: number): string {
  let octets: Uint8Array = lowerName(parseName(name))
  for (let i = 0; i <= iterations; i++) {
    octets = hash('sha1', Buffer.concat([octets, Buffer.from(salt, 'hex')]), 'buffer')
  }
  return encodeBase32Hex(octets)
}

function hashOf(name: string, salt: string, iterations: number): string {
  const table = new DataView(new ArrayBuffer(600))
  table.setInt32(CHAIN.ITERATIONS, iterations, true)
  table.setInt32(CHAIN.SALT_LENGTH, salt.length / 2, true)
  new Uint8Array(table.buffer).set(Uint8Array.fromHex(salt), CHAIN.SALT)
  const hasher = new Nsec3Hash(table)
  const wire = lowerName(parseName(name))
  hasher.run(wire, 0, wire.length, 0)
  const octets = new DataView(new ArrayBuffer(20))
  for (const [i, word] of hasher.words.entries()) octets.setInt32(i * 4, word)
  return encodeBase32Hex(new Uint8Array(octets.buffer))
}
