import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from './world.ts'
import type { ReadMessage } from './message-reader.ts'

const EXAMPLE = readFileSync(
  new URL('../../../../zones/example.test.zone', import.meta.url),
  'utf8',
)
const world = new DnsWorld()
world.loadZone('example.test.', EXAMPLE)

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'

/** `rcode aa answers / authority types`. */
function gist({ rcode, isAuthoritative, answers, authorities }: ReadMessage): string {
  const told = answers.map(({ data, type }) => `${type}:${data}`).join(' ')
  const types = authorities.map(({ type }) => type).join(' ')
  return `${rcode}${isAuthoritative ? ' aa' : ''} | ${told} | ${types}`
}

const told = (name: string, type: 'MX' | 'NS' | 'SRV'): string =>
  world
    .ask(name, type)
    .additionals.map(({ data }) => data)
    .join(' ')

describe('dns.md §1.2', () => {
  test.each([
    [
      'N1 a CNAME is chased',
      'alias',
      'AAAA',
      '0 aa | 5:www.example.test. 28:2001:db8:0:0:0:0:0:80 | ',
    ],
    [
      'N1 a CNAME is chased twice, and no data ends it',
      'alias2',
      'MX',
      '0 aa | 5:alias.example.test. 5:www.example.test. | 6',
    ],
    ['N1 a CNAME is answered as such', 'alias2', 'CNAME', '0 aa | 5:alias.example.test. | '],
    ['N2 a target elsewhere ends the chain', 'out', 'A', '0 aa | 5:www.example.net. | '],
    ['N3 a loop ends', 'loop1', 'A', '0 aa | 5:loop2.example.test. 5:loop1.example.test. | '],
    ['N4 a target that is missing is NXDOMAIN', 'dang', 'A', '3 aa | 5:nowhere.example.test. | 6'],
    ['N6 a wildcard', 'x.y.wild', 'A', '0 aa | 1:192.0.2.99 | '],
    ['N6 the name above it', 'wild', 'A', '0 aa |  | 6'],
    ['N6 the wildcard itself', '*.wild', 'TXT', '0 aa | 16:from the wildcard | '],
    ['N6 another type of a wildcard', 'x.wild', 'MX', '0 aa |  | 6'],
    ['N6 a name that exists', 'host.wild', 'TXT', '0 aa |  | 6'],
    ['N6 a name below one that exists', 'www.host.wild', 'A', '3 aa |  | 6'],
    ['N7 an empty non-terminal', 'ent.deep', 'A', '0 aa |  | 6'],
    ['N7 and the one above', 'deep', 'AAAA', '0 aa |  | 6'],
    ['N8 a delegation', 'a.sub', 'A', '0 |  | 2 2'],
    ['N8 the cut itself', 'sub', 'A', '0 |  | 2 2'],
    ['N8 even its NS', 'sub', 'NS', '0 |  | 2 2'],
    ['N8 ANY below it', 'x.y.sub', 'ANY', '0 |  | 2 2'],
    ["N8 DS at the cut is the parent's", 'sub', 'DS', '0 aa |  | 6'],
    ['N8 DS below the cut is not', 'x.sub', 'DS', '0 |  | 2 2'],
    ['names with dots and spaces', 'odd\\.name\\032here', 'TXT', '0 aa | 16:one label | '],
    ['not the same with a real dot', 'odd.name\\032here', 'TXT', '3 aa |  | 6'],
    ['a type nobody knows', 'www', 666, '0 aa |  | 6'],
    ['type 0', 'www', 0, '0 aa |  | 6'],
    ['OPT as a type', 'www', 41, '0 aa |  | 6'],
    ['TSIG as a type', 'www', 250, '0 aa |  | 6'],
    ['MAILB', 'www', 253, '0 aa |  | 6'],
    ['65280', 'www', 65_280, '0 aa |  | 6'],
    ['a type of a number', 'unknown', 65_280, '0 aa | 65280:0a000001 | '],
    ['ANY', 'www', 'ANY', '0 aa | 13:075246433834383200 | '],
    ['ANY on an empty non-terminal', 'ent.deep', 'ANY', '0 aa |  | 6'],
    ['a missing name', 'nope.www', 'A', '3 aa |  | 6'],
    ['no data', 'www', 'TXT', '0 aa |  | 6'],
  ] as const)('%s', (_, name, type, expected) => {
    expect(gist(world.ask(`${name}.example.test`, type))).toBe(expected)
  })

  test('N9 what is not ours is refused, with a reason', () => {
    const message = world.ask('other.invalid', 'A', { edns: 1232 })
    expect(gist(message)).toBe('5 |  | ')
    expect(message.opt?.options).toEqual(new Map([[15, '0014']]))
    expect(gist(world.ask('.', 'NS'))).toBe('5 |  | ')
  })

  test('the glue of a delegation is told, and its addresses only', () => {
    const { additionals } = world.ask('www.sub.example.test')
    expect(additionals.map(({ owner, data }) => `${owner} ${data}`)).toEqual([
      'a.sub.example.test. 192.0.2.53',
      'a.sub.example.test. 2001:db8:0:0:0:0:0:53',
    ])
  })

  test('negative answers live as long as the smaller of TTL and minimum', () => {
    expect(world.ask('nope.example.test').authorities[0]).toMatchObject({
      owner: 'example.test.',
      ttl: 30,
    })
    expect(world.ask('example.test', 'SOA').answers[0]?.ttl).toBe(300)
  })

  test('MX, NS and SRV bring the addresses of their targets', () => {
    expect(told('example.test', 'MX')).toBe('192.0.2.25 2001:db8:0:0:0:0:0:25 192.0.2.26')
    expect(told('example.test', 'NS')).toBe('192.0.2.1 2001:db8:0:0:0:0:0:1 192.0.2.2')
    expect(told('_none._tcp.example.test', 'SRV')).toBe('')
    expect(told('_http._tcp.example.test', 'SRV')).toContain('192.0.2.80 192.0.2.81')
  })

  test('a positive answer has no authority section', () => {
    expect(world.ask('www.example.test').authorities).toEqual([])
  })
})

