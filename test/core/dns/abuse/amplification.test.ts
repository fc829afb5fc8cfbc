import { beforeAll, expect, test } from 'vitest'
import { Gate } from '../../../../src/core/dns/abuse/gate.ts'
import { RATE_TABLE_BYTES } from '../../../../src/core/dns/abuse/rate-limiter.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import { Responder } from '../../../../src/core/dns/answer/responder.ts'
import { Cookies } from '../../../../src/core/dns/cookie/cookies.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { fuzzWorld } from '../../../fuzz/dns-fuzz.ts'
import { PacketSource } from '../../../fuzz/dns-packets.ts'
import { query, RESPONDER, type DnsWorld } from '../answer/world.ts'

/** TEST-NET-3: no network of ours. */
const STRANGER = 0xcb00_7105
const OWN = 0x0a00_0001
const PACKETS = 100_000

const RATIO = 1.8

/** Beside the zones of the fuzzer: one that is signed, with a proof in each negative answer. */
const SIGNATURE = `13 3 300 1 1 1 signed.test. ${'A'.repeat(86)}==`
const signed = (owner: string, types: string): string =>
  types
    .split(' ')
    .map((type) => `${owner} RRSIG ${type} ${SIGNATURE}\n`)
    .join('')
const SIGNED_ZONE =
  '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\n@ NS ns2\n@ NS ns3\n' +
  'ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\nns2 A 192.0.2.2\nns3 A 192.0.2.3\n' +
  `@ DNSKEY 257 3 13 ${'A'.repeat(86)}==\n@ TXT ${'"0123456789abcdef" '.repeat(50)}\n` +
  'cut NS ns.cut\ncut NS other.cut\nns.cut A 192.0.2.4\nother.cut A 192.0.2.5\n' +
  `safe NS ns.example.\nsafe DS 1 13 2 ${'AB'.repeat(32)}\nc CNAME ns1\ndeep DNAME ns1\n` +
  signed('@', 'SOA NS DNSKEY TXT NSEC') +
  signed('ns1', 'A AAAA NSEC') +
  signed('c', 'CNAME NSEC') +
  signed('safe', 'DS NSEC') +
  '@ NSEC c SOA NS DNSKEY TXT RRSIG NSEC\nc NSEC ns1 CNAME RRSIG NSEC\n' +
  'ns1 NSEC safe A AAAA RRSIG NSEC\nsafe NSEC @ NS DS RRSIG NSEC\n'
const SIGNED_NAMES =
  'signed.test ns1.signed.test c.signed.test safe.signed.test x.safe.signed.test x.cut.signed.test ' +
  'x.deep.signed.test nope.signed.test _all.big.nacos _all._tcp.big.nacos _why.order.nacos'

let world: DnsWorld
let names: readonly string[]
beforeAll(() => {
  const fuzzed = fuzzWorld()
  world = fuzzed.world
  world.loadZone('signed.test.', SIGNED_ZONE)
  names = [...fuzzed.names, ...SIGNED_NAMES.split(' ')]
})

interface Rules {
  /** 0: no limit. */
  readonly perSecond?: number
  /** 0: no bound. */
  readonly ratio?: number
  readonly badCookie?: 'auto' | 'always'
}

/** Who is not exempt; without the other rules unless they are told. */
function strangerAsks({ perSecond = 0, ratio = 0, badCookie = 'auto' }: Rules): Responder {
  const rate = { perSecond, slip: 2, seed: [1, 2] as const }
  const exempt = ['127.0.0.0/8', '10.0.0.0/8']
  const gate = new Gate(
    new Cookies([new Uint8Array(16)]),
    { rate, exempt, badCookie, strangerRatio: ratio },
    new SharedArrayBuffer(RATE_TABLE_BYTES),
  )
  const spellings = makeSpellings(new Map(), new Map())
  const settings = { ...RESPONDER, nsid: new Uint8Array(60).fill(0x6e), spellings, gate }
  const responder = new Responder(world.memory, settings, new SeededRng(3), world.output)
  responder.client.setV4(STRANGER)
  return responder
}

interface Sums {
  asked: number
  answered: number
  /** The largest answer by its question, and what was asked. */
  largest: number
  worst: string
  /** Answers that were cut for their length, by what they were. */
  readonly cut: { data: number; noSuchName: number; referral: number }
}

