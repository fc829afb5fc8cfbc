import { createSocket } from 'node:dgram'
import { expect, test } from 'vitest'
import { answerTo } from '../../../core/dns/forward/upstream-message.ts'
import { FakeUpstream, HONEST, says, type Behaviour } from './fake-upstream.ts'
import { ForwarderWorld } from './forwarder-world.ts'

const EVIL = 'www.example. 300 A 6.6.6.6'

/** Lies of every kind before the truth, as a forger on the path of the answer would tell them. */
const HOSTILE: Behaviour = ({ packet, id, name }, reply) => {
  const lie = { answers: [EVIL] }
  reply(answerTo(packet, { ...lie, id: id ^ 0x1111 }))
  reply(answerTo(packet, { ...lie, question: [3, 0x77, 0x77, 0x77, 0, 0, 1, 0, 1] }))
  reply(answerTo(packet, { ...lie, flags: 0x0100 }))
  reply(answerTo(packet, { ...lie, tail: [1, 2, 3] }))
  const poison = { additionals: ['bank.example. 300 A 6.6.6.6'], authorities: ['. 9 NS evil.'] }
  reply(answerTo(packet, { answers: [`${name} 300 A 192.0.2.7`], ...poison }))
}

test('lies before the truth: the truth is answered, and nothing else is kept', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  upstream.behaviour = HOSTILE
  expect(await world.ask('www.example.')).toBe('7')
  expect(world.counts.get('forward_discarded')).toBe(4)
  expect(world.cache.size).toBe(1)
  upstream.behaviour = HONEST
  expect(await world.ask('bank.example.')).toBe('7')
})

test('five lies, and the truth is had over TCP', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  upstream.behaviour = (heard, reply) => {
    if (heard.via === 'tcp') return HONEST(heard, reply)
    const lie = answerTo(heard.packet, { answers: [EVIL], id: heard.id ^ 1 })
    for (let i = 0; i < 5; i++) reply(lie)
  }
  expect(await world.ask('www.example.')).toBe('7')
  expect(upstream.heard.map(({ via }) => via)).toEqual(['udp', 'tcp'])
})

test('an answer from another address or port never arrives', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  const stranger = createSocket('udp4')
  upstream.behaviour = (heard, reply) => {
    const lie = answerTo(heard.packet, { answers: [EVIL] })
    stranger.send(lie, heard.port, '127.0.0.1', () => HONEST(heard, reply))
  }
  try {
    for (let i = 0; i < 20; i++) expect(await world.ask(`n${i}.example.`)).toBe('7')
    expect(world.counts.get('forward_discarded')).toBe(0)
  } finally {
    stranger.close()
  }
})

test('TC: the whole answer over TCP, from the same upstream', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  upstream.behaviour = (heard, reply) => {
    if (heard.via === 'tcp') return HONEST(heard, reply)
    reply(answerTo(heard.packet, { flags: 0x8380 }))
  }
  expect(await world.ask('www.example.')).toBe('7')
  expect(upstream.heard.map(({ via }) => via)).toEqual(['udp', 'tcp'])
  expect(world.counts.get('forward_tcp')).toBe(1)
})

test('a hundred clients with one question make one query', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream], { perClientMax: 1 })
  const asked = Array.from({ length: 100 }, () => world.ask('www.example.'))
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['7']))
  expect(upstream.heard).toHaveLength(1)
})

test('a port that nobody listens on is told at once, and another upstream is asked', async () => {
  const dead = await FakeUpstream.start()
  await using good = await FakeUpstream.start()
  using world = new ForwarderWorld([dead, good])
  using alone = new ForwarderWorld([dead])
  await dead[Symbol.asyncDispose]()
  for (let i = 0; i < 20; i++) expect(await world.ask(`n${i}.example.`)).toBe('7')
  expect(await alone.ask('www.example.')).toBe('failure 23')
})