describe('delegations', () => {
  const own = new DnsWorld()
  own.loadZone(
    'z.test.',
    `${HEAD}sub NS ns.sub\nns.sub A 192.0.2.2\ndeep.sub NS ns.deep.sub\nns.deep.sub A 192.0.2.3\n` +
      'lost.sub A 192.0.2.4\nsub DS 1 8 2 ' +
      `${'ab'.repeat(32)}\n`.replace('sub DS 1 8 2', 'sub TYPE43 \\# 36 00010802'),
  )

  test.each(['sub', 'x.sub', 'lost.sub', 'deep.sub', 'x.deep.sub', 'ns.deep.sub', 'x.lost.sub'])(
    'of %s the highest cut speaks: what stands below it is not ours to tell',
    (name) => {
      const { isAuthoritative, answers, authorities, rcode } = own.ask(`${name}.z.test`)
      expect([rcode, isAuthoritative, answers]).toEqual([0, false, []])
      expect(authorities.map(({ owner, data }) => `${owner} ${data}`)).toEqual([
        'sub.z.test. ns.sub.z.test.',
      ])
    },
  )

  test('a CNAME into a delegation is told, and where to go on', () => {
    own.loadZone('y.test.', `${HEAD}c CNAME www.sub.z.test.\n`)
    expect(gist(own.ask('c.y.test'))).toBe('0 aa | 5:www.sub.z.test. | 2')
  })
})

