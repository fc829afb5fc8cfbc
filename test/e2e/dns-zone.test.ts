import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataOf, dig as askOnce, HAS_DIG, type Dug } from './dig.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, makeFolder, TestServer } from './server.ts'

/** Shapes of zones and of questions that the example zone does not have, asked with dig. */

const X = (letter: string): string => letter.repeat(60)
const ZONE = `$TTL 60
@ SOA ns1 hostmaster 7 3600 600 86400 30
@ NS ns1
ns1 A 192.0.2.1
$GENERATE 0-20 hop$ CNAME hop\${1}
into CNAME www.other.test.
dn DNAME hosts
a.hosts A 192.0.2.4
long DNAME ${X('x')}.${X('y')}.hosts
signed NS ns.example.net.
signed DS 60485 13 2 ${'AB'.repeat(32)}
; Sixty name servers below the cut: their addresses fit into no datagram.
$GENERATE 1-60 cut NS n$.cut
$GENERATE 1-60 n$.cut A 192.0.2.$
; Thirty mail servers: they fit into 1,232 octets, their addresses do not.
$GENERATE 1-30 mail MX $ m$
$GENERATE 1-30 m$ AAAA 2001:db8::$
ttl 2147483648 A 192.0.2.3
_x._tcp SRV 0 1 80 target
_none._tcp SRV 0 0 0 .
target A 192.0.2.5
target AAAA 2001:db8::5
web HTTPS 1 . alpn="h2,h3" port=8443
@ HTTPS 0 web
_dns SVCB 1 target alpn=dot
`
const OTHER = `$TTL 60
@ SOA ns1 hostmaster 7 3600 600 86400 30
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.80
`

