import { makeUnreadyImage } from '../../../../src/core/dns/compile/zone-image.ts'
import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { ForwardWorld } from './forward-world.ts'

const RA = 0x80
const AD = 0x20
const CD = 0x10
const SOA = 'example. 600 SOA ns.example. host.example. 60'
const EDE = 15

const ZONE = `$TTL 60
@ SOA ns1 host 1 1h 15m 1w 30
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.80
out CNAME www.example.
far CNAME near
near CNAME out.elsewhere.
`

function world(options: ConstructorParameters<typeof ForwardWorld>[0] = {}): ForwardWorld {
  const made = new ForwardWorld(options)
  made.dns.loadZone('ours.test.', ZONE)
  made.says = (name) => ({ answers: [`${name} 300 A 192.0.2.7`, `${name} 300 A 192.0.2.8`] })
  return made
}

describe('a foreign name', () => {
  test('is asked for once, then its TTL counts down', () => {
    const dns = world()
    expect(dns.ask('www.example.').answers.map(({ ttl }) => ttl)).toEqual([300, 300])
    dns.now += 2_400
    const later = dns.ask('www.example.')
    expect(later.answers.map(({ ttl }) => ttl)).toEqual([298, 298])
    expect(later.isAuthoritative).toBe(false)
    expect(later.flags & RA).toBe(RA)
    expect(dns.asked).toHaveLength(1)
  })

  test('is answered in the case of who asks, from one entry', () => {
    const dns = world()
    dns.ask('www.example.')
    const { question, answers } = dns.ask('WwW.eXample.')
    expect(question[0]?.name).toBe('WwW.eXample.')
    expect(answers[0]?.owner).toBe('WwW.eXample.')
    expect(dns.asked).toHaveLength(1)
  })

  test('has its addresses turned from answer to answer', () => {
    const dns = world()
    const firsts = Array.from({ length: 10 }, () => dns.ask('www.example.').answers[0]?.data)
    expect(new Set(firsts).size).toBe(2)
  })

  test('that does not exist is remembered for all types, with its TTL counting down', () => {
    const dns = world()
    dns.says = () => ({ flags: 0x8183, authorities: [SOA] })
    expect(dns.ask('nope.example.').rcode).toBe(3)
    dns.now += 10_000
    const { rcode, authorities } = dns.ask('nope.example.', 'TXT')
    expect([rcode, authorities[0]?.ttl]).toEqual([3, 50])
    expect(dns.asked).toHaveLength(1)
    dns.now += 60_000
    dns.ask('nope.example.')
    expect(dns.asked).toHaveLength(2)
  })

  test('a negative answer without an SOA is kept for 5 s, no longer', () => {
    const dns = world()
    dns.says = () => ({ flags: 0x8183 })
    dns.ask('nope.example.')
    dns.now += 4_000
    dns.ask('nope.example.')
    expect(dns.asked).toHaveLength(1)
    dns.now += 2_000
    dns.ask('nope.example.')
    expect(dns.asked).toHaveLength(2)
  })

  test('with a TTL of 0 is given to who asked, and kept for nobody', () => {
    const dns = world()
    dns.says = (name) => ({ answers: [`${name} 0 A 192.0.2.7`] })
    expect(dns.look('www.example.')).toBe('192.0.2.7')
    expect(dns.look('www.example.')).toBe('192.0.2.7')
    expect(dns.asked).toHaveLength(2)
  })

  test.each([
    ['DO', { edns: 4096, ednsFlags: 0x8000 }],
    ['CD', { flags: 0x0110 }],
  ])('asked with %s is another question', (_, how) => {
    const dns = world()
    dns.ask('www.example.')
    dns.ask('www.example.', 'A', how)
    expect(dns.asked).toHaveLength(2)
  })

  test('without RD is answered from the cache, else refused', () => {
    const dns = world()
    const cold = dns.ask('www.example.', 'A', { flags: 0 })
    expect([cold.rcode, cold.flags & RA, dns.asked.length]).toEqual([5, RA, 0])
    dns.ask('www.example.')
    expect(dns.look('www.example.', 'A', { flags: 0 })).toContain('192.0.2.7')
  })

  test('that does not fit is truncated, and whole over a larger size', () => {
    const dns = world()
    const many = Array.from({ length: 40 }, (_, i) => `www.example. 300 A 192.0.2.${i}`)
    dns.says = () => ({ answers: many })
    const cut = dns.ask('www.example.')
    expect([cut.isTruncated, cut.answers.length]).toEqual([true, 0])
    expect(dns.ask('www.example.', 'A', { edns: 1232 }).answers).toHaveLength(40)
  })

  test.each([0, 41, 128, 249, 254])('of the type %i is no question for others', (type) => {
    const dns = world()
    expect(dns.ask('www.example.', type).rcode).toBe(5)
    expect(dns.asked).toEqual([])
  })
})

