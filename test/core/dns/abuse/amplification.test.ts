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
const PACKETS = 100_000

let world: DnsWorld
let names: readonly string[]
beforeAll(() => {
  ;({ world, names } = fuzzWorld())
})

/** As operators have it by default. */
function strangerAsks(perSecond: number): Responder {
  const rate = { perSecond, slip: 2, seed: [1, 2] as const }
  const gate = new Gate(
    new Cookies([new Uint8Array(16)]),
    { rate, exempt: ['127.0.0.0/8', '10.0.0.0/8'], badCookie: 'auto' },
    new SharedArrayBuffer(RATE_TABLE_BYTES),
  )
  const spellings = makeSpellings(new Map(), new Map())
  const settings = { ...RESPONDER, spellings, gate }
  const responder = new Responder(world.memory, settings, new SeededRng(3), world.output)
  responder.client.setV4(STRANGER)
  return responder
}

interface Sums {
  asked: number
  answered: number
  /** The largest error by its question. */
  largestError: number
}

/** `next` gives the packets, a fixed time apart. */
function sum(
  responder: Responder,
  packetsPerSecond: number,
  next: (i: number) => Uint8Array,
): Sums {
  const sums = { asked: 0, answered: 0, largestError: 0 }
  for (let i = 0; i < PACKETS; i++) {
    const packet = next(i)
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    responder.client.nowMs = 1_700_000_000_000 + (i * 1_000) / packetsPerSecond
    const length = Math.max(0, responder.respond(view, 0, packet.length, 0))
    sums.asked += packet.length
    sums.answered += length
    const ratio = length / Math.max(1, packet.length)
    const isData = responder.rcode === 0 || responder.rcode === 3
    if (!isData) sums.largestError = Math.max(sums.largestError, ratio)
  }
  return sums
}

test('bent packets: all answers together are no larger than 1.8 times the questions', () => {
  const source = new PacketSource(new SeededRng(11), names)
  const sums = sum(strangerAsks(100), 2_000, () => source.next())
  expect(sums.answered / sums.asked).toBeLessThanOrEqual(1.8)
})

test('no error is larger than 1.8 times its question', () => {
  const source = new PacketSource(new SeededRng(12), names)
  expect(sum(strangerAsks(0), 2_000, () => source.next()).largestError).toBeLessThanOrEqual(1.8)
})

/** What amplifies most: the limit is the rule that bounds it. */
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
  const sums = sum(strangerAsks(100), 2_000, () => packet)
  expect(sums.answered / sums.asked).toBeLessThanOrEqual(1.8)
})
