import { expect, test } from 'vitest'
import { Gate } from '../../../../src/core/dns/abuse/gate.ts'
import { RATE_TABLE_BYTES } from '../../../../src/core/dns/abuse/rate-limiter.ts'
import { Cookies } from '../../../../src/core/dns/cookie/cookies.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { TsigSigner, type TsigKey } from '../../../../src/core/dns/transfer/tsig.ts'
import { readMessage } from '../answer/message-reader.ts'
import { at, DnsWorld, query, type QueryParts } from '../answer/world.ts'
import { ref } from '../../registry/build.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::2
a A 192.0.2.3
a A 192.0.2.4
alias CNAME www
text TXT ${'"0123456789abcdef" '.repeat(20)}
sub NS ns.sub
ns.sub A 192.0.2.4
`
const NOW = 1_795_000_000
const KEY: TsigKey = { name: parseName('xfr.'), secret: new Uint8Array(32).fill(7) }
const CLIENT_COOKIE = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]
const NSID = [0, 3, 0, 0]
const AA = 0x0400

/** In which 203.0.113.5 asks over UDP. */
function world(strangerRatio: number = 1.8, badCookie: 'auto' | 'always' = 'auto'): DnsWorld {
  const cookies = new Cookies([new Uint8Array(16).fill(7)])
  cookies.unixSeconds = NOW
  const rate = { perSecond: 0, slip: 2, seed: [1, 2] as const }
  const settings = { rate, exempt: ['10.0.0.0/8'], badCookie, strangerRatio }
  const gate = new Gate(cookies, settings, new SharedArrayBuffer(RATE_TABLE_BYTES))
  const access = { rules: [], keys: [KEY] }
  const nsid = new Uint8Array(60).fill(0x6e)
  const made = new DnsWorld({
    responder: { gate, nsid, transfer: { access, now: () => NOW } },
  })
  made.loadZone('example.test.', ZONE)
  const ports = Array.from({ length: 20 }, (_, i) => at(`10.0.0.${i}`, { port: i + 1 }))
  made.put(ref('orders'), ports)
  return made
}

interface Seen {
  readonly rcode: number
  readonly isCut: boolean
  readonly isTruncated: boolean
  readonly isAuthoritative: boolean
  /** Records but the OPT. */
  readonly records: number
  readonly options: readonly number[]
}

function see(w: DnsWorld, packet: Uint8Array): Seen {
  const answer = w.respond(packet)
  if (answer === undefined) throw new Error('no answer')
  if (w.responder.gate?.isTrusted === false) {
    expect(answer.length / packet.length).toBeLessThanOrEqual(1.8)
  }
  const read = readMessage(answer)
  const { rcode, isTruncated, flags } = read
  return {
    rcode,
    isCut: w.responder.isCut,
    isTruncated,
    isAuthoritative: (flags & AA) !== 0,
    records: read.answers.length + read.authorities.length + read.additionals.length,
    options: [...(read.opt?.options.keys() ?? [])],
  }
}

const WHOLE = { isCut: false, isTruncated: false }
const CUT = { isCut: true, isTruncated: true, records: 0 }

test.each<readonly [string, string, number, QueryParts, Partial<Seen>]>([
  ['an address', 'www.example.test', TYPE.A, {}, { ...WHOLE, records: 1 }],
  ['an address with EDNS', 'www.example.test', TYPE.A, { edns: 1232 }, { ...WHOLE, records: 1 }],
  ['a long address', 'www.example.test', TYPE.AAAA, {}, CUT],
  ['with EDNS it fits', 'www.example.test', TYPE.AAAA, { edns: 512 }, { ...WHOLE, records: 1 }],
  ['two addresses', 'a.example.test', TYPE.A, {}, { ...CUT, rcode: 0, isAuthoritative: true }],
  ['a service', 'orders.nacos', TYPE.SRV, { edns: 4096 }, { ...CUT, isAuthoritative: true }],
  ['a text', 'text.example.test', TYPE.TXT, { edns: 4096 }, { ...CUT, isAuthoritative: true }],
  ['an alias', 'alias.example.test', TYPE.A, {}, { ...CUT, isAuthoritative: true }],
  ['no such name', 'no.example.test', TYPE.A, {}, { ...CUT, rcode: 3, isAuthoritative: true }],
  ['no such type', 'www.example.test', TYPE.MX, {}, { ...CUT, rcode: 0, isAuthoritative: true }],
  ['a referral', 'x.sub.example.test', TYPE.A, {}, { ...CUT, rcode: 0, isAuthoritative: false }],
  ['the version', 'version.bind', TYPE.TXT, { class: 3 }, { rcode: 0 }],
  ['a serial', 'example.test', TYPE.SOA, {}, { ...CUT, isAuthoritative: true }],
  ['not ours', 'other.invalid', TYPE.A, { edns: 1232 }, { ...WHOLE, rcode: 5, records: 0 }],
  ['an unknown opcode', 'a.test', TYPE.A, { flags: 0x1000, edns: 512 }, { ...WHOLE, rcode: 4 }],
  ['another EDNS', 'a.example.test', TYPE.A, { edns: 512, version: 1 }, { ...WHOLE, rcode: 16 }],
  ['a zone', 'example.test', TYPE.AXFR, {}, { ...WHOLE, rcode: 4, records: 0 }],
])('%s: %s %i', (_, name, type, how, expected) => {
  const packet = query(`${name}.`, type, how)
  expect(see(world(), packet)).toMatchObject(expected)
  // Nobody else notices the rule: our own networks, TCP, and where there is none.
  const free = world(0).respond(packet)
  for (const change of [{ isTcp: true }, { isOwn: true }]) {
    const [bound, unbound] = [world(), world(0)]
    for (const w of [bound, unbound]) {
      w.responder.client.isTcp = change.isTcp === true
      if (change.isOwn === true) w.responder.client.setV4(0x0a01_0203)
    }
    expect(bound.respond(packet)).toEqual(unbound.respond(packet))
    expect(bound.responder.isCut).toBe(false)
  }
  if (expected.isCut === true) expect(free?.length).toBeGreaterThan(packet.length * 1.8)
})

test('padding is the cost of who asks: with enough of it the answer is whole', () => {
  const ask = (octets: number): Seen =>
    see(world(), query('text.example.test.', 'TXT', { edns: 1232, options: padding(octets) }))
  const whole = world(0).ask('text.example.test.', 'TXT', { edns: 1232 }).length
  const least = query('text.example.test.', 'TXT', { edns: 1232, options: padding(0) }).length
  const enough = Math.ceil(whole / 1.8) - least
  expect(enough).toBeGreaterThan(100)
  expect(ask(enough)).toMatchObject({ ...WHOLE, records: 1 })
  expect(ask(enough - 1)).toMatchObject(CUT)
})

test('a long NSID is left out before it costs a record', () => {
  const packet = query('www.example.test.', 'A', { edns: 1232, options: NSID })
  expect(see(world(), packet)).toMatchObject({ ...WHOLE, records: 1, options: [] })
  const free = readMessage(world(0).respond(packet) ?? new Uint8Array())
  expect([...(free.opt?.options.keys() ?? [])]).toEqual([3])
  const refused = query('other.invalid.', 'A', { edns: 1232, options: NSID })
  expect(see(world(), refused)).toMatchObject({ ...WHOLE, rcode: 5, records: 0 })
})

test('a cut answer brings a cookie, and with that the answer is whole', () => {
  const w = world()
  expect(see(w, askService(CLIENT_COOKIE))).toMatchObject({ ...CUT, options: [10] })
  const { opt } = readMessage(w.respond(askService(CLIENT_COOKIE)) ?? new Uint8Array())
  const cookie = Buffer.from(opt?.options.get(10) ?? '', 'hex')
  expect(see(w, askService([0, 10, 0, 24, ...cookie]))).toMatchObject({
    isCut: false,
    options: [10],
  })
  expect(w.responder.message.answers).toBe(20)
  cookie[23] = (cookie[23] ?? 0) ^ 1
  expect(see(w, askService([0, 10, 0, 24, ...cookie]))).toMatchObject({ ...CUT, options: [10] })
})

test('BADCOOKIE fits, also beside nothing but a cookie', () => {
  const w = world(1.8, 'always')
  const packet = query('a.example.test.', 'A', { edns: 1232, options: CLIENT_COOKIE })
  expect(see(w, packet)).toMatchObject({ ...WHOLE, rcode: 23, records: 0, options: [10] })
  const bare = [18, 52, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12]
  // The largest of the answers that cannot be smaller: 51 octets to 35.
  expect(see(w, Uint8Array.from([...bare, ...CLIENT_COOKIE]))).toMatchObject({ options: [10] })
  expect(w.responder.message.at).toBe(51)
})

/** Who has a key may still be replayed by others from a forged address. */
test('a signed question gets a signed answer that is cut', () => {
  const w = world()
  const packet = sign(query('text.example.test.', 'TXT', { edns: 4096 }))
  expect(see(w, packet)).toMatchObject({ ...CUT, records: 1 })
  expect(w.responder.guard.key).toBe(KEY)
  const small = sign(query('www.example.test.', 'A'))
  expect(see(w, small)).toMatchObject({ ...WHOLE, records: 2 })
})

test('0: no bound', () => {
  const answer = readMessage(
    world(0).respond(query('text.example.test.', 'TXT', { edns: 4096 })) ?? new Uint8Array(),
  )
  expect(answer).toMatchObject({ isTruncated: false, answers: [{ type: TYPE.TXT }] })
})

function padding(octets: number): number[] {
  return [0, 12, octets >> 8, octets & 255, ...Array<number>(octets).fill(0)]
}

function askService(options: readonly number[]): Uint8Array {
  return query('orders.nacos.', 'SRV', { edns: 1232, options })
}

function sign(message: Uint8Array): Uint8Array {
  const record = new TsigSigner(KEY, undefined).sign(message, { seconds: NOW })
  const signed = Uint8Array.from([...message, ...record])
  const view = new DataView(signed.buffer)
  view.setUint16(10, view.getUint16(10) + 1)
  return signed
}