describe('the flags', () => {
  test('RA on our own answers, too, for who may recurse', () => {
    const dns = world()
    expect(dns.ask('www.ours.test.').flags & RA).toBe(RA)
    dns.foreign.isAllowed = false
    expect(dns.ask('www.ours.test.').flags & RA).toBe(0)
  })

  test('who may not recurse is refused with the reason, reserved names included', () => {
    const dns = world()
    dns.foreign.isAllowed = false
    for (const name of ['www.example.', 'localhost.']) {
      const { rcode, flags, opt } = dns.ask(name, 'A', { edns: 1232 })
      expect([rcode, flags & RA, opt?.options.get(EDE)]).toEqual([5, 0, '0012'])
    }
    expect(dns.asked).toEqual([])
    expect(dns.look('www.ours.test.')).toBe('192.0.2.80')
  })

  test.each<[boolean, number, number, number]>([
    // Trusted, flags of the answer, flags of the query, AD in ours.
    [true, 0x81a0, 0x0120, AD],
    [true, 0x81a0, 0x0100, 0],
    [true, 0x8180, 0x0120, 0],
    [false, 0x81a0, 0x0120, 0],
  ])('AD: trusted %s, upstream %i, asked %i: %i', (isTrusted, flags, asked, expected) => {
    const dns = world({ isTrusted })
    dns.says = (name) => ({ flags, answers: [`${name} 300 A 192.0.2.7`] })
    for (let i = 0; i < 2; i++) {
      expect(dns.ask('www.example.', 'A', { flags: asked }).flags & AD).toBe(expected)
    }
  })

  test('CD is copied in what others say, and cleared in what is ours', () => {
    const dns = world()
    expect(dns.ask('www.example.', 'A', { flags: 0x0110 }).flags & CD).toBe(CD)
    expect(dns.ask('www.ours.test.', 'A', { flags: 0x0110 }).flags & CD).toBe(0)
  })
})