/** `next` gives the packets, a fixed time apart. */
function sum(
  responder: Responder,
  packetsPerSecond: number,
  next: (i: number) => Uint8Array,
): Sums {
  const cut = { data: 0, noSuchName: 0, referral: 0 }
  const sums: Sums = { asked: 0, answered: 0, largest: 0, worst: '', cut }
  for (let i = 0; i < PACKETS; i++) {
    const packet = next(i)
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    responder.client.nowMs = 1_700_000_000_000 + (i * 1_000) / packetsPerSecond
    const length = Math.max(0, responder.respond(view, 0, packet.length, 0))
    sums.asked += packet.length
    sums.answered += length
    const ratio = length / Math.max(1, packet.length)
    if (ratio > sums.largest) {
      sums.largest = ratio
      sums.worst = Buffer.from(packet).toString('hex')
    }
    if (responder.isCut) cut[kindOf(responder)]++
  }
  return sums
}

/** What a cut answer was. Only who speaks for a zone has data or knows that a name is none. */
function kindOf({ rcode, message }: Responder): keyof Sums['cut'] {
  if (rcode === 3) return 'noSuchName'
  const isAuthoritative = (message.view.getUint16(message.start + 2) & 0x0400) !== 0
  return isAuthoritative ? 'data' : 'referral'
}

test.each([
  ['without the rate limit', {}],
  ['with it, and what it lets slip', { perSecond: 100 }],
  ['and with BADCOOKIE', { badCookie: 'always' }],
] as const)('bent packets: no answer is larger than 1.8 times its question, %s', (_, rules) => {
  const source = new PacketSource(new SeededRng(11), names)
  const responder = strangerAsks({ ...rules, ratio: RATIO })
  const sums = sum(responder, 2_000, () => source.next())
  expect(sums.largest, sums.worst).toBeLessThanOrEqual(RATIO)
  for (const count of Object.values(sums.cut)) expect(count).toBeGreaterThan(300)
})

test('the packets are worth it: without that rule some answers are 20 times their question', () => {
  const source = new PacketSource(new SeededRng(11), names)
  const sums = sum(strangerAsks({}), 2_000, () => source.next())
  expect(sums.largest).toBeGreaterThan(20)
  expect(sums.cut).toEqual({ data: 0, noSuchName: 0, referral: 0 })
})

test('without that rule the limit keeps the sum of all answers below 1.8 times the questions', () => {
  const source = new PacketSource(new SeededRng(12), names)
  const sums = sum(strangerAsks({ perSecond: 100 }), 2_000, () => source.next())
  expect(sums.answered / sums.asked).toBeLessThanOrEqual(RATIO)
})

/** What amplifies most, where `dns.stranger_ratio` is off: the limit bounds the sum. */
test.each([
  ['t.z.test.', 'TXT'],
  ['big.nacos.', 'A'],
  ['big.nacos.', 'SRV'],
  ['_all.big.nacos.', 'A'],
  ['nope.z.test.', 'A'],
  ['a.sub.z.test.', 'A'],
  ['z.test.', 'ANY'],
] as const)('%s %s, 2,000 a second: the limit keeps it below 1.8', (name, type) => {
  const packet = query(name, type, { edns: 1232 })
  const sums = sum(strangerAsks({ perSecond: 100 }), 2_000, () => packet)
  expect(sums.answered / sums.asked).toBeLessThanOrEqual(RATIO)
})

test('who is no stranger is answered as if there were no such rule, octet by octet', () => {
  const source = new PacketSource(new SeededRng(13), names)
  const bound = strangerAsks({ ratio: RATIO })
  const free = strangerAsks({})
  for (const { client } of [bound, free]) {
    client.setV4(OWN)
    client.nowMs = 1_700_000_000_000
  }
  for (let i = 0; i < 20_000; i++) {
    const packet = source.next()
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    bound.client.isTcp = free.client.isTcp = i % 4 === 0
    const length = bound.respond(view, 0, packet.length, 0)
    const answer = Buffer.from(world.output.subarray(0, Math.max(0, length)))
    expect(free.respond(view, 0, packet.length, 0)).toBe(length)
    if (answer.compare(world.output.subarray(0, Math.max(0, length))) !== 0) {
      expect.fail(Buffer.from(packet).toString('hex'))
    }
  }
})