test('a client has its share, the rest waits for its turn, and beyond the queue is shed', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream], { perClientMax: 2, queueMax: 3 })
  const waiting: (() => void)[] = []
  const started = Promise.withResolvers<void>()
  upstream.behaviour = (heard, reply) => {
    waiting.push(() => HONEST(heard, reply))
    // The other client's question is the third one that comes here.
    if (waiting.length === 3) started.resolve()
  }
  const asked = Array.from({ length: 6 }, (_, i) => world.ask(`n${i}.example.`))
  const other = world.ask('other.example.', 'b')
  expect(await asked[5]).toBe('failure -1')
  expect(world.counts.get('forward_shed')).toBe(1)
  await started.promise
  expect([world.forwarder.inFlight, world.forwarder.queued]).toEqual([3, 3])
  upstream.behaviour = HONEST
  for (const answer of waiting) answer()
  expect(await Promise.all([...asked.slice(0, 5), other])).toEqual(Array(6).fill('7'))
  expect([world.forwarder.inFlight, world.forwarder.queued]).toEqual([0, 0])
})

test('a question that is shed is answered with what is stale', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream], { inFlightMax: 1, queueMax: 1 })
  world.keep('stale.example.', 300)
  upstream.behaviour = () => undefined
  for (const name of ['a.example.', 'b.example.']) void world.ask(name)
  expect(await world.ask('c.example.', 'a', true)).toBe('failure -1')
  expect(await world.ask('stale.example.', 'a', true)).toBe('stale')
  expect(world.cached('stale.example.')?.staleUntil).toBeGreaterThan(0)
  expect(world.counts.get('forward_shed')).toBe(2)
})

test('a refresh takes no place in the queue, and is tried again when it got no turn', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream], { inFlightMax: 1, queueMax: 1 })
  world.keep('popular.example.', 300)
  const popular = world.cached('popular.example.')
  const started = Promise.withResolvers<() => void>()
  upstream.behaviour = (heard, reply) => started.resolve(() => HONEST(heard, reply))
  const first = world.ask('a.example.')
  if (popular !== undefined) popular.isRefreshing = true
  world.refresh('popular.example.')
  expect(world.forwarder.queued).toBe(0)
  expect(popular?.isRefreshing).toBe(false)
  // It is refused, but nothing is known to be wrong: it must not be served beyond its time.
  expect(popular?.staleUntil).toBe(0)
  expect(world.counts.get('cache_prefetches')).toBeUndefined()
  const second = world.ask('b.example.')
  expect(world.forwarder.queued).toBe(1)
  const answer = await started.promise
  upstream.behaviour = HONEST
  answer()
  expect(await Promise.all([first, second])).toEqual(['7', '7'])
  world.refresh('popular.example.')
  expect(world.forwarder.inFlight).toBe(1)
  expect(world.counts.get('cache_prefetches')).toBe(1)
})

test('a refresh that fails may be tried again', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  world.keep('popular.example.', 300)
  const popular = world.cached('popular.example.')
  if (popular !== undefined) popular.isRefreshing = true
  upstream.behaviour = says({ flags: 0x8182 })
  world.refresh('popular.example.')
  // Joins it, and so ends with it.
  expect(await world.ask('popular.example.', 'a', true)).toBe('stale')
  expect(popular?.isRefreshing).toBe(false)
})

test('an upstream that knows neither EDNS nor the case of names is understood', async () => {
  await using upstream = await FakeUpstream.start()
  using world = new ForwarderWorld([upstream])
  upstream.behaviour = (heard, reply) => {
    if (heard.packet[11] === 1) return says({ flags: 0x8181, hasOpt: false })(heard, reply)
    const question = [...heard.packet.subarray(12)].map((octet) =>
      octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
    )
    const answers = [`${heard.name.toLowerCase()} 300 A 192.0.2.7`]
    reply(answerTo(heard.packet, { question, answers, hasOpt: false }))
  }
  expect(await world.ask('first.example.')).toBe('7')
  expect(await world.ask('second.example.')).toBe('7')
  const last = upstream.heard.at(-1)
  expect([last?.via, last?.name, last?.packet[11]]).toEqual(['udp', 'second.example.', 0])
})
