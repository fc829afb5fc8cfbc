import { describe, expect, test } from 'vitest'
import { ForwardWorld } from './forward-world.ts'
import type { AnswerParts } from './upstream-message.ts'

const WWW = 'www.example. 300 A 192.0.2.1'
const SOA = 'example. 600 SOA ns.example. host.example. 60'

function answerOf(parts: AnswerParts, type: 'A' | 'TXT' | 'CNAME' | 'ANY' = 'A', how = {}) {
  const world = new ForwardWorld()
  world.says = () => parts
  return world.ask('www.example.', type, { edns: 4096, ...how })
}

function shown(records: readonly { owner: string; ttl: number; type: number; data: string }[]) {
  return records.map(({ owner, ttl, type, data }) => `${owner} ${ttl} ${type} ${data}`)
}

describe('what is believed of an answer:', () => {
  test('the records of the name and type', () => {
    const answer = answerOf({ answers: [WWW, 'www.example. 300 A 192.0.2.2'] })
    expect(shown(answer.answers)).toEqual([
      'www.example. 300 1 192.0.2.1',
      'www.example. 300 1 192.0.2.2',
    ])
    expect(answer.authorities).toEqual([])
    expect(answer.additionals).toEqual([])
  })

  test.each<[string, AnswerParts]>([
    ['another name in the answer', { answers: [WWW, 'bank.example. 300 A 6.6.6.6'] }],
    ['another type in the answer', { answers: [WWW, 'www.example. 300 TXT evil'] }],
    ['name servers in authority', { answers: [WWW], authorities: ['example. 300 NS evil.test.'] }],
    ['addresses in additional', { answers: [WWW], additionals: ['ns.example. 300 A 6.6.6.6'] }],
    [
      'the name itself in additional',
      { answers: [WWW], additionals: ['www.example. 9 A 6.6.6.6'] },
    ],
    ['an alias that leads nowhere', { answers: [WWW, 'a.example. 300 CNAME evil.test.'] }],
    ['a signature nobody asked for', { answers: [WWW, 'www.example. 300 RRSIG A'] }],
  ])('%s is left out', (_, parts) => {
    const answer = answerOf(parts)
    expect(shown([...answer.answers, ...answer.authorities, ...answer.additionals])).toEqual([
      'www.example. 300 1 192.0.2.1',
    ])
  })

  test('what was left out is not in the cache either', () => {
    const world = new ForwardWorld()
    world.says = (name) =>
      name === 'www.example.'
        ? { answers: [WWW], additionals: ['bank.example. 300 A 6.6.6.6'] }
        : { answers: ['bank.example. 300 A 192.0.2.9'] }
    world.look('www.example.')
    expect(world.look('bank.example.')).toBe('192.0.2.9')
    expect(world.asked).toHaveLength(2)
  })

  test('the chain of aliases, in order, whatever order they came in', () => {
    const answer = answerOf({
      answers: [
        'c.example. 50 A 192.0.2.3',
        'b.example. 100 CNAME c.example.',
        'www.example. 200 CNAME b.example.',
      ],
    })
    expect(shown(answer.answers)).toEqual([
      'www.example. 200 5 b.example.',
      'b.example. 100 5 c.example.',
      'c.example. 50 1 192.0.2.3',
    ])
  })

  test('a chain that never ends is cut', () => {
    const answer = answerOf({
      answers: ['www.example. 9 CNAME b.example.', 'b.example. 9 CNAME www.example.'],
    })
    expect(answer.rcode).toBe(0)
    expect(answer.answers.length).toBeLessThanOrEqual(9)
  })

  test('an alias asked for as such is not followed', () => {
    const answer = answerOf({ answers: ['www.example. 9 CNAME b.example.'] }, 'CNAME')
    expect(shown(answer.answers)).toEqual(['www.example. 9 5 b.example.'])
  })

  test('a DNAME above the name, with the alias made of it', () => {
    const answer = answerOf({
      answers: [
        'example. 90 DNAME other.',
        'www.example. 90 CNAME www.other.',
        'www.other. 90 A 192.0.2.7',
      ],
    })
    expect(shown(answer.answers)).toEqual([
      expect.stringContaining('example. 90 39 '),
      'www.example. 90 5 www.other.',
      'www.other. 90 1 192.0.2.7',
    ])
  })

  test.each<[string, AnswerParts, number, number]>([
    ['no such name', { flags: 0x8183, authorities: [SOA] }, 3, 60],
    ['no such type', { authorities: [SOA] }, 0, 60],
    ['the TTL of the SOA, if smaller', { authorities: [SOA.replace('600', '7')] }, 0, 7],
  ])('%s: the SOA with the negative TTL (RFC 2308 §5)', (_, parts, rcode, ttl) => {
    const answer = answerOf(parts)
    expect(answer.rcode).toBe(rcode)
    expect(answer.authorities.map((one) => [one.owner, one.ttl])).toEqual([['example.', ttl]])
  })

  test('an SOA of somewhere else is none', () => {
    const answer = answerOf({ flags: 0x8183, authorities: [SOA.replaceAll('example', 'test')] })
    expect(answer.rcode).toBe(3)
    expect(answer.authorities).toEqual([])
  })

  test('an SOA of another class is none', () => {
    const answer = answerOf({ flags: 0x8183, authorities: [SOA.replace('SOA', 'CH:SOA')] })
    expect(answer.rcode).toBe(3)
    expect(answer.authorities).toEqual([])
  })

  test('a DNAME or a signature of another class is left out', () => {
    const answers = [
      'example. 90 CH:DNAME other.',
      'www.example. 90 CNAME www.other.',
      'www.example. 90 CH:RRSIG CNAME',
      'www.other. 90 A 192.0.2.7',
    ]
    const answer = answerOf({ answers }, 'A', { ednsFlags: 0x8000 })
    expect(shown(answer.answers)).toEqual([
      'www.example. 90 5 www.other.',
      'www.other. 90 1 192.0.2.7',
    ])
  })

  test('a name that does not exist and has data contradicts itself', () => {
    expect(answerOf({ flags: 0x8183, answers: [WWW] }).rcode).toBe(2)
  })

  test('with DO the signatures and proofs, and only those', () => {
    const parts = {
      answers: [WWW, 'www.example. 300 RRSIG A', 'other.example. 300 RRSIG A'],
      authorities: [
        'a.example. 60 NSEC b.example.',
        'a.example. 60 RRSIG NSEC',
        'example. 1 NS a.',
      ],
    }
    const answer = answerOf(parts, 'A', { ednsFlags: 0x8000 })
    expect(answer.answers.map((one) => [one.owner, one.type])).toEqual([
      ['www.example.', 1],
      ['www.example.', 46],
    ])
    expect(answer.authorities.map((one) => [one.owner, one.type])).toEqual([
      ['a.example.', 47],
      ['a.example.', 46],
    ])
  })

  test.each([
    ['A', 200_000, 86_400],
    ['the top bit (RFC 2181 §8)', 0x8000_0001, 0],
  ])('a TTL beyond all bounds: %s', (_, ttl, shownTtl) => {
    const answer = answerOf({ answers: [`www.example. ${ttl} A 192.0.2.1`] })
    expect(answer.answers.map((one) => one.ttl)).toEqual([shownTtl])
  })
})
