import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  FakeUpstream,
  HONEST,
  says,
  type Behaviour,
} from '../adapters/dns/forward/fake-upstream.ts'
import { answerTo } from '../core/dns/forward/upstream-message.ts'
import { askDig, dataOf, HAS_DIG, type Dug } from './dig.ts'
import { makeFolder, TestServer } from './server.ts'

/** Names that are not ours, asked with dig; the name server that is asked is played by the test. */

const ZONE = `$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 30
@ NS ns1
ns1 A 192.0.2.1
out CNAME www.example.
`
const SOA = 'example. 600 SOA ns.example. host.example. 60'

let upstream: FakeUpstream
let server: TestServer

beforeEach(async () => {
  upstream = await FakeUpstream.start()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** With the test's upstream for all names, unless other flags say otherwise. */
async function start(...flags: readonly string[]): Promise<void> {
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  writeFileSync(join(folder, 'zones', 'ours.example.zone'), ZONE)
  writeFileSync(join(folder, 'zones', 'broken.example.zone'), 'this is no zone\n')
  const usual = ['--listen=127.0.0.1', '--dns.workers=1', `--dns.forward=${upstream.address}`]
  server = await TestServer.start({ flags: [...usual, ...flags] }, folder)
}

const dig = async (words: string): Promise<Dug> => await askDig(server.dns, words)
/** Owner, TTL and data that the upstream says of every name. */
const tells = (ttl: number, ...data: readonly string[]): Behaviour => {
  return ({ packet, name }, reply) => {
    reply(answerTo(packet, { answers: data.map((one) => `${name} ${ttl} ${one}`) }))
  }
}

describe.skipIf(!HAS_DIG)('flags of who may ask for foreign names', () => {
  test('RA is set, on our own answers too; AA is not on what others said', async () => {
    await start()
    expect((await dig('www.example')).flags).toEqual(['qr', 'rd', 'ra'])
    expect((await dig('ours.example SOA')).flags).toEqual(['qr', 'aa', 'rd', 'ra'])
    expect((await dig('+norec ours.example SOA')).flags).toEqual(['qr', 'aa', 'ra'])
  })

  test('who may not is refused with the reason, and RA is clear', async () => {
    await start('--dns.recursion-allow=192.0.2.0/24')
    const { status, flags, errors } = await dig('www.example')
    expect([status, flags, errors]).toEqual(['REFUSED', ['qr', 'rd'], [18]])
    expect((await dig('ours.example SOA')).flags).toEqual(['qr', 'aa', 'rd'])
    expect(upstream.names).toEqual([])
  })

  test('AD comes from a trusted name server to who asked, and from nowhere else', async () => {
    upstream.behaviour = says({ flags: 0x81a0, answers: ['www.example. 300 A 192.0.2.7'] })
    await start()
    expect((await dig('+adflag www.example')).flags).not.toContain('ad')
    await server[Symbol.asyncDispose]()
    await start(`--dns.forward-trusted=${upstream.address}`)
    expect((await dig('+adflag www.example')).flags).toContain('ad')
    expect((await dig('+dnssec +noadflag www.example')).flags).toContain('ad')
    expect((await dig('+noadflag www.example')).flags).not.toContain('ad')
    expect((await dig('+adflag ours.example SOA')).flags).not.toContain('ad')
  })

  test('CD goes to the name server and comes back, and is a question of its own', async () => {
    await start()
    await dig('www.example')
    expect((await dig('+cdflag www.example')).flags).toContain('cd')
    expect(upstream.names).toEqual(['www.example.', 'www.example.'])
    const flags = upstream.heard.slice(-2).map(({ packet }) => (packet[3] ?? 0) & 0x10)
    expect(flags).toEqual([0, 0x10])
  })
})

describe.skipIf(!HAS_DIG)('reserved names are asked for nowhere', () => {
  test('the table', async () => {
    await start('--dns.forward-single-labels=false')
    for (const [words, status, data] of RESERVED) {
      const dug = await dig(words)
      expect([words, dug.status, dataOf(dug.answers)]).toEqual([words, status, data])
      // Whoever asks can remember it.
      if (data.length === 0) expect([words, dug.authority.length]).toEqual([words, 1])
    }
    expect(upstream.names).toEqual([])
  })

  test('reverse names of private addresses are, unless an operator forbids it', async () => {
    await start()
    await dig('-x 10.1.2.3')
    await dig('printer')
    expect(upstream.names).toEqual(['3.2.1.10.in-addr.arpa.', 'printer.'])
    await server[Symbol.asyncDispose]()
    await start('--dns.forward-private-reverse=false')
    for (const words of ['-x 10.1.2.3', '-x 192.168.1.1', '-x 172.31.0.1', '-x fd00::1']) {
      expect((await dig(words)).status).toBe('NXDOMAIN')
    }
    expect(upstream.names).toHaveLength(2)
  })

  test('a rule of the operator beats the table', async () => {
    await start(`--dns.forward-zones=home.arpa=${upstream.address}`)
    expect(dataOf((await dig('printer.home.arpa')).answers)).toEqual(['A 192.0.2.7'])
  })
})

const LOOPBACK6 = `1.${'0.'.repeat(31)}ip6.arpa`
const RESERVED: readonly (readonly [string, string, readonly string[]])[] = [
  ['localhost', 'NOERROR', ['A 127.0.0.1']],
  ['a.b.localhost AAAA', 'NOERROR', ['AAAA ::1']],
  ['localhost MX', 'NOERROR', []],
  ['-x 127.0.0.1', 'NOERROR', ['PTR localhost.']],
  ['-x 127.9.8.7', 'NOERROR', ['PTR localhost.']],
  [`${LOOPBACK6} PTR`, 'NOERROR', ['PTR localhost.']],
  ['-x 0.0.0.0', 'NXDOMAIN', []],
  ['-x 255.255.255.255', 'NXDOMAIN', []],
  ['x.invalid', 'NXDOMAIN', []],
  ['x.test', 'NXDOMAIN', []],
  ['printer.local', 'NXDOMAIN', []],
  ['x.onion', 'NXDOMAIN', []],
  ['x.alt', 'NXDOMAIN', []],
  ['x.home.arpa', 'NXDOMAIN', []],
  ['_dns.resolver.arpa SVCB', 'NOERROR', []],
  ['printer', 'NXDOMAIN', []],
]

describe.skipIf(!HAS_DIG)('where a name is asked', () => {
  test('the longest suffix, and never what is below a zone of ours', async () => {
    await using corp = await FakeUpstream.start()
    await using lab = await FakeUpstream.start()
    const rules = [`corp.example=${corp.address}`, `lab.corp.example=${lab.address}`]
    // A rule for a name of ours changes nothing: it is ours.
    await start(...rules.map((rule) => `--dns.forward-zones=${rule}`))
    for (const name of ['a.corp.example', 'a.lab.corp.example', 'notcorp.example', 'nope.nacos']) {
      await dig(name)
    }
    expect((await dig('a.b.ours.example')).status).toBe('NXDOMAIN')
    const broken = await dig('a.broken.example')
    expect([broken.status, broken.errors]).toEqual(['SERVFAIL', [14]])
    const asked = [upstream, corp, lab].map(({ names }) => names)
    expect(asked).toEqual([['notcorp.example.'], ['a.corp.example.'], ['a.lab.corp.example.']])
  })

  test('an alias out of our zones is followed for who asks with RD', async () => {
    await start()
    const own = await dig('+norec out.ours.example')
    const alias = 'CNAME www.example.'
    expect([own.flags, dataOf(own.answers)]).toEqual([['qr', 'aa', 'ra'], [alias]])
    expect(dataOf((await dig('out.ours.example')).answers)).toEqual([alias, 'A 192.0.2.7'])
  })
})

describe.skipIf(!HAS_DIG)('an upstream that lies, cuts, or knows less than we do', () => {
  test('answers with another ID, name, type or class change nothing', async () => {
    upstream.behaviour = (heard, reply) => {
      const { packet, id } = heard
      const evil = { answers: ['www.example. 300 A 203.0.113.66'] }
      reply(answerTo(packet, { ...evil, id: id ^ 1 }))
      const other = [4, 0x65, 0x76, 0x69, 0x6c, 0, 0, 1, 0, 1]
      reply(answerTo(packet, { ...evil, question: other }))
      HONEST(heard, reply)
    }
    await start()
    expect(dataOf((await dig('www.example')).answers)).toEqual(['A 192.0.2.7'])
  })

  test('what stands beside the chain of aliases is not believed', async () => {
    upstream.behaviour = ({ packet, name }, reply) => {
      const answers = [`${name} 300 A 192.0.2.7`, 'bank.example. 300 A 203.0.113.66']
      const more = ['other.example. 300 A 203.0.113.66']
      reply(answerTo(packet, { answers, additionals: more }))
    }
    await start()
    expect(dataOf((await dig('www.example')).answers)).toEqual(['A 192.0.2.7'])
    expect((await dig('+norec bank.example')).status).toBe('REFUSED')
    expect((await dig('+norec other.example')).status).toBe('REFUSED')
  })

  test('TC is asked again over TCP, FORMERR without EDNS', async () => {
    upstream.behaviour = ({ packet, name, via }, reply) => {
      if (via === 'udp') reply(answerTo(packet, { flags: 0x8380 }))
      else reply(answerTo(packet, { answers: [`${name} 300 A 192.0.2.8`] }))
    }
    await start()
    expect(dataOf((await dig('www.example')).answers)).toEqual(['A 192.0.2.8'])
    upstream.behaviour = (heard, reply) => {
      const hasOpt = heard.packet[11] === 1
      if (hasOpt) reply(answerTo(heard.packet, { flags: 0x8181, hasOpt: false }))
      else reply(answerTo(heard.packet, { answers: [`${heard.name} 9 A 192.0.2.9`], hasOpt }))
    }
    expect(dataOf((await dig('old.example')).answers)).toEqual(['A 192.0.2.9'])
  })

  test('silence is SERVFAIL with the reason before a stub gives up, and then at once', async () => {
    await start()
    upstream.behaviour = () => undefined
    const late = await dig('+time=6 www.example')
    expect([late.status, late.errors]).toEqual(['SERVFAIL', [22]])
    expect(queryTimeOf(late)).toBeGreaterThan(3_500)
    expect(queryTimeOf(late)).toBeLessThan(5_000)
    const again = await dig('www.example')
    expect([again.status, again.errors]).toEqual(['SERVFAIL', [13]])
    expect(queryTimeOf(again)).toBeLessThan(1_000)
  })
})

/** Milliseconds, as dig measured them. */
function queryTimeOf({ text }: Dug): number {
  return Number(/^;; Query time: (\d+) msec/m.exec(text)?.[1])
}

describe.skipIf(!HAS_DIG)('EDNS between us and others', () => {
  test('1,232 octets, DO only when the client set it, and no options', async () => {
    await start()
    await dig('+bufsize=4096 +subnet=192.0.2.0/24 +nsid www.example')
    await dig('+dnssec www.example')
    // Root, type OPT, size, RCODE and version, flags, length.
    const opts = upstream.heard.slice(-2).map(({ packet }) => Array.from(packet.subarray(-11)))
    const usual = [0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0]
    expect(opts).toEqual([
      [...usual, 0, 0, 0, 0],
      [...usual, 0x80, 0, 0, 0],
    ])
  })
})

describe.skipIf(!HAS_DIG)('what is remembered', () => {
  test('TTLs fall, a day at most; the second answer is ours', async () => {
    upstream.behaviour = tells(9_000_000, 'A 192.0.2.7')
    await start()
    const first = Number((await dig('www.example')).answers[0]?.split(' ')[1])
    expect(first).toBe(86_400)
    upstream.behaviour = tells(30, 'A 192.0.2.7')
    const started = performance.now()
    let ttl = 30
    while (ttl === 30 && performance.now() - started < 5_000) {
      ttl = Number((await dig('short.example')).answers[0]?.split(' ')[1])
    }
    expect(ttl).toBeLessThan(30)
    expect(ttl).toBeGreaterThan(20)
    expect(upstream.names).toEqual(['www.example.', 'short.example.'])
  })

  test('denials: of a name for all types, of a type for itself', async () => {
    upstream.behaviour = says({ flags: 0x8183, authorities: [SOA] })
    await start()
    for (const type of ['A', 'AAAA', 'TXT']) {
      const { status, authority } = await dig(`nope.example ${type}`)
      expect([status, authority.length]).toEqual(['NXDOMAIN', 1])
      expect(authority[0]).toMatch(/^example\. (?:60|59|58) SOA /)
    }
    upstream.behaviour = says({ authorities: [SOA] })
    for (const type of ['MX', 'MX', 'AAAA', 'MX']) await dig(`some.example ${type}`)
    expect(upstream.names).toEqual(['nope.example.', 'some.example.', 'some.example.'])
  })

  test('denials are kept for an hour at most', async () => {
    const soa = 'example. 90000 SOA ns.example. host.example. 90000'
    upstream.behaviour = says({ flags: 0x8183, authorities: [soa] })
    await start()
    expect((await dig('never.example')).authority[0]).toMatch(/^example\. 3600 SOA /)
    expect((await dig('never.example')).authority[0]).toMatch(/^example\. 3(?:600|59\d) SOA /)
    expect(upstream.names).toEqual(['never.example.'])
  })

  test('who does not ask us to ask others gets what we know, or a refusal', async () => {
    await start()
    const { status, flags } = await dig('+norec www.example')
    expect([status, flags]).toEqual(['REFUSED', ['qr', 'ra']])
    await dig('www.example')
    expect((await dig('+norec www.example')).answers).toHaveLength(1)
    expect(upstream.names).toEqual(['www.example.'])
  })

  test('a denial that ran out is stale with a reason of its own', async () => {
    upstream.behaviour = says({
      flags: 0x8183,
      authorities: ['example. 1 SOA ns.example. host.example. 1'],
    })
    await start()
    const asked = performance.now()
    expect((await dig('nope.example')).errors).toEqual([])
    upstream.behaviour = says({ flags: 0x8182 })
    let dug = await dig('nope.example')
    while (dug.errors.length === 0 && performance.now() - asked < 5_000) {
      dug = await dig('nope.example')
    }
    expect([dug.status, dug.errors]).toEqual(['NXDOMAIN', [19]])
  })
})
