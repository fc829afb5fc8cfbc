import { expect, test } from 'vitest'
import { Gate, type GateSettings } from '../../../../src/core/dns/abuse/gate.ts'
import { RATE_TABLE_BYTES } from '../../../../src/core/dns/abuse/rate-limiter.ts'
import { LIMITED } from '../../../../src/core/dns/answer/responder.ts'
import { Cookies } from '../../../../src/core/dns/cookie/cookies.ts'
import { at, DnsWorld, query, type QueryParts } from '../answer/world.ts'
import { readMessage, type ReadMessage } from '../answer/message-reader.ts'
import { ref } from '../../registry/build.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
alias CNAME www
*.wild A 192.0.2.3
sub NS ns.sub
ns.sub A 192.0.2.4
mx MX 10 www
`
/** TEST-NET-3, as `DnsWorld` has it: no network of ours. */
const STRANGER = 0xcb00_7105
const AT = 1_700_000_000

function world(changes: Partial<GateSettings> = {}, perSecond: number = 10): DnsWorld {
  const gate = gateOf(changes, perSecond)
  const made = new DnsWorld({ responder: { gate } })
  made.loadZone('example.test.', ZONE)
  made.responder.client.nowMs = AT * 1_000
  return made
}

function gateOf(changes: Partial<GateSettings>, perSecond: number): Gate {
  const cookies = new Cookies([new Uint8Array(16).fill(7)])
  cookies.unixSeconds = AT
  const rate = { perSecond, slip: 2, seed: [1, 2] as const }
  // What a single answer may have is a rule of its own: see `stranger-ratio.test.ts`.
  const others = { badCookie: 'auto', strangerRatio: 0 } as const
  const settings: GateSettings = { rate, exempt: ['10.0.0.0/8'], ...others, ...changes }
  return new Gate(cookies, settings, new SharedArrayBuffer(RATE_TABLE_BYTES))
}

/** How many of `count` questions were answered in full, empty with TC=1, or not at all. */
function flood(w: DnsWorld, count: number, nameOf: (i: number) => string, type = 'A' as const) {
  const seen = { full: 0, slipped: 0, dropped: 0 }
  for (let i = 0; i < count; i++) {
    const packet = query(nameOf(i), type)
    const view = new DataView(packet.buffer)
    const length = w.responder.respond(view, 0, packet.length, 0)
    if (length === LIMITED) seen.dropped++
    else if (w.responder.isSlipped) seen.slipped++
    else seen.full++
  }
  return seen
}

test.each([
  ['one name', () => 'www.example.test.'],
  [
    'one name in many cases',
    (i: number) => (i % 2 === 0 ? 'wWw.example.test.' : 'WWW.Example.test.'),
  ],
  ['names that do not exist', (i: number) => `n${i}.example.test.`],
  ['names of a wildcard', (i: number) => `n${i}.wild.example.test.`],
  ['names below a delegation', (i: number) => `n${i}.sub.example.test.`],
  ['an alias', () => 'alias.example.test.'],
] as const)('%s: ten answers, then half of the rest truncated', (_, nameOf) => {
  const seen = flood(world(), 110, nameOf)
  expect(seen.full + seen.slipped).toBe(60)
  expect(seen.dropped).toBe(50)
})

test('errors over the limit are dropped', () => {
  expect(flood(world(), 110, (i) => `n${i}.invalid.`)).toEqual({
    full: 10,
    slipped: 0,
    dropped: 100,
  })
})

test('types that a name does not have share a bucket', () => {
  const w = world()
  let dropped = 0
  for (let i = 0; i < 110; i++) {
    const packet = query('www.example.test.', 2_000 + i)
    if (w.responder.respond(new DataView(packet.buffer), 0, packet.length, 0) === LIMITED) dropped++
  }
  expect(dropped).toBe(50)
})

test('selectors and escapes are no way around the limit', () => {
  const w = world()
  w.put(ref('orders'), [at('10.0.0.1', { port: 80 })])
  const names = ['orders.nacos.', '_one.orders.nacos.', '_all.orders.nacos.']
  const seen = flood(w, 110, (i) => names[i % 3] ?? '')
  expect(seen.dropped).toBe(50)
  const escaped = ['--6frders.nacos.', 'o--72ders.nacos.', 'or--64ers.nacos.', 'ord--65rs.nacos.']
  expect(flood(w, 110, (i) => escaped[i % 4] ?? '').dropped).toBe(50)
})

test('a truncated answer has the question, the OPT and nothing else', () => {
  const w = world({}, 1)
  const ask = (): ReadMessage => w.ask('www.example.test.', 'A', { edns: 1232 })
  ask()
  const packet = query('www.example.test.', 'A', { edns: 1232 })
  expect(w.responder.respond(new DataView(packet.buffer), 0, packet.length, 0)).toBe(LIMITED)
  const slipped = ask()
  expect(slipped).toMatchObject({ rcode: 0, isTruncated: true, answers: [], authorities: [] })
  expect(slipped.question).toHaveLength(1)
  expect(slipped.opt?.udpSize).toBe(1232)
  expect(slipped.length).toBe(packet.length)
})

test('own networks, TCP and clients with a good cookie are never limited', () => {
  const w = world({}, 1)
  const { client } = w.responder
  client.setV4(0x0a01_0203)
  expect(flood(w, 100, () => 'www.example.test.').full).toBe(100)
  client.setV4(STRANGER)
  client.isTcp = true
  expect(flood(w, 100, () => 'www.example.test.').full).toBe(100)
  client.isTcp = false
  const options = [0, 10, 0, 24, ...learn(w)]
  for (let i = 0; i < 100; i++) {
    const { answers } = w.ask('www.example.test.', 'A', { edns: 1232, options })
    expect(answers).toHaveLength(1)
  }
})

const CLIENT_COOKIE = [1, 2, 3, 4, 5, 6, 7, 8]

function learn(w: DnsWorld, how: QueryParts = {}): number[] {
  const options = [0, 10, 0, 8, ...CLIENT_COOKIE]
  const { opt } = w.ask('www.example.test.', 'A', { edns: 1232, options, ...how })
  return [...Buffer.from(opt?.options.get(10) ?? '', 'hex')]
}

test('a client without a cookie gets one, and gets it back as it is', () => {
  const w = world()
  const cookie = learn(w)
  expect(cookie).toHaveLength(24)
  expect(cookie.slice(0, 12)).toEqual([...CLIENT_COOKIE, 1, 0, 0, 0])
  const options = [0, 10, 0, 24, ...cookie]
  const { opt, rcode } = w.ask('www.example.test.', 'A', { edns: 1232, options })
  expect(rcode).toBe(0)
  expect(opt?.options.get(10)).toBe(Buffer.from(cookie).toString('hex'))
})

test('without the option there is no cookie', () => {
  const { opt } = world().ask('www.example.test.', 'A', { edns: 1232 })
  expect([...(opt?.options.keys() ?? [])]).toEqual([])
})

/** RFC 7873 §5.4. */
test('a cookie can be had without a question', () => {
  const w = world()
  const bare = (cookie: readonly number[]): ReadMessage => {
    const size = cookie.length
    const opt = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4 + size, 0, 10, 0, size, ...cookie]
    const packet = Uint8Array.of(18, 52, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, ...opt)
    return readMessage(w.respond(packet) ?? new Uint8Array())
  }
  const learnt = bare(CLIENT_COOKIE)
  expect(learnt).toMatchObject({ rcode: 0, question: [], answers: [] })
  const cookie = [...Buffer.from(learnt.opt?.options.get(10) ?? '', 'hex')]
  expect(bare(cookie)).toMatchObject({ rcode: 0, question: [] })
  expect(bare(cookie.toReversed())).toMatchObject({ rcode: 23, question: [] })
})

test('no question and no cookie is malformed', () => {
  const w = world()
  const bare = [18, 52, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  expect(readMessage(w.respond(Uint8Array.from(bare)) ?? new Uint8Array()).rcode).toBe(1)
  const opt = [18, 52, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]
  expect(readMessage(w.respond(Uint8Array.from(opt)) ?? new Uint8Array()).rcode).toBe(1)
})

test('under attack a stranger with an unknown cookie gets BADCOOKIE, then an answer', () => {
  const w = world()
  const options = [0, 10, 0, 8, ...CLIENT_COOKIE]
  const how = { edns: 1232, options }
  expect(w.ask('www.example.test.', 'A', how).rcode).toBe(0)
  flood(w, 100, () => 'www.example.test.')
  const refused = w.ask('www.example.test.', 'A', how)
  expect(refused).toMatchObject({ rcode: 23, answers: [] })
  const good = [0, 10, 0, 24, ...Buffer.from(refused.opt?.options.get(10) ?? '', 'hex')]
  expect(w.ask('www.example.test.', 'A', { edns: 1232, options: good }).answers).toHaveLength(1)
  // Those who do not know cookies are limited, not turned away; neither are our own.
  w.responder.client.setV4(0x0a01_0203)
  expect(w.ask('www.example.test.', 'A', how).rcode).toBe(0)
  w.responder.client.setV4(STRANGER)
  w.responder.client.nowMs += 11_000
  expect(w.ask('www.example.test.', 'A', how).rcode).toBe(0)
})

test.each([
  ['always', 23],
  ['never', 0],
] as const)('BADCOOKIE %s', (badCookie, rcode) => {
  const w = world({ badCookie })
  flood(w, 100, () => 'www.example.test.')
  w.responder.client.setV4(STRANGER + 256)
  const options = [0, 10, 0, 8, ...CLIENT_COOKIE]
  expect(w.ask('www.example.test.', 'A', { edns: 1232, options }).rcode).toBe(rcode)
  expect(w.ask('www.example.test.', 'A', { edns: 1232 }).rcode).toBe(0)
  w.responder.client.isTcp = true
  expect(w.ask('www.example.test.', 'A', { edns: 1232, options }).rcode).toBe(0)
})

test('a stranger gets nothing that he did not ask for, but the glue he needs', () => {
  const w = world({}, 1_000)
  w.put(ref('orders'), [at('10.0.0.1', { port: 80 })])
  const additionals = (name: string, type: 'MX' | 'SRV' | 'A'): number =>
    w.ask(name, type, { edns: 1232 }).additionals.length
  expect(additionals('mx.example.test.', 'MX')).toBe(0)
  expect(additionals('orders.nacos.', 'SRV')).toBe(0)
  expect(additionals('x.sub.example.test.', 'A')).toBe(1)
  w.responder.client.setV4(0x0a01_0203)
  expect(additionals('mx.example.test.', 'MX')).toBe(1)
  expect(additionals('orders.nacos.', 'SRV')).toBe(1)
})

test.each([
  ['over TLS', true, [0, 12, 0, 3, 0, 0, 0], 468],
  ['over TLS, the question without padding', true, [], undefined],
  ['without TLS', false, [0, 12, 0, 3, 0, 0, 0], undefined],
] as const)('padding %s', (_, isEncrypted, options, length) => {
  const w = world()
  w.responder.client.isTcp = true
  w.responder.client.isEncrypted = isEncrypted
  for (const name of ['www.example.test.', 'n.example.test.', 'x.invalid.']) {
    const answer = w.ask(name, 'A', { edns: 1232, options })
    expect(answer.opt?.options.has(12)).toBe(length !== undefined)
    if (length !== undefined) expect(answer.length).toBe(length)
  }
})

test.each([
  ['STATUS', { flags: 0x1000 }, 21],
  ['NOTIFY', { flags: 0x2000 }, 20],
  ['class HS', { class: 4 }, 21],
] as const)('%s is refused with an explanation', (_, how, ede) => {
  const { opt } = world().ask('www.example.test.', 'A', { edns: 1232, ...how })
  expect(opt?.options.get(15)).toBe(Buffer.from([0, ede]).toString('hex'))
})
