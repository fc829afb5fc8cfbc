import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataOf, dig as askOnce, HAS_DIG, hasCommand, type Dug } from './dig.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/** The commands of dns.md §1.1 – §1.4, with the programs that people use. */

const ZONES = fileURLToPath(new URL('../../zones', import.meta.url))

let server: TestServer
beforeAll(async () => {
  const flags = [`--dns.zones-dir=${ZONES}`, '--dns.nsid=node-1', '--dns.ttl=1s']
  server = await TestServer.start({ flags })
  const api = new NacosApi(server.url)
  await api.register('order-service', '10.0.0.7', 8080)
  await api.register('order-service', '10.1.0.7', 8081, '&metadata={"protocol":"http"}')
  await eventually(() => {
    if (dig('order-service.nacos').answers.length !== 2) throw new Error('not yet')
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const HAS = { dig: HAS_DIG, kdig: hasCommand('kdig'), drill: hasCommand('drill') }
for (const [program, isThere] of Object.entries(HAS)) {
  if (!isThere) console.warn(`${program} is not installed: its questions are skipped`)
}

const dig = (words: string): Dug => askOnce(server.dns, words)

describe.skipIf(!HAS.dig)('dig, header and question (§1.1)', () => {
  test.each([
    ['H1', '+norec +noedns +aaflag +zflag SOA example.test', 'qr aa'],
    ['H2 data', '+norec www.example.test', 'qr aa'],
    ['H2 referral', '+norec a.sub.example.test', 'qr'],
    ['H2 NXDOMAIN', '+norec nope.example.test', 'qr aa'],
    ['H2 refused', '+norec other.invalid', 'qr'],
    ['H5', '+cdflag +norec SOA example.test', 'qr aa'],
    ['AD asked for', '+adflag +norec SOA example.test', 'qr aa'],
    ['RD copied', 'SOA example.test', 'qr aa rd'],
  ])('%s: dig %s → flags %s', (_, words, flags) => {
    expect(dig(words).flags.join(' ')).toBe(flags)
  })

  test('H3: recursion that is off is said to be', () => {
    expect(dig('example.test').text).toContain('recursion requested but not available')
  })

  test('H6: the case of the question comes back', () => {
    expect(dig('+noedns WwW.eXample.TEST').answers.every((one) => one.startsWith('WwW.eX'))).toBe(
      true,
    )
  })

  test.each([
    ['H10', '+opcode=15 +header-only', 'NOTIMP'],
    ['H10 STATUS', '+opcode=2 example.test', 'NOTIMP'],
    ['H10 UPDATE', '+opcode=5 example.test SOA', 'NOTIMP'],
    ['H10 NOTIFY', '+opcode=4 example.test SOA', 'NOTAUTH'],
    ['H12', 'CH A www.example.test', 'REFUSED'],
    ['H12', 'CH TXT version.bind', 'NOERROR'],
    ['H12', 'CH TXT nothing.bind', 'REFUSED'],
    ['H13', 'TYPE666 www.example.test', 'NOERROR'],
    ['N9', '+norec other.invalid', 'REFUSED'],
  ])('%s: dig %s → %s', (_, words, status) => {
    expect(dig(words).status).toBe(status)
  })

  test('H12: who this is', () => {
    expect(dig('CH TXT version.bind').answers.join()).toMatch(/^version\.bind\. 0 TXT "cairn /)
    expect(dataOf(dig('CH TXT hostname.bind').answers)).toEqual(['TXT "node-1"'])
    expect(dataOf(dig('CH TXT id.server').answers)).toEqual(['TXT "node-1"'])
  })

  test('H13: no type makes it stumble', () => {
    const types = Array.from({ length: 65 }, (_, i) => i + 1).filter((type) => type !== 41)
    const { text } = dig(types.map((type) => `www.example.test TYPE${type}`).join(' '))
    expect(text.match(/status: NOERROR/g)).toHaveLength(types.length)
  })

  test('H15: nothing that was not asked for', () => {
    const { authority, additional, size } = dig('+noedns +norec mx2.example.test MX')
    expect([authority.length, additional.length]).toEqual([1, 0])
    expect(size).toBeLessThan(120)
    expect(dig('+noedns www.example.test AAAA').size).toBe(12 + 18 + 4 + 28)
  })
})

describe.skipIf(!HAS.dig)('dig, names (§1.2)', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['N1', 'alias.example.test AAAA', 'NOERROR', ['CNAME www.example.test.', 'AAAA 2001:db8::80']],
    ['N2', '+norec out.example.test', 'NOERROR', ['CNAME www.example.net.']],
    [
      'N3',
      'loop1.example.test',
      'NOERROR',
      ['CNAME loop2.example.test.', 'CNAME loop1.example.test.'],
    ],
    ['N4', 'dang.example.test', 'NXDOMAIN', ['CNAME nowhere.example.test.']],
    ['N6', 'x.y.wild.example.test', 'NOERROR', ['A 192.0.2.99']],
    ['N6', 'wild.example.test', 'NOERROR', []],
    ['N6', 'host.wild.example.test TXT', 'NOERROR', []],
    ['N6', 'www.host.wild.example.test', 'NXDOMAIN', []],
    ['N7', 'ent.deep.example.test', 'NOERROR', []],
    ['ANY', 'www.example.test ANY', 'NOERROR', ['HINFO "RFC8482" ""']],
  ])('%s: dig %s', (_, words, status, data) => {
    const dug = dig(`${words} +notcp`)
    expect([dug.status, dataOf(dug.answers)]).toEqual([status, data])
  })

  test('N8: a delegation with its glue', () => {
    const { authority, additional, answers } = dig('+norec +noedns a.sub.example.test')
    expect(answers).toEqual([])
    expect(dataOf(authority)).toEqual(['NS a.sub.example.test.', 'NS ns.example.net.'])
    expect(dataOf(additional)).toEqual(['A 192.0.2.53', 'AAAA 2001:db8::53'])
    const ds = dig('+norec sub.example.test DS')
    expect([ds.flags.includes('aa'), dataOf(ds.authority)[0]?.startsWith('SOA')]).toEqual([
      true,
      true,
    ])
  })
})

describe.skipIf(!HAS.dig)('dig, negative answers (§1.3)', () => {
  test.each([
    ['nope.www.example.test', 'NXDOMAIN'],
    ['TXT www.example.test', 'NOERROR'],
  ])('dig %s → %s and an SOA of 30 s, alone', (words, status) => {
    const dug = dig(words)
    expect([dug.status, dug.answers.length, dug.authority.length]).toEqual([status, 0, 1])
    expect(dug.authority[0]).toMatch(/^example\.test\. 30 SOA /)
  })
})

describe.skipIf(!HAS.dig)('dig, EDNS (§1.4)', () => {
  test('E1: flags are empty but for DO, the size is ours', () => {
    expect(dig('+ednsflags=0x80 SOA example.test').text).toMatch(
      /EDNS: version: 0, flags:; udp: 1232/,
    )
    expect(dig('+dnssec SOA example.test').text).toMatch(/EDNS: version: 0, flags: do; udp: 1232/)
    expect(dig('+noedns SOA example.test').text).not.toContain('EDNS')
  })

  test('E2: another version is BADVERS', () => {
    const dug = dig('+edns=1 +noednsneg SOA example.test')
    expect([dug.status, dug.answers.length]).toEqual(['BADVERS', 0])
  })

  test('E3: unknown options are not echoed', () => {
    const { status, text } = dig('+ednsopt=65001:deadbeef SOA example.test')
    expect([status, text.includes('OPT=65001')]).toEqual(['NOERROR', false])
  })

  test('E5, E6: what does not fit is cut at 1,232 and whole over TCP', () => {
    const cut = dig('+bufsize=4096 +ignore big.example.test')
    expect([cut.flags.includes('tc'), cut.size <= 1232]).toEqual([true, true])
    const plain = dig('+noedns +ignore big.example.test')
    expect([plain.flags.includes('tc'), plain.size]).toEqual([true, 34])
    expect(dig('big.example.test').answers).toHaveLength(100)
  })

  test('E9, E10: NSID when asked for, and reasons', () => {
    expect(dig('+nsid SOA example.test').text).toContain('NSID: 6e 6f 64 65 2d 31 ("node-1")')
    expect(dig('SOA example.test').text).not.toContain('NSID')
    expect(dig('other.invalid').text).toMatch(/EDE: 20/)
    expect(dig('+noedns other.invalid').text).not.toMatch(/EDE/)
  })

  test('E13: a client subnet is no mistake', () => {
    expect(dig('+subnet=192.0.2.0/24 www.example.test').status).toBe('NOERROR')
  })
})

describe.skipIf(!HAS.dig)('dig, the names of the registry', () => {
  test.each([
    ['order-service.nacos', 'NOERROR', 2],
    ['OrDeR-SeRvIcE.nAcOs', 'NOERROR', 2],
    ['order-service.nacos HTTPS', 'NOERROR', 0],
    ['nope.nacos', 'NXDOMAIN', 0],
    ['public.nacos', 'NOERROR', 0],
    ['_all.order-service.nacos +bufsize=512', 'NOERROR', 2],
    ['_http._tcp.order-service.nacos SRV', 'NOERROR', 1],
    ['order-service.nacos SRV +tcp', 'NOERROR', 2],
    ['10-0-0-7.nacos', 'NOERROR', 1],
  ])('dig %s → %s, %i', (words, status, count) => {
    const dug = dig(words)
    expect([dug.status, dug.answers.length]).toEqual([status, count])
    expect(dug.flags).toContain('aa')
  })
})

const QUESTIONS: readonly (readonly [string, string])[] = [
  ['www.example.test', 'A'],
  ['www.example.test', 'AAAA'],
  ['example.test', 'SOA'],
  ['example.test', 'NS'],
  ['example.test', 'MX'],
  ['alias2.example.test', 'A'],
  ['_http._tcp.example.test', 'SRV'],
  ['big.example.test', 'A'],
  ['_all.order-service.nacos', 'A'],
  ['order-service.nacos', 'SRV'],
  ['10-0-0-7.nacos', 'A'],
  ['x.y.wild.example.test', 'TXT'],
  ['dang.example.test', 'A'],
]

function answersOf(program: 'dig' | 'kdig' | 'drill', name: string, type: string): string[] {
  const port = String(server.dns)
  const args =
    program === 'drill'
      ? ['-a', '-p', port, '@127.0.0.1', name, type]
      : ['@127.0.0.1', '-p', port, name, type]
  const text = execFileSync(program, args, { encoding: 'utf8' })
  const lines = text
    .slice(text.search(/;; ANSWER SECTION:/))
    .split('\n')
    .slice(1)
  const end = lines.findIndex((line) => line === '' || line.startsWith(';;'))
  if (!text.includes(';; ANSWER SECTION:')) return []
  return lines
    .slice(0, end)
    .map((line) =>
      line
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ ; .*$/g, '')
        .trim()
        .toLowerCase(),
    )
    .toSorted((a, b) => a.localeCompare(b))
}

describe.skipIf(!HAS.dig)('three programs read the same', () => {
  test.skipIf(!HAS.kdig).each(QUESTIONS)('kdig as dig: %s %s', (name, type) => {
    const expected = answersOf('dig', name, type)
    expect(answersOf('kdig', name, type)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
  })

  test.skipIf(!HAS.drill).each(QUESTIONS)('drill as dig: %s %s', (name, type) => {
    expect(answersOf('drill', name, type)).toEqual(answersOf('dig', name, type))
  })
})

test.skipIf(!HAS.kdig)('kdig asks two things on one TCP connection (§1.5)', () => {
  const args = ['@127.0.0.1', '-p', String(server.dns), '+tcp', '+keepopen']
  const words = ['www.example.test', 'A', 'example.test', 'MX']
  const text = execFileSync('kdig', [...args, ...words], { encoding: 'utf8' })
  expect(text.match(/status: NOERROR/g)).toHaveLength(2)
})