describe('where a name is asked:', () => {
  test('our zones, then rules by the longest suffix, then reserved names, then the default', () => {
    const dns = world({
      zones: { 'corp.example.': '192.0.2.10', 'lab.corp.example.': '192.0.2.11', 'x.test.': '::9' },
    })
    dns.look('www.ours.test.')
    dns.look('nope.ours.test.')
    dns.look('a.corp.example.')
    dns.look('corp.example.')
    dns.look('a.lab.corp.example.')
    dns.look('a.x.test.')
    dns.look('a.y.test.')
    dns.look('notcorp.example.')
    dns.look('any.nacos.')
    expect(dns.asked).toEqual([
      '192.0.2.10 a.corp.example. 1',
      '192.0.2.10 corp.example. 1',
      '192.0.2.11 a.lab.corp.example. 1',
      '::9 a.x.test. 1',
      '192.0.2.53 notcorp.example. 1',
    ])
  })

  test('without a default what no rule names is refused', () => {
    const dns = world({ zones: { 'corp.example.': '192.0.2.10' }, hasDefault: false })
    const { rcode, opt } = dns.ask('www.example.', 'A', { edns: 1232 })
    expect([rcode, opt?.options.get(EDE)]).toEqual([5, '0014'])
  })

  test('a zone of ours that could not be loaded is not asked for elsewhere either', () => {
    const dns = world({ zones: { 'broken.example.': '192.0.2.10' } })
    const image = makeUnreadyImage(parseName('broken.example.'))
    for (const _ of dns.dns.table.installStatic(image));
    for (const name of ['broken.example.', 'a.b.broken.example.']) {
      const { rcode, opt } = dns.ask(name, 'A', { edns: 1232 })
      expect([rcode, opt?.options.get(EDE)]).toEqual([2, '000e'])
    }
    expect(dns.asked).toEqual([])
    dns.look('unbroken.example.')
    expect(dns.asked).toHaveLength(1)
  })

  test('a zone that is not ready yet is never asked for elsewhere', () => {
    const dns = world()
    dns.dns.table.setReady(false)
    expect(dns.ask('any.nacos.').rcode).toBe(2)
    expect(dns.asked).toEqual([])
  })
})

describe('a chain of aliases goes on', () => {
  test('out of our zones, appended to what is ours', () => {
    const dns = world()
    const answer = dns.ask('far.ours.test.')
    expect(answer.answers.map(({ owner, data }) => `${owner} ${data}`)).toEqual([
      'far.ours.test. near.ours.test.',
      'near.ours.test. out.elsewhere.',
      'out.elsewhere. 192.0.2.7',
      'out.elsewhere. 192.0.2.8',
    ])
    expect(answer.isAuthoritative).toBe(true)
    expect(dns.asked).toEqual(['192.0.2.53 out.elsewhere. 1'])
  })

  test('not without RD, nor for who may not recurse', () => {
    const dns = world()
    expect(dns.look('out.ours.test.', 'A', { flags: 0 })).toBe('www.example.')
    dns.foreign.isAllowed = false
    expect(dns.look('out.ours.test.')).toBe('www.example.')
    expect(dns.asked).toEqual([])
  })

  test('into our zones: what an upstream says of them is not believed', () => {
    const dns = world()
    dns.says = () => ({
      answers: ['www.example. 300 CNAME www.ours.test.', 'www.ours.test. 300 A 6.6.6.6'],
    })
    expect(dns.look('www.example.')).toBe('www.ours.test. 192.0.2.80')
    expect(dns.look('www.example.')).toBe('www.ours.test. 192.0.2.80')
  })

  test('also below a suffix with a rule, and in zones of the registry', () => {
    const dns = world({ zones: { 'example.': '192.0.2.10' } })
    dns.dns.loadZone('ours.example.', ZONE)
    dns.says = (name) => ({
      answers: [`${name} 300 CNAME www.OURS.example.`, 'www.ours.example. 300 A 6.6.6.6'],
    })
    expect(dns.look('www.example.')).toBe('www.OURS.example. 192.0.2.80')
    dns.says = (name) => ({ answers: [`${name} 9 CNAME a.nacos.`, 'a.nacos. 300 A 6.6.6.6'] })
    expect(dns.look('other.example.')).toBe('3 a.nacos.')
  })

  test('to where another upstream is to be asked', () => {
    const dns = world({ zones: { 'corp.example.': '192.0.2.10' } })
    dns.says = (name, upstream) =>
      upstream === '192.0.2.10'
        ? { answers: [`${name} 300 A 192.0.2.99`] }
        : { answers: [`${name} 9 CNAME a.corp.example.`, 'a.corp.example. 9 A 6.6.6.6'] }
    expect(dns.look('www.example.')).toBe('a.corp.example. 192.0.2.99')
  })

  test('and ends when it goes round in circles through us and others', () => {
    const dns = world()
    dns.says = (name) => ({ answers: [`${name} 0 CNAME out.ours.test.`] })
    const { rcode, answers } = dns.ask('www.example.')
    expect(rcode).toBe(0)
    expect(answers.length).toBeLessThanOrEqual(17)
    expect(dns.asked.length).toBeLessThanOrEqual(8)
  })

  test('a failure on the way is said', () => {
    const dns = world()
    dns.says = () => undefined
    const { rcode, answers } = dns.ask('out.ours.test.')
    expect([rcode, answers.length]).toEqual([2, 1])
  })
})

