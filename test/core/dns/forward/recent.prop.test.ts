import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { query } from '../answer/world.ts'
import { ForwardWorld, type Says } from './forward-world.ts'

const SOA = 'example. 600 SOA ns.example. host.example. 60'

/** Addresses, an alias, one into our zone, too many records, none, no such name. */
const SAYS: Readonly<Record<string, ReturnType<Says>>> = {
  'one.example.': { answers: ['one.example. 20 A 192.0.2.1'] },
  'many.example.': {
    flags: 0x81a0,
    answers: [1, 2, 3, 4, 5].map((n) => `many.example. 300 A 192.0.2.${n}`),
  },
  'alias.example.': {
    answers: ['alias.example. 30 CNAME one.example.', 'one.example. 20 A 192.0.2.1'],
  },
  'open.example.': { answers: ['open.example. 60 CNAME www.ours.test.'] },
  'large.example.': {
    answers: Array.from({ length: 60 }, (_, n) => `large.example. 90 A 192.0.2.${n}`),
  },
  '_dmarc.example.': { answers: ['_dmarc.example. 40 TXT p=none'] },
  'empty.example.': { authorities: [SOA] },
  'none.example.': { flags: 0x8183, authorities: [SOA] },
}
const KNOWN = Object.keys(SAYS)
const OTHERS = ['silent.example.', 'www.ours.test.', 'nope.ours.test.']

const ZONE = `$TTL 60
@ SOA ns1 host 1 1h 15m 1w 30
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.80
`

interface Step {
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'TXT'
  readonly flags: number
  readonly edns: number | undefined
  readonly ednsFlags: number
  readonly waitMs: number
  readonly isAllowed: boolean
  readonly isUpper: boolean
}

const STEP: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...KNOWN, ...KNOWN, 'many.example.', 'one.example.', ...OTHERS),
  // Mostly one type: entries must be met again.
  type: fc.constantFrom('A', 'A', 'A', 'A', 'A', 'A', 'AAAA', 'TXT'),
  // RD, without it, with CD, with AD.
  flags: fc.constantFrom(0x0100, 0x0000, 0x0110, 0x0110, 0x0120, 0x0120),
  edns: fc.constantFrom(undefined, 512, 1_232),
  ednsFlags: fc.constantFrom(0, 0, 0x8000),
  waitMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 10, 900, 2_500, 18_500, 60_000),
  isAllowed: fc.constantFrom(true, true, true, true, false),
  isUpper: fc.boolean(),
})

function open(isShort: boolean, bytesMax: number = 1 << 20): ForwardWorld {
  const made = new ForwardWorld({ isShort, isTrusted: true, bytesMax })
  made.dns.loadZone('ours.test.', ZONE)
  made.says = (name) => SAYS[name]
  return made
}

function answerOf(world: ForwardWorld, step: Step): string {
  const { name, type, flags, edns, ednsFlags, isUpper } = step
  world.now += step.waitMs
  world.foreign.isAllowed = step.isAllowed
  const how = { id: 7, flags, ...(edns === undefined ? {} : { edns, ednsFlags }) }
  const packet = query(isUpper ? name.toUpperCase() : name, type, how)
  return Buffer.from(world.answer(packet)).toString('hex')
}

const MANY: Step = {
  name: 'many.example.',
  type: 'A',
  flags: 0x0100,
  waitMs: 0,
  edns: undefined,
  ednsFlags: 0,
  isAllowed: true,
  isUpper: false,
}

describe('the short path, over the cache of other names', () => {
  test('gives the same octets and counts', () => {
    let shortCount = 0
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 50, maxLength: 150 }), (steps) => {
        const whole = open(false)
        const short = open(true)
        for (const step of steps) expect(answerOf(short, step)).toBe(answerOf(whole, step))
        expect(short.asked).toEqual(whole.asked)
        expect(short.counts).toEqual(whole.counts)
        expect(short.cache.bytes).toBe(whole.cache.bytes)
        shortCount += short.shortCount
      }),
      { numRuns: 200 },
    )
    expect(shortCount).toBeGreaterThan(1_000)
  })

  test('what the cache had no room for is asked for again', () => {
    const world = open(true, 2_000)
    for (let i = 0; i < 3; i++) answerOf(world, MANY)
    expect(world.shortCount).toBe(1)
    for (const name of ['one.example.', 'alias.example.', 'empty.example.', 'none.example.']) {
      answerOf(world, { ...MANY, name })
    }
    expect(world.cache.evictions).toBeGreaterThan(0)
    const asked = world.asked.length
    answerOf(world, MANY)
    expect(world.shortCount).toBe(1)
    expect(world.asked).toHaveLength(asked + 1)
  })

  test('what is asked all the time stays in the cache', () => {
    const world = open(true, 3_000)
    for (let i = 0; i < 60; i++) {
      answerOf(world, { ...MANY, waitMs: 900 })
      world.says = (name) => SAYS[name] ?? { answers: [`${name} 300 A 192.0.2.7`] }
      if (i % 3 === 2) answerOf(world, { ...MANY, name: `n${i}.example.` })
    }
    expect(world.cache.evictions).toBeGreaterThan(5)
    expect(world.shortCount).toBeGreaterThan(20)
    expect(world.asked.filter((one) => one.includes(' many.'))).toHaveLength(1)
  })

  test('what was replaced is not answered any more', () => {
    const world = open(true)
    const step = MANY
    for (let i = 0; i < 3; i++) answerOf(world, step)
    expect(world.shortCount).toBe(1)
    world.says = () => ({ answers: ['many.example. 300 A 192.0.2.99'] })
    const changed = answerOf(world, { ...step, waitMs: 300_000 })
    expect(changed).toContain('c0000263')
    expect(world.asked).toHaveLength(2)
  })
})