describe('wildcards and CNAMEs', () => {
  const own = new DnsWorld()
  own.put(ref('a'), [at('10.0.0.1', { metadata: { protocol: 'http' } })])
  own.loadZone(
    'z.test.',
    `${HEAD}*.w CNAME t\nt A 192.0.2.5\n*.loop CNAME x.loop\nin CNAME a.nacos.\n` +
      'srv CNAME _http._tcp.A.nacos.\ngone CNAME nope.nacos.\n*.any CNAME a.nacos.\n' +
      'host CNAME 10-0-0-1.nacos.\nstray CNAME default_group.public.nacos.\n' +
      `${Array.from({ length: 30 }, (_, i) => `c${i} CNAME c${i + 1}`).join('\n')}\n` +
      '*.star A 192.0.2.6\nent.star.sub A 192.0.2.7\n*.mx MX 5 t\n',
  )

  test.each([
    ['q.w', 'A', '0 aa | 5:t.z.test. 1:192.0.2.5 | '],
    ['q.r.w', 'MX', '0 aa | 5:t.z.test. | 6'],
    ['q.loop', 'A', '0 aa | 5:x.loop.z.test. 5:x.loop.z.test. | '],
    ['in', 'A', '0 aa | 5:a.nacos. 1:10.0.0.1 | '],
    ['in', 'MX', '0 aa | 5:a.nacos. | 6'],
    ['in', 'SRV', '0 aa | 5:a.nacos. 33:0 1 8080 10-0-0-1.nacos. | '],
    ['srv', 'SRV', '0 aa | 5:_http._tcp.A.nacos. 33:0 1 8080 10-0-0-1.nacos. | '],
    ['gone', 'A', '3 aa | 5:nope.nacos. | 6'],
    ['x.any', 'A', '0 aa | 5:a.nacos. 1:10.0.0.1 | '],
    ['host', 'A', '0 aa | 5:10-0-0-1.nacos. 1:10.0.0.1 | '],
    ['stray', 'A', '0 aa | 5:default_group.public.nacos. | 6'],
    ['q.mx', 'MX', '0 aa | 15:5 t.z.test. | '],
  ] as const)('%s %s', (name, type, expected) => {
    expect(gist(own.ask(`${name}.z.test`, type))).toBe(expected)
  })

  test('a chain is followed sixteen times and cut there', () => {
    expect(own.ask('c0.z.test').answers).toHaveLength(17)
    expect(own.ask('c13.z.test')).toMatchObject({ rcode: 0, authorities: [] })
    expect(own.ask('c14.z.test').answers).toHaveLength(16)
    expect(own.ask('c14.z.test').rcode).toBe(3)
  })

  test("the owner of a wildcard's record is the name that was asked", () => {
    expect(own.ask('Q.w.z.test').answers.map(({ owner }) => owner)).toEqual([
      'Q.w.z.test.',
      't.z.test.',
    ])
  })

  test("the SOA of a chain's end is that of the zone it ends in", () => {
    expect(own.ask('gone.z.test').authorities[0]?.owner).toBe('nacos.')
    expect(own.ask('q.w.z.test', 'MX').authorities[0]?.owner).toBe('z.test.')
  })

  test('glue of an SRV at the end of a chain is told', () => {
    const { additionals } = own.ask('srv.z.test', 'SRV')
    expect(additionals.map(({ owner, data }) => `${owner} ${data}`)).toEqual([
      '10-0-0-1.nacos. 10.0.0.1',
    ])
  })

  test('a chain into a registry that is not caught up ends there, without a lie', () => {
    own.table.setReady(false)
    expect(gist(own.ask('in.z.test'))).toBe('0 aa | 5:a.nacos. | ')
    own.table.setReady(true)
  })
})

describe('ANY in the zone of the registry', () => {
  const own = new DnsWorld()
  own.put(ref('a'), [at('10.0.0.1', { metadata: { protocol: 'http' } })])

  test.each([
    ['a.nacos', '0 aa | 13:075246433834383200 | '],
    ['nacos', '0 aa | 13:075246433834383200 | '],
    ['10-0-0-1.nacos', '0 aa | 13:075246433834383200 | '],
    ['public.nacos', '0 aa |  | 6'],
    ['_tcp.a.nacos', '0 aa |  | 6'],
    ['_http._tcp.a.nacos', '0 aa | 33:0 1 8080 10-0-0-1.nacos. | '],
    ['_grpc._tcp.a.nacos', '0 aa |  | 6'],
  ])('%s', (name, expected) => {
    expect(gist(own.ask(name, 'ANY'))).toBe(expected)
  })
})