describe('when upstreams fail', () => {
  test('SERVFAIL with the reason, and for a second nobody is asked again', () => {
    const dns = world()
    dns.says = () => undefined
    const how = { edns: 1232 }
    expect(dns.ask('www.example.', 'A', how).opt?.options.get(EDE)).toBe('0016')
    const asked = dns.asked.length
    const again = dns.ask('www.example.', 'A', how)
    expect([again.rcode, again.opt?.options.get(EDE)]).toEqual([2, '000d'])
    expect(dns.asked).toHaveLength(asked)
    dns.now += 1_001
    dns.ask('www.example.', 'A', how)
    expect(dns.asked.length).toBeGreaterThan(asked)
  })

  test('what has run out is served with TTL 30 and the reason, and asked for every 30 s', () => {
    const dns = world()
    dns.ask('www.example.')
    dns.says = () => undefined
    dns.now += 301_000
    const { answers, opt } = dns.ask('www.example.', 'A', { edns: 1232 })
    expect(answers.map(({ ttl }) => ttl)).toEqual([30, 30])
    expect(opt?.options.get(EDE)).toBe('0003')
    const asked = dns.asked.length
    dns.now += 29_000
    dns.ask('www.example.')
    expect(dns.asked).toHaveLength(asked)
    dns.now += 2_000
    dns.says = (name) => ({ answers: [`${name} 300 A 192.0.2.70`] })
    expect(dns.look('www.example.')).toBe('192.0.2.70')
  })

  test('a denial that has run out has another reason', () => {
    const dns = world()
    dns.says = () => ({ flags: 0x8183, authorities: [SOA] })
    dns.ask('nope.example.')
    dns.says = () => undefined
    dns.now += 61_000
    const { rcode, opt } = dns.ask('nope.example.', 'A', { edns: 1232 })
    expect([rcode, opt?.options.get(EDE)]).toEqual([3, '0013'])
  })

  test('a day later it is too old', () => {
    const dns = world()
    dns.ask('www.example.')
    dns.says = () => undefined
    dns.now += 86_400_000 + 300_000
    expect(dns.ask('www.example.').rcode).toBe(2)
  })

  test('a name that comes back replaces its denial, for all types', () => {
    const dns = world()
    dns.says = () => ({ flags: 0x8183, authorities: [SOA] })
    dns.ask('www.example.')
    dns.now += 61_000
    dns.says = (name) => ({ answers: [`${name} 300 A 192.0.2.7`] })
    expect(dns.look('www.example.')).toBe('192.0.2.7')
    dns.says = () => undefined
    dns.now += 301_000
    expect(dns.look('www.example.')).toBe('192.0.2.7')
  })
})

test('a popular name is asked for again before it runs out, once', () => {
  const dns = world()
  for (let i = 0; i < 3; i++) dns.ask('www.example.')
  expect(dns.foreign.due).toBeUndefined()
  dns.now += 271_000
  dns.ask('www.example.')
  expect(dns.foreign.due).toBeDefined()
  dns.ask('www.example.')
  expect(dns.foreign.due).toBeUndefined()
})

test('the probe for loops is answered with its proof, and guessing its form does nothing', () => {
  const dns = world()
  dns.says = () => ({ flags: 0x8183, authorities: ['. 9 SOA a. b. 9'] })
  expect(dns.look('f00d.loop.example.', 'TXT')).toBe('proven')
  expect(dns.asked).toEqual([])
  dns.look('f00e.loop.example.', 'TXT')
  expect(dns.asked).toHaveLength(1)
})
