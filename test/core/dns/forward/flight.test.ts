import { describe, expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import {
  Flight,
  FLIGHT_MAX_MS,
  type Ask,
  type Move,
} from '../../../../src/core/dns/forward/flight.ts'
import type { Question } from '../../../../src/core/dns/forward/question.ts'
import { Upstream } from '../../../../src/core/dns/forward/upstream.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { LIMITS } from './forward-world.ts'
import { answerTo, nameIn, type AnswerParts } from './upstream-message.ts'

const TRUTH: AnswerParts = { answers: ['www.example.com. 300 A 192.0.2.1'] }
const LIE: AnswerParts = { answers: ['www.example.com. 300 A 6.6.6.6'] }
const QUESTION: Question = {
  name: parseName('www.example.com.'),
  type: 1,
  isDnssec: false,
  isUnchecked: false,
}

/** A flight over some upstreams; `first` is the query that it starts with. */
function fly(count = 1, seed = 5, shared?: readonly Upstream[]) {
  const upstreams = shared ?? Array.from({ length: count }, (_, i) => upstream(`192.0.2.${i + 1}`))
  const route = { suffix: parseName('.'), upstreams, isInBailiwick: () => true }
  const parts = { question: QUESTION, route, settings: LIMITS, rng: new SeededRng(seed) }
  const flight = new Flight(parts, 0)
  const first = asked(flight.start(0))
  return { flight, first, upstreams }
}

function upstream(address: string): Upstream {
  return new Upstream({ address, port: 53 }, false)
}

function asked(move: Move): Ask {
  if (move.kind !== 'ask') throw new Error(`not asked but ${move.kind}`)
  return move.ask
}

/** The answer's last four octets, or what came of it. */
function resultOf(move: Move): string {
  if (move.kind !== 'done') return move.kind
  if (move.outcome.kind === 'failure') return `failure ${move.outcome.ede}`
  const { body } = move.outcome.entry
  return [4, 3, 2, 1].map((back) => body.getUint8(body.byteLength - back)).join('.')
}

function idOf(packet: Uint8Array): number {
  return ((packet[0] ?? 0) << 8) | (packet[1] ?? 0)
}

/** The question's type and class are its last four octets. */
function flip(packet: Uint8Array, fromEnd: number): number[] {
  const question = [...packet.subarray(12, packet.length - 11)]
  const at = question.length - 1 - fromEnd
  question[at] = (question[at] ?? 0) ^ 3
  return question
}

/** The truth with the name in lower case. */
function folded(ask: Ask): Uint8Array {
  const question = [...ask.packet.subarray(12, ask.packet.length - 11)].map((octet) =>
    octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
  )
  return answerTo(ask.packet, { ...TRUTH, question })
}

function otherCase(packet: Uint8Array): number[] {
  const at = packet.findIndex((octet, i) => i > 12 && (octet | 0x20) > 0x60)
  return [...packet.subarray(12, packet.length - 11)].map((octet, i) =>
    i === at - 12 ? octet ^ 0x20 : octet,
  )
}

describe('a hostile answer is as if it had not come, and the truth is still believed:', () => {
  test.each<[string, (packet: Uint8Array) => Uint8Array]>([
    ['another ID', (p) => answerTo(p, { ...LIE, id: idOf(p) ^ 1 })],
    ['a query, not an answer', (p) => answerTo(p, { ...LIE, flags: 0x0180 })],
    ['another opcode', (p) => answerTo(p, { ...LIE, flags: 0xa180 })],
    ['another name', (p) => answerTo(p, { ...LIE, question: [1, 0x61, 0, 0, 1, 0, 1] })],
    ['another type', (p) => answerTo(p, { ...LIE, question: flip(p, 2) })],
    ['another class', (p) => answerTo(p, { ...LIE, question: flip(p, 0) })],
    ['another case', (p) => answerTo(p, { ...LIE, question: otherCase(p) })],
    ['no question', (p) => answerTo(p, { ...LIE, question: [] })],
    ['octets behind the end', (p) => answerTo(p, { ...LIE, tail: [0] })],
    ['cut in the middle', (p) => answerTo(p, LIE).subarray(0, -20)],
    ['too short for a header', () => Uint8Array.of(1, 2, 3)],
    ['empty', () => new Uint8Array()],
  ])('%s', (_, lie) => {
    const { flight, first } = fly()
    const move = flight.receive(first.exchange, lie(first.packet), 10)
    expect(move.kind).not.toBe('done')
    const truth = flight.receive(first.exchange, answerTo(first.packet, TRUTH), 2_000)
    expect(resultOf(truth)).toBe('192.0.2.1')
  })

  test('five of them, and the query goes over TCP, where nobody can forge', () => {
    const { flight, first } = fly()
    const lie = answerTo(first.packet, { ...LIE, id: idOf(first.packet) ^ 1 })
    for (let i = 0; i < 4; i++) {
      expect(flight.receive(first.exchange, lie, 10)).toEqual({ kind: 'wait' })
    }
    const second = asked(flight.receive(first.exchange, lie, 10))
    expect(second.via).toBe('tcp')
    expect(second.upstream).toBe(first.upstream)
    // And once is enough.
    expect(flight.receive(first.exchange, lie, 10)).toEqual({ kind: 'wait' })
    const truth = flight.receive(second.exchange, answerTo(second.packet, TRUTH), 20)
    expect(resultOf(truth)).toBe('192.0.2.1')
  })

  test('longer than we said we take: asked over TCP, for it may have come in fragments', () => {
    const { flight, first } = fly()
    const many = Array.from({ length: 60 }, (_, i) => `www.example.com. 3 A 6.6.6.${i}`)
    const bytes = answerTo(first.packet, { answers: many })
    expect(bytes.length).toBeGreaterThan(1_232)
    expect(asked(flight.receive(first.exchange, bytes, 10)).via).toBe('tcp')
  })

  test('what comes to an exchange that is over counts no more', () => {
    const { flight, first } = fly()
    const truncated = answerTo(first.packet, { flags: 0x8380 })
    const second = asked(flight.receive(first.exchange, truncated, 10))
    expect(second.via).toBe('tcp')
    expect(flight.receive(first.exchange, answerTo(first.packet, LIE), 11)).toEqual({
      kind: 'wait',
    })
    expect(flight.receive(99, answerTo(first.packet, LIE), 11)).toEqual({ kind: 'wait' })
  })
})

describe('an upstream that folds the case', () => {
  test('is believed over TCP, and then asked in lower case', () => {
    const { flight, first, upstreams } = fly()
    expect(nameIn(first.packet)).not.toBe('www.example.com.')
    const second = asked(flight.receive(first.exchange, folded(first), 5))
    expect(second.via).toBe('tcp')
    expect(resultOf(flight.receive(second.exchange, folded(second), 9))).toBe('192.0.2.1')
    const later = fly(1, 6, upstreams)
    expect(nameIn(later.first.packet)).toBe('www.example.com.')
    expect(resultOf(later.flight.receive(0, folded(later.first), 5))).toBe('192.0.2.1')
  })

  test('and offers no TCP is believed after three queries', () => {
    const upstreams = [upstream('192.0.2.1')]
    for (let i = 0; i < 3; i++) {
      const { flight, first } = fly(1, i, upstreams)
      const second = asked(flight.receive(0, folded(first), 5))
      expect(flight.fail(second.exchange, 6).kind).not.toBe('done')
    }
    const { flight, first } = fly(1, 9, upstreams)
    expect(nameIn(first.packet)).toBe('www.example.com.')
    expect(resultOf(flight.receive(0, folded(first), 5))).toBe('192.0.2.1')
  })
})

const REFUSALS: readonly [string, AnswerParts][] = [
  ['FORMERR', { flags: 0x8181, hasOpt: false }],
  ['NOTIMP', { flags: 0x8184, hasOpt: false }],
  ['FORMERR without the question', { flags: 0x8181, hasOpt: false, question: [] }],
]

/** A flight in which EDNS is refused, and what is said to the question without it. */
function flyPlain(upstreams: readonly Upstream[], refusal: AnswerParts, plain: AnswerParts): Move {
  const { flight, first } = fly(1, 6, upstreams)
  expect(first.packet[11]).toBe(1)
  const second = asked(flight.receive(0, answerTo(first.packet, refusal), 5))
  expect([second.via, second.packet[11]]).toEqual(['udp', 0])
  const answer = answerTo(second.packet, { hasOpt: false, ...plain })
  return flight.receive(second.exchange, answer, 9)
}

describe('an upstream without EDNS', () => {
  test.each(REFUSALS)('that says %s is asked again without; thrice is remembered', (_, refusal) => {
    const upstreams = [upstream('192.0.2.1')]
    for (let i = 0; i < 3; i++) {
      expect(resultOf(flyPlain(upstreams, refusal, TRUTH))).toBe('192.0.2.1')
    }
    expect(fly(1, 6, upstreams).first.packet[11]).toBe(0)
    // For minutes, not for hours.
    expect(upstreams.map((one) => one.hasEdns(600_000))).toEqual([true])
  })

  test.each(REFUSALS)('%s with and without EDNS says nothing of EDNS', (_, refusal) => {
    const upstreams = [upstream('192.0.2.1')]
    for (let i = 0; i < 10; i++) {
      expect(resultOf(flyPlain(upstreams, refusal, refusal))).toBe('failure 22')
    }
    expect(fly(1, 6, upstreams).first.packet[11]).toBe(1)
  })

  test('is none if it answers with EDNS in between', () => {
    const upstreams = [upstream('192.0.2.1')]
    for (let i = 0; i < 10; i++) {
      flyPlain(upstreams, { flags: 0x8181, hasOpt: false }, TRUTH)
      const { flight, first } = fly(1, 7, upstreams)
      expect(first.packet[11]).toBe(1)
      expect(resultOf(flight.receive(0, answerTo(first.packet, TRUTH), 5))).toBe('192.0.2.1')
    }
  })

  test('a bare refusal may be forged: the answer is believed, and one plain query is made', () => {
    const { flight, first } = fly()
    const bare = answerTo(first.packet, { flags: 0x8181, hasOpt: false, question: [] })
    expect(asked(flight.receive(0, bare, 5)).packet[11]).toBe(0)
    for (let i = 0; i < 4; i++) expect(flight.receive(0, bare, 5)).toEqual({ kind: 'wait' })
    expect(resultOf(flight.receive(0, answerTo(first.packet, TRUTH), 6))).toBe('192.0.2.1')
  })

  test('FORMERR with an OPT is about the query, not about EDNS', () => {
    const { flight, first } = fly()
    const move = flight.receive(0, answerTo(first.packet, { flags: 0x8181 }), 5)
    expect(resultOf(move)).toBe('failure 22')
  })
})

describe('time:', () => {
  test('silence: the next upstream, then more patience, an end before stubs give up', () => {
    const { flight, first, upstreams } = fly(2)
    const order = [first.upstream.address]
    let move: Move = { kind: 'wait' }
    let now = 0
    while (move.kind !== 'done') {
      now = flight.wakeAt
      move = flight.wake(now)
      if (move.kind === 'ask') order.push(move.ask.upstream.address)
    }
    expect(order).toHaveLength(4)
    expect(new Set(order.slice(0, 2)).size).toBe(upstreams.length)
    expect(now).toBe(FLIGHT_MAX_MS)
    expect(resultOf(move)).toBe('failure 22')
  })

  test('the first try waits 1.2 round trips, within 150 ms and 1.5 s', () => {
    const slow = upstream('192.0.2.1')
    expect(fly(1, 5, [slow]).flight.wakeAt).toBeCloseTo(360)
    for (let i = 0; i < 100; i++) slow.answered(100_000)
    expect(fly(1, 5, [slow]).flight.wakeAt).toBe(1_500)
    for (let i = 0; i < 100; i++) slow.answered(1)
    expect(fly(1, 5, [slow]).flight.wakeAt).toBe(150)
  })

  test('a late answer of the first is as good as one of the second', () => {
    const { flight, first } = fly(2)
    const second = asked(flight.wake(flight.wakeAt))
    expect(second.upstream).not.toBe(first.upstream)
    expect(resultOf(flight.receive(0, answerTo(first.packet, TRUTH), 900))).toBe('192.0.2.1')
  })

  test.each([
    ['SERVFAIL', 0x8182],
    ['REFUSED', 0x8185],
  ])('%s: the next upstream at once, and the same one never again', (_, flags) => {
    const { flight, first } = fly(2)
    const second = asked(flight.receive(0, answerTo(first.packet, { flags }), 5))
    expect(second.upstream).not.toBe(first.upstream)
    const end = flight.receive(second.exchange, answerTo(second.packet, { flags }), 9)
    expect(resultOf(end)).toBe('failure 22')
  })

  test('a closed port is told by the network: at once, with another explanation', () => {
    const { flight } = fly()
    expect(resultOf(flight.fail(0, 3))).toBe('failure 23')
  })

  test('upstreams that are silent again and again are asked last', () => {
    const [dead, good] = [upstream('192.0.2.1'), upstream('192.0.2.2')]
    for (let i = 0; i < 3; i++) dead.wasSilent(0)
    good.answered(1_400)
    const firsts = Array.from({ length: 100 }, (_, i) => fly(2, i, [dead, good]).first.upstream)
    expect(firsts.filter((one) => one === good).length).toBeGreaterThan(85)
  })

  test('no upstream at all fails at once', () => {
    const looping = upstream('192.0.2.1')
    looping.isLooping = true
    const route = { suffix: parseName('.'), upstreams: [looping], isInBailiwick: () => true }
    const parts = { question: QUESTION, route, settings: LIMITS, rng: new SeededRng(1) }
    expect(resultOf(new Flight(parts, 0).start(0))).toBe('failure 22')
  })
})

test('off-path guesses: 100,000 random answers, none is taken', () => {
  const { flight, first } = fly()
  const rng = new SeededRng(77)
  for (let i = 0; i < 100_000; i++) {
    const guess = answerTo(first.packet, { ...LIE, id: rng.u32() & 0xffff })
    // The case is guessed, too: it is another one with each query.
    for (let at = 13; at < 28; at++) {
      const octet = guess[at] ?? 0
      if ((octet | 0x20) > 0x60) guess[at] = (octet | 0x20) ^ (rng.u32() & 0x20)
    }
    const move = flight.receive(0, guess, 10)
    if (move.kind === 'done') throw new Error(`guess ${i} was taken`)
  }
  expect(flight.wrong).toBeGreaterThan(90_000)
})
