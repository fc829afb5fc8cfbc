import { describe, expect, test } from 'vitest'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from './world.ts'
import type { ReadMessage } from './message-reader.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'
const NAME = 'order-service.default_group.public.nacos'

function world(n: number, v6 = 0, answers = 'auto'): DnsWorld {
  const own = new DnsWorld()
  const v4s = Array.from({ length: n }, (_, i) => at(`10.${i >> 8}.${i & 255}.1`))
  const v6s = Array.from({ length: v6 }, (_, i) => at(`2001:db8::${(i + 1).toString(16)}`))
  own.put(ref('order-service'), [...v4s, ...v6s], { metadata: new Map([['dns.answers', answers]]) })
  return own
}

const gist = ({ answers, additionals, isTruncated, rcode }: ReadMessage): string =>
  `${rcode} ${answers.length}+${additionals.length}${isTruncated ? ' tc' : ''}`

describe('capacities of dns.md §2.7:', () => {
  // A single family each; the numbers are the table's, rounded by what owner names take.
  test.each([
    ['A', 512, 28],
    ['A', 1232, 72],
    ['A', 4096, 251],
    ['AAAA', 512, 16],
    ['AAAA', 1232, 41],
    ['AAAA', 4096, 143],
  ] as const)('%s in %i octets: %i records and TC', (type, size, count) => {
    const own = new DnsWorld({ responder: { udpSize: 4096 } })
    const ips = Array.from({ length: 300 }, (_, i) =>
      type === 'A' ? at(`10.0.${i >> 8}.${i & 255}`) : at(`2001:db8::${(i + 1).toString(16)}`),
    )
    own.put(ref('order-service'), ips, { metadata: new Map([['dns.answers', 'all']]) })
    const message = own.ask(NAME, type, size === 512 ? {} : { edns: size })
    expect(message.answers).toHaveLength(count)
    expect(message.isTruncated).toBe(true)
    expect(message.length).toBeLessThanOrEqual(size)
    own.responder.client.isTcp = true
    expect(gist(own.ask(NAME, type))).toBe('0 300+0')
  })

  test('over TCP only what no message can hold is cut', () => {
    const own = new DnsWorld({ bytes: 1 << 25 })
    const ips = Array.from({ length: 5_000 }, (_, i) => at(`10.0.${i >> 8}.${i & 255}`))
    own.put(ref('order-service'), ips)
    own.responder.client.isTcp = true
    expect(gist(own.ask(NAME.replace('order', '_all.order')))).toBe('0 4092+0 tc')
    const srv = own.ask(NAME, 'SRV')
    expect(srv.isTruncated).toBe(true)
    expect(srv.length).toBeLessThanOrEqual(65_535)
    expect(srv.answers.length).toBeGreaterThan(1_500)
  })
})