const folder = makeFolder()
let server: TestServer
beforeAll(async () => {
  mkdirSync(join(folder, 'zones'))
  writeFileSync(join(folder, 'zones', 'rows.test.zone'), ZONE)
  writeFileSync(join(folder, 'zones', 'other.test.zone'), OTHER)
  writeFileSync(join(folder, 'zones', 'broken.test.zone'), 'this is no zone\n')
  const flags = ['--listen=127.0.0.1', '--dns.reverse-zones=10.in-addr.arpa.']
  server = await TestServer.start({ flags }, folder)
  await new NacosApi(server.url).register('orders', '10.0.0.6', 8080)
  await eventually(() => expect(dig('orders.nacos').answers).toHaveLength(1))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const dig = (words: string): Dug => askOnce(server.dns, words)

describe.skipIf(!HAS_DIG)('flags, opcodes and classes', () => {
  test.each([
    ['NODATA', '+norec rows.test TXT', 'NOERROR', 'qr aa'],
    ['another opcode', '+norec +opcode=1 rows.test', 'NOTIMP', 'qr'],
    ['DSO', '+norec +opcode=6 rows.test', 'NOTIMP', 'qr'],
    ['the last opcode', '+norec +opcode=15 rows.test', 'NOTIMP', 'qr'],
    ['EDNS version 1', '+norec +edns=1 +noednsneg rows.test', 'BADVERS', 'qr'],
    ['class ANY', '+norec -c ANY -q rows.test -t SOA', 'NOERROR', 'qr'],
    ['class NONE', '+norec -c NONE -q rows.test -t SOA', 'REFUSED', 'qr'],
    ['class Hesiod', '+norec -c HS -q rows.test -t SOA', 'REFUSED', 'qr'],
  ])('%s: dig %s → %s, %s', (_, words, status, flags) => {
    const dug = dig(words)
    expect([dug.status, dug.flags.join(' ')]).toEqual([status, flags])
  })

  test('class ANY has the data, other classes the reason', () => {
    expect(dataOf(dig('-c ANY -q www.other.test -t A').answers)).toEqual(['A 192.0.2.80'])
    expect(dig('-c HS -q rows.test -t SOA').errors).toEqual([21])
    expect(dig('+opcode=2 rows.test').errors).toEqual([21])
  })

  test('any octet may stand in a label, and is no dot', () => {
    expect(dig(String.raw`a\000b\.c.rows.test`).status).toBe('NXDOMAIN')
    expect(dig(String.raw`www\.other.test`).status).toBe('REFUSED')
    expect(dig('WWW.OTHER.TEST').answers).toEqual(['WWW.OTHER.TEST. 60 A 192.0.2.80'])
  })
})

describe.skipIf(!HAS_DIG)('aliases and delegations', () => {
  test('a chain is followed sixteen times, and from one zone of ours into another', () => {
    const { status, answers } = dig('hop0.rows.test')
    expect([status, answers.length]).toEqual(['NOERROR', 17])
    expect(answers.at(-1)).toBe('hop16.rows.test. 60 CNAME hop17.rows.test.')
    expect(dataOf(dig('into.rows.test').answers)).toEqual(['CNAME www.other.test.', 'A 192.0.2.80'])
  })

  test('an alias asked for itself, or for all, is not followed', () => {
    expect(dataOf(dig('into.rows.test CNAME').answers)).toEqual(['CNAME www.other.test.'])
    expect(dataOf(dig('into.rows.test ANY +notcp').answers)).toEqual(['HINFO "RFC8482" ""'])
  })

  test('a DNAME gives itself, the alias that it makes, and what that leads to', () => {
    expect(dig('a.dn.rows.test').answers).toEqual([
      'dn.rows.test. 60 DNAME hosts.rows.test.',
      'a.dn.rows.test. 60 CNAME a.hosts.rows.test.',
      'a.hosts.rows.test. 60 A 192.0.2.4',
    ])
    const tooLong = dig(`${X('a')}.${X('b')}.long.rows.test`)
    expect([tooLong.status, dataOf(tooLong.answers)[0]?.startsWith('DNAME')]).toEqual([
      'YXDOMAIN',
      true,
    ])
  })

  test('glue that is needed and does not fit sets TC; over TCP it is whole', () => {
    const cut = dig('+norec +ignore a.cut.rows.test')
    expect(cut.flags).toEqual(['qr', 'tc'])
    const whole = dig('+norec a.cut.rows.test')
    expect([whole.authority.length, whole.additional.length]).toEqual([60, 60])
  })

  test('the DS at a cut is ours to tell', () => {
    const ds = dig('+norec signed.rows.test DS')
    expect([ds.flags, ds.answers.length, ds.authority.length]).toEqual([['qr', 'aa'], 1, 0])
  })
})

describe.skipIf(!HAS_DIG)('negative answers', () => {
  test.each([
    ['nothing below it, nothing at it', 'nope.rows.test', 'NXDOMAIN', 'rows.test. 30'],
    ['another type', 'target.rows.test TXT', 'NOERROR', 'rows.test. 30'],
    ['a name between', 'hosts.rows.test', 'NOERROR', 'rows.test. 30'],
    ['an unknown service', 'nobody.nacos', 'NXDOMAIN', 'nacos. 5'],
    ['a namespace', 'public.nacos', 'NOERROR', 'nacos. 5'],
  ])('%s: dig %s → %s, and one SOA', (_, words, status, soa) => {
    const dug = dig(words)
    expect([dug.status, dug.answers.length, dug.authority.length]).toEqual([status, 0, 1])
    expect(dug.authority[0]).toContain(`${soa} SOA `)
    expect(dug.flags).toContain('aa')
  })
})

describe.skipIf(!HAS_DIG)('EDNS', () => {
  test.each([
    ['rows.test SOA', 'NOERROR'],
    ['nope.rows.test', 'NXDOMAIN'],
    ['other.invalid', 'REFUSED'],
    ['+opcode=1 rows.test', 'NOTIMP'],
    ['+edns=1 +noednsneg rows.test', 'BADVERS'],
    ['+ednsopt=10:01020304050607 rows.test', 'FORMERR'],
    ['www.broken.test', 'SERVFAIL'],
    [`${X('a')}.${X('b')}.long.rows.test`, 'YXDOMAIN'],
    ['+opcode=4 rows.test SOA', 'NOTAUTH'],
  ])('dig %s → %s, with an OPT, and without one if there was none', (words, status) => {
    expect(dig(words).text).toMatch(/^; EDNS: version: 0, flags:; udp: 1232$/m)
    expect(dig(words).status).toBe(status)
    if (!words.includes('edns')) expect(dig(`+noedns ${words}`).text).not.toContain('EDNS:')
  })

  test('addresses that nobody asked for are left out without a sign', () => {
    const { flags, answers, additional, size } = dig('+norec +ignore mail.rows.test MX')
    expect([flags, answers.length]).toEqual([['qr', 'aa'], 30])
    expect(additional.length).toBeGreaterThan(0)
    expect(additional.length).toBeLessThan(30)
    expect(size).toBeLessThanOrEqual(1232)
    expect(dig('+norec +tcp mail.rows.test MX').additional).toHaveLength(30)
  })

  test('keepalive is told over TCP, to who asks', () => {
    expect(dig('+tcp +keepalive rows.test SOA').text).toContain('TCP KEEPALIVE: 10.0 secs')
    expect(dig('+tcp rows.test SOA').text).not.toContain('KEEPALIVE')
    expect(dig('+keepalive rows.test SOA').text).not.toContain('KEEPALIVE')
  })

  test('padding is not for datagrams', () => {
    expect(dig('+padding=128 rows.test SOA').text).not.toContain('PAD')
  })

  test('an answer with the unhealthy, for want of others, says that it is one', async () => {
    const api = new NacosApi(server.url)
    await api.register('ill', '10.0.0.8', 80, '&ephemeral=false&healthy=false')
    await eventually(() => expect(dataOf(dig('ill.nacos').answers)).toEqual(['A 10.0.0.8']))
    expect(dig('ill.nacos').errors).toEqual([29])
    expect(dig('orders.nacos').errors).toEqual([])
    expect(dig('+noedns ill.nacos').errors).toEqual([])
  })

  test('a zone that cannot be loaded is not ready', () => {
    const { status, errors } = dig('www.broken.test')
    expect([status, errors]).toEqual(['SERVFAIL', [14]])
  })
})

describe.skipIf(!HAS_DIG)('records', () => {
  test('the target of an SRV is whole on the wire, and its addresses come along', () => {
    const dug = dig('+noedns _x._tcp.rows.test SRV')
    expect(dataOf(dug.answers)).toEqual(['SRV 0 1 80 target.rows.test.'])
    expect(dataOf(dug.additional)).toEqual(['A 192.0.2.5', 'AAAA 2001:db8::5'])
    // Header, question, SRV with 6 octets and all 18 of its target; glue with pointers as owners.
    expect(dug.size).toBe(12 + (19 + 4) + (2 + 10 + 6 + 18) + (2 + 10 + 4) + (2 + 10 + 16))
    expect(dataOf(dig('_none._tcp.rows.test SRV').answers)).toEqual(['SRV 0 0 0 .'])
  })

  test.each(['rows.test', 'orders.nacos', 'mail.rows.test'])('ANY of %s is one HINFO', (name) => {
    for (const transport of ['+notcp', '+tcp']) {
      const { answers } = dig(`${name} ANY ${transport}`)
      expect(dataOf(answers)).toEqual(['HINFO "RFC8482" ""'])
    }
  })

  test('HTTPS and SVCB of a file are as they were written; services have none, at once', () => {
    expect(dataOf(dig('web.rows.test HTTPS').answers)).toEqual(['HTTPS 1 . alpn="h2,h3" port=8443'])
    expect(dataOf(dig('rows.test HTTPS').answers)).toEqual(['HTTPS 0 web.rows.test.'])
    expect(dataOf(dig('_dns.rows.test SVCB').answers)).toEqual([
      'SVCB 1 target.rows.test. alpn="dot"',
    ])
    for (const type of ['HTTPS', 'SVCB']) {
      const { status, answers, authority } = dig(`orders.nacos ${type}`)
      expect([status, answers.length, authority.length]).toEqual(['NOERROR', 0, 1])
    }
  })

  test('a TTL of more than 31 bits is none', () => {
    expect(dig('ttl.rows.test').answers).toEqual(['ttl.rows.test. 0 A 192.0.2.3'])
  })

  test('the SOA of the registry counts its changes', async () => {
    const pattern = /^nacos\. \d+ SOA \S+ \S+ (\d+) 3600 600 86400 5$/
    const before = Number(pattern.exec(dig('nacos SOA').answers[0] ?? '')?.[1])
    await new NacosApi(server.url).register('orders', '10.0.0.7', 8080)
    await eventually(() => {
      const after = Number(pattern.exec(dig('nacos SOA').answers[0] ?? '')?.[1])
      expect(after).toBeGreaterThan(before)
    })
  })

  test('dig -x finds the name of an address', () => {
    expect(dataOf(dig('-x 10.0.0.6').answers)).toEqual(['PTR 10-0-0-6.nacos.'])
    expect(dig('-x 10.0.0.99').status).toBe('NXDOMAIN')
  })
})

test.skipIf(!HAS_DIG)('without a word of the operator nobody may have a zone', () => {
  expect(dig('rows.test AXFR').text).toContain('Transfer failed')
  expect(dig('+tcp rows.test IXFR=7').text).toContain('Transfer failed')
  expect(dig('nacos AXFR').text).toContain('Transfer failed')
})

test.skipIf(!HAS_DIG)(
  'a member that is told so sends datagrams of 4,096 octets, no larger',
  async () => {
    const large = makeFolder()
    mkdirSync(join(large, 'zones'))
    const names = `${ZONE}$GENERATE 1-100 some A 198.51.100.$\n$GENERATE 1-250 many AAAA 2001:db8::$\n`
    writeFileSync(join(large, 'zones', 'rows.test.zone'), names)
    const flags = ['--listen=127.0.0.1', '--dns.edns-udp-size=4096']
    await using wide = await TestServer.start({ flags }, large)
    const some = askOnce(wide.dns, '+bufsize=5000 +ignore some.rows.test')
    expect([some.answers.length, some.flags.includes('tc')]).toEqual([100, false])
    expect(some.size).toBeGreaterThan(1232)
    const many = askOnce(wide.dns, '+bufsize=5000 +ignore many.rows.test AAAA')
    expect([many.answers.length, many.flags.includes('tc')]).toEqual([0, true])
    expect(askOnce(wide.dns, '+bufsize=512 +ignore some.rows.test').flags).toContain('tc')
  },
)
