import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import type { ReadMessage } from './message-reader.ts'
import { DnsWorld, type QueryParts } from './world.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'
const DNAME = 39
const HTTPS = 65
const YXDOMAIN = 6

function worldOf(text: string): DnsWorld {
  const world = new DnsWorld()
  world.loadZone('z.test.', HEAD + text)
  return world
}

function answersOf(message: ReadMessage): readonly string[] {
  return message.answers.map(({ owner, type, ttl, data }) => `${owner} ${ttl} ${type} ${data}`)
}

describe('DNAME (RFC 6672)', () => {
  const world = worldOf(
    'dn 60 DNAME hosts\nd2 DNAME dn\nout DNAME example.net.\nboth DNAME hosts\nboth TXT own\n' +
      `long DNAME ${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(63)}.z.test.\n` +
      'a.hosts A 192.0.2.5\n*.w.hosts A 192.0.2.6\nc CNAME a.dn\nloop DNAME x.loop\n',
  )

  test('gives itself and a CNAME with its TTL, and what that leads to', () => {
    const message = world.ask('A.dn.z.test')
    expect(message.isAuthoritative).toBe(true)
    expect(answersOf(message).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'dn.z.test. 60 39',
      'A.dn.z.test. 60 5',
      'A.hosts.z.test. 300 1',
    ])
    expect(message.answers[1]?.data).toBe('A.hosts.z.test.')
  })

  test.each([
    ['a.d2', 'A', [DNAME, 5, DNAME, 5, 1], 0],
    ['c', 'A', [5, DNAME, 5, 1], 0],
    ['x.w.dn', 'A', [DNAME, 5, 1], 0],
    ['nope.dn', 'A', [DNAME, 5], 3],
    ['a.out', 'A', [DNAME, 5], 0],
    ['a.dn', 'CNAME', [DNAME, 5], 0],
    ['dn', DNAME, [DNAME], 0],
    ['dn', 'A', [], 0],
    ['both', 'TXT', [16], 0],
    ['a.both', 'TXT', [DNAME, 5], 0],
  ] as const)('%s %s', (name, type, types, rcode) => {
    const message = world.ask(`${name}.z.test`, type)
    expect([message.answers.map((one) => one.type), message.rcode]).toEqual([types, rcode])
  })

  test('a name that becomes too long is YXDOMAIN', () => {
    const message = world.ask(`${'k'.repeat(60)}.long.z.test`)
    expect(message.rcode).toBe(YXDOMAIN)
    expect(message.isAuthoritative).toBe(true)
    expect(message.answers.map(({ type }) => type)).toEqual([DNAME])
    expect(world.ask('k.long.z.test').rcode).toBe(3)
  })

  test('one that leads below itself ends after 16 names', () => {
    const { answers, isTruncated } = world.ask('a.loop.z.test', 'A', { edns: 4096 })
    expect(isTruncated).toBe(false)
    expect(answers.filter(({ type }) => type === 5).length).toBe(17)
  })
})

describe('the additional section', () => {
  const world = worldOf(
    'mx MX 1 h1\nmx MX 2 H1\nmx MX 3 h2\nh1 A 192.0.2.11\nh1 AAAA 2001:db8::11\nh2 A 192.0.2.12\n' +
      'svc HTTPS 1 . alpn=h2\nsvc A 192.0.2.13\nto HTTPS 0 svc\nto2 HTTPS 0 to\n' +
      'none HTTPS 0 .\nnone A 192.0.2.14\nround HTTPS 0 round2\nround2 HTTPS 0 round\n' +
      'far HTTPS 1 h1.example.net.\nh SVCB 1 h1\nh SVCB 2 h2\n',
  )
  const extras = (name: string, type: number | 'MX', how?: QueryParts): readonly string[] =>
    world
      .ask(`${name}.z.test`, type, how)
      .additionals.map(({ owner, type: kind }) => `${owner.replace('.z.test.', '')} ${kind}`)

  test('tells each address once', () => {
    expect(extras('mx', 'MX')).toEqual(['h1 1', 'h1 28', 'h2 1'])
  })

  test.each([
    ['svc', HTTPS, ['svc 1']],
    ['to', HTTPS, ['svc 65', 'svc 1']],
    ['to2', HTTPS, ['to 65', 'svc 65', 'svc 1']],
    ['none', HTTPS, []],
    ['far', HTTPS, []],
    ['h', 64, ['h1 1', 'h1 28', 'h2 1']],
  ] as const)('follows what %s of type %i points at (RFC 9460 §4.1)', (name, type, expected) => {
    expect(extras(name, type)).toEqual(expected)
  })

  test('aliases that go round end', () => {
    expect(extras('round', HTTPS).length).toBeLessThanOrEqual(8)
  })

  test('what does not fit is left out without a sign', () => {
    const text = Array.from({ length: 40 }, (_, i) => `m MX ${i} t${i}\nt${i} A 192.0.2.1\n`).join(
      '',
    )
    const message = worldOf(text).ask('m.z.test', 'MX', { edns: 1232 })
    expect(message.isTruncated).toBe(false)
    expect(message.answers).toHaveLength(40)
    expect(message.additionals.length).toBeLessThan(40)
  })
})

describe('glue', () => {
  test('below the cut is needed, beside it is not (RFC 9471)', () => {
    const many = Array.from({ length: 40 }, (_, i) => i)
    const sets = (name: string): string => many.map((i) => `${name} A 192.0.2.${i}\n`).join('')
    const inside = worldOf(`cut NS ns.cut\n${sets('ns.cut')}`)
    const beside = worldOf(`cut NS ns.other\n${sets('ns.other')}`)
    expect(inside.ask('a.cut.z.test').isTruncated).toBe(true)
    const message = beside.ask('a.cut.z.test')
    expect([message.isTruncated, message.authorities.length]).toEqual([false, 1])
    expect(beside.ask('a.cut.z.test', 'A', { edns: 1232 }).additionals).toHaveLength(40)
  })
})

describe('DS where both sides are served here', () => {
  const ds = `1 8 2 ${'AB'.repeat(32)}`
  test.each([
    ['from a file', 'sub.z.test.'],
    ['from the registry', 'nacos.z.test.'],
  ])('the zone above answers, the zone %s answers all else', (_, child) => {
    const label = child.split('.')[0] ?? ''
    const world = new DnsWorld(label === 'nacos' ? { table: { zones: [parseName(child)] } } : {})
    world.loadZone('z.test.', `${HEAD}${label} NS ns.${label}\n${label} DS ${ds}\n`)
    if (label === 'sub') world.loadZone(child, HEAD)
    const signed = world.ask(child, 'DS')
    expect([signed.isAuthoritative, signed.answers.length]).toEqual([true, 1])
    expect(world.ask(child, 'SOA').answers[0]?.owner).toBe(child)
    expect(world.ask(child, 'NS').isAuthoritative).toBe(true)
    world.loadZone('z.test.', `${HEAD}${label} NS ns.${label}\n`)
    const unsigned = world.ask(child, 'DS')
    expect([unsigned.rcode, unsigned.answers.length]).toEqual([0, 0])
    expect(unsigned.authorities[0]?.owner).toBe('z.test.')
    // Nobody delegates: the zone itself says that there is none.
    world.loadZone('z.test.', HEAD)
    expect(world.ask(child, 'DS').authorities[0]?.owner).toBe(child)
  })
})

test.each(['HTTPS', 'SVCB'] as const)('%s of a name of the registry is NODATA at once', (type) => {
  const message = new DnsWorld().ask('nacos', type)
  expect([message.rcode, message.answers.length, message.authorities.length]).toEqual([0, 0, 1])
})