describe('what sets TC', () => {
  test('not a sample: it is the whole answer, whatever was left out', () => {
    expect(gist(world(100).ask(NAME))).toBe('0 8+0')
    expect(gist(world(100, 0, '64').ask(NAME))).toBe('0 28+0')
    expect(gist(world(100, 0, '64').ask(NAME, 'A', { edns: 1232 }))).toBe('0 64+0')
    expect(gist(world(100).ask(`_one.${NAME}`))).toBe('0 1+0')
  })

  test('all that was asked for, when it does not fit', () => {
    expect(gist(world(28).ask(`_all.${NAME.slice(5)}`))).toBe('3 0+0')
    expect(gist(world(28).ask(`_all.${NAME}`))).toBe('0 28+0')
    expect(gist(world(60).ask(`_all.${NAME}`))).toBe('0 28+0 tc')
    expect(gist(world(60, 0, 'all').ask(NAME))).toBe('0 28+0 tc')
  })

  test('SRV that do not fit; not the addresses behind them', () => {
    const few = world(10).ask(NAME, 'SRV')
    expect(few.isTruncated).toBe(false)
    expect(few.answers).toHaveLength(10)
    expect(few.additionals.length).toBeGreaterThan(0)
    expect(few.additionals.length).toBeLessThan(10)
    const many = world(100).ask(NAME, 'SRV')
    expect(many.isTruncated).toBe(true)
    expect(many.additionals).toEqual([])
    expect(many.answers.length).toBeGreaterThanOrEqual(11)
    expect(gist(world(100).ask(`_one.${NAME}`, 'SRV'))).toBe('0 1+1')
  })

  test('an RRset of a zone file, whole or not at all', () => {
    const own = new DnsWorld()
    const big = Array.from({ length: 100 }, (_, i) => `big A 198.51.100.${i}`).join('\n')
    own.loadZone('z.test.', `${HEAD}${big}\n`)
    const message = own.ask('big.z.test')
    expect(gist(message)).toBe('0 0+0 tc')
    expect(message.length).toBe(12 + 12 + 4)
    own.responder.client.isTcp = true
    expect(gist(own.ask('big.z.test'))).toBe('0 100+0')
  })

  test('glue that is needed to follow a delegation (RFC 9471), not that of others', () => {
    const own = new DnsWorld()
    const glue = Array.from({ length: 40 }, (_, i) => `ns.sub A 198.51.100.${i}`).join('\n')
    own.loadZone(
      'z.test.',
      `${HEAD}sub NS ns.sub\n${glue}\nmx MX 1 far\n${glue.replaceAll('ns.sub', 'far')}\n`,
    )
    expect(gist(own.ask('x.sub.z.test'))).toBe('0 0+0 tc')
    expect(gist(own.ask('mx.z.test', 'MX'))).toBe('0 1+0')
  })

  test('a TXT that is too large', () => {
    const own = new DnsWorld()
    const metadata = new Map(
      Array.from({ length: 8 }, (_, i) => [`dns.txt.${i}`, 'x'.repeat(240)] as const),
    )
    own.put(ref('order-service'), [at('10.0.0.1')], { metadata })
    expect(gist(own.ask(NAME, 'TXT', { edns: 1232 }))).toBe('0 0+0 tc')
    own.responder.client.isTcp = true
    expect(gist(own.ask(NAME, 'TXT'))).toBe('0 1+0')
  })

  test('a chain of aliases that leaves no room for what it leads to', () => {
    const own = new DnsWorld()
    own.put(ref('a'), [at('10.0.0.1'), at('10.1.0.1')])
    // The first link is fixed, the second grows octet by octet through the end of the datagram.
    const first = [60, 60, 60].map((n) => 'f'.repeat(n)).join('.')
    let cut = 0
    for (let pad = 1; pad <= 170; pad++) {
      const rest = 'm'.repeat(pad).match(/.{1,60}/g) ?? []
      const middle = rest.join('.')
      const chain = `c CNAME ${first}\n${first} CNAME ${middle}.w\n`
      own.loadZone('z.test.', `${HEAD}${chain}${middle}.w CNAME a.nacos.\n`)
      for (const type of ['A', 'SRV', 'TXT', 'AAAA'] as const) {
        const { answers, authorities, isTruncated, length } = own.ask('c.z.test', type)
        expect(length).toBeLessThanOrEqual(512)
        // A sample may be smaller; of SRV both are the answer.
        const isWhole = answers.length > (type === 'SRV' ? 4 : 3) || authorities.length > 0
        expect([pad, type, isTruncated]).toEqual([pad, type, !isWhole])
        if (isTruncated) cut++
      }
    }
    expect(cut).toBeGreaterThan(20)
  })
})

describe('the limit of a datagram', () => {
  const own = world(200, 0, 'all')

  test.each([
    [undefined, 512],
    [0, 512],
    [511, 512],
    [512, 512],
    [700, 700],
    [1232, 1232],
    [1233, 1232],
    [4096, 1232],
    [65_535, 1232],
  ])('a client that says %s gets at most %i octets', (edns, limit) => {
    const message = own.ask(NAME, 'A', edns === undefined ? {} : { edns })
    expect(message.length).toBeLessThanOrEqual(limit)
    expect(message.length).toBeGreaterThan(limit - 16)
    expect(message.opt?.udpSize).toBe(edns === undefined ? undefined : 1232)
  })

  test('is kept with every option, the longest name and the longest node name', () => {
    const nsid = new TextEncoder().encode('n'.repeat(255))
    const far = new DnsWorld({ responder: { nsid, host: 'h'.repeat(255), udpSize: 512 } })
    const longest = [63, 63, 63, 54].map((n) => 'q'.repeat(n)).join('.')
    const options = [0, 3, 0, 0, 0, 11, 0, 0]
    for (const name of [`${longest}.nacos`, 'hostname.bind', 'nacos', longest]) {
      for (const type of ['A', 'TXT', 'SOA', 'NS', 'ANY'] as const) {
        for (const cls of [1, 3, 255]) {
          const { length, opt } = far.ask(name, type, { edns: 512, options, class: cls })
          expect(length).toBeLessThanOrEqual(512)
          expect(opt).toBeDefined()
        }
      }
    }
    expect(far.ask('nacos', 'SOA', { edns: 512, options }).opt?.options.get(3)).toBe(
      Buffer.from(nsid).toString('hex'),
    )
  })
})

test('pointers never lie where they cannot reach', () => {
  const own = new DnsWorld({ bytes: 1 << 25 })
  const ips = Array.from({ length: 700 }, (_, i) => at(`10.0.${i >> 8}.${i & 255}`))
  own.put(ref('order-service'), ips)
  own.responder.client.isTcp = true
  const { answers, additionals, length } = own.ask(NAME, TYPE.SRV)
  expect(answers).toHaveLength(700)
  expect(length).toBeGreaterThan(0x4000)
  // Glue of targets beyond 0x3fff is left out; the rest names its target and gives its address.
  expect(additionals.length).toBeGreaterThan(300)
  for (const { owner, data } of additionals) {
    expect(owner).toBe(`${data.replaceAll('.', '-')}.nacos.`)
  }
})
