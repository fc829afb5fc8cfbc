import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { areBlocksIntact, openLibc, SYS } from '../../../../src/adapters/dns/batch/libc.ts'
import { readMessage, type ReadMessage } from '../../../core/dns/answer/message-reader.ts'
import { at, DnsWorld, query, u16 } from '../../../core/dns/answer/world.ts'
import { ref } from '../../../core/registry/build.ts'
import { openFront, StubForwarding, type FrontOptions, type OpenFront } from './front.ts'
import { LibcBetween } from './libc-between.ts'
import { Clients } from './wire.ts'
import { worksHere } from './works-here.ts'

const ADDRESSES = ['127.0.0.1', '::1'] as const
const FORMERR = 1
const REFUSED = 5
/** Several batches; their answers have room in any socket. */
const WAITING = 200
const DATAGRAM_MAX = 4_096

function makeWorld(): DnsWorld {
  const world = new DnsWorld()
  world.put(ref('order'), [at('10.0.0.1')])
  return world
}

/** An engine of this thread on one address, and a client that asks it. */
class Stand implements AsyncDisposable {
  readonly engine: OpenFront
  readonly #address: string
  readonly #client: Socket
  readonly #answers: Buffer[] = []
  #port = 0

  private constructor(address: string, options: FrontOptions) {
    this.engine = openFront(makeWorld(), options)
    this.#address = address
    const family = address.includes(':') ? 6 : 4
    this.#client = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // What is sent is in the engine's socket when the call returns, in this order.
      lookup: (host, _options, done) => done(null, host, family),
    })
    this.#client.on('message', (message) => this.#answers.push(message))
  }

  static async open(address: string, options: FrontOptions = {}): Promise<Stand> {
    const stand = new Stand(address, options)
    stand.#port = await stand.engine.front.listen(address, 0)
    const { promise, resolve } = Promise.withResolvers<void>()
    stand.#client.bind(0, address === '0.0.0.0' ? '127.0.0.1' : address, resolve)
    await promise
    return stand
  }

  /** Sends all of it at once; the engine gets it in one batch, or in as few as hold it. */
  async ask(packets: readonly Uint8Array[], to: string = this.#address): Promise<void> {
    await Promise.all(
      packets.map(
        (packet) =>
          new Promise((done) => {
            this.#client.send(packet, this.#port, to, done)
          }),
      ),
    )
  }

  /** The next answers, as soon as there are so many. */
  async answers(count: number): Promise<readonly ReadMessage[]> {
    while (this.#answers.length < count) await once(this.#client, 'message')
    return this.#answers.splice(0, count).map((one) => readMessage(one))
  }

  /** Who sends the next datagram. */
  async sender(): Promise<string> {
    const [, from] = (await once(this.#client, 'message')) as [Buffer, { address: string }]
    return from.address
  }

  get port(): number {
    return this.#port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const address of this.engine.front.addresses) this.engine.front.close(address)
    this.#client.close()
    await once(this.#client, 'close')
  }
}

/** Questions numbered by their ids, every third one for a name of others. */
function mixed(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, id) =>
    query(id % 3 === 0 ? `n${id}.invalid` : 'order.nacos', 'A', { id }),
  )
}

/** That each id has the answer to its own question, and no id two. */
function expectOwn(answers: readonly ReadMessage[]): void {
  expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length)
  for (const { id, rcode, question } of answers) {
    const isForeign = id % 3 === 0
    expect(rcode).toBe(isForeign ? REFUSED : 0)
    expect(question[0]?.name).toBe(isForeign ? `n${id}.invalid.` : 'order.nacos.')
  }
}

describe.runIf(worksHere).each(ADDRESSES)('at %s', (address) => {
  test('names of others are answered later, while batches go on', async () => {
    const forwarding = new StubForwarding()
    await using stand = await Stand.open(address, { forwarding })
    await stand.ask(mixed(90))
    const first = await stand.answers(60)
    expectOwn(first)
    expect(forwarding.waiting).toHaveLength(30)
    for (const go of forwarding.waiting.splice(0).toReversed()) {
      await stand.ask([query('order.nacos', 'A', { id: 1_000 })])
      const [own] = await stand.answers(1)
      expect(own?.id).toBe(1_000)
      go()
      const [late] = await stand.answers(1)
      expectOwn(late === undefined ? [] : [late])
      expect(late?.rcode).toBe(REFUSED)
    }
    expect(areBlocksIntact()).toBe(true)
  })

  test('who waits is answered himself, whoever asked in his place meanwhile', async () => {
    const forwarding = new StubForwarding()
    await using stand = await Stand.open(address, { forwarding })
    await stand.ask([query('a.invalid', 'A', { id: 3 })])
    while (forwarding.waiting.length === 0) await new Promise((done) => setImmediate(done))
    const other = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const own = query('order.nacos', 'A', { id: 1 })
    for (let i = 0; i < 3; i++) {
      const answered = once(other, 'message')
      other.send(own, stand.port, address)
      await answered
    }
    for (const go of forwarding.waiting) go()
    expect((await stand.answers(1)).map(({ id, rcode }) => [id, rcode])).toEqual([[3, REFUSED]])
    other.close()
    await once(other, 'close')
  })

  test('what is known at once is answered when its batch is', async () => {
    const forwarding = new StubForwarding()
    const isKnown = (): void => {
      for (const go of forwarding.waiting.splice(0)) queueMicrotask(go)
    }
    const push = forwarding.waiting.push.bind(forwarding.waiting)
    forwarding.waiting.push = (...all) => {
      const length = push(...all)
      isKnown()
      return length
    }
    await using stand = await Stand.open(address, { forwarding })
    await stand.ask(mixed(120))
    expectOwn(await stand.answers(120))
  })

  test('what was begun for a name of others goes on before the thread sleeps again', async () => {
    const forwarding = new StubForwarding()
    const told: string[] = []
    const { libc } = new LibcBetween(openLibc(), ({ real }) => ({
      poll: (...all) => {
        if (forwarding.waiting.length > 0) told.push('sleeps')
        return real.poll(...all)
      },
    }))
    await using stand = await Stand.open(address, { forwarding, libc })
    let wentOn = Promise.withResolvers<void>()
    forwarding.waiting.push = (...all) => {
      const length = Array.prototype.push.apply(forwarding.waiting, all)
      queueMicrotask(() => {
        told.push('goes on')
        for (const go of forwarding.waiting.splice(0)) go()
        wentOn.resolve()
      })
      return length
    }
    // Past the loop, which so has nothing else to do.
    using clients = new Clients(openLibc(), [address])
    const heard: number[] = []
    for (let id = 0; id < 10; id++) {
      wentOn = Promise.withResolvers()
      clients.ask(0, query('a.invalid', 'A', { id }), stand.port)
      await wentOn.promise
      clients.hear(0, stand.port, (octets) => heard.push(readMessage(octets).id))
    }
    expect(heard).toHaveLength(10)
    expect(new Set(told)).toEqual(new Set(['goes on']))
  })

  test('who closed his socket meanwhile is not answered, and nobody else in his place', async () => {
    const forwarding = new StubForwarding()
    await using stand = await Stand.open(address, { forwarding })
    await stand.ask([query('a.invalid', 'A', { id: 3 })])
    while (forwarding.waiting.length === 0) await new Promise((done) => setImmediate(done))
    stand.engine.front.close(address)
    for (const go of forwarding.waiting) go()
    expect(stand.engine.sockets()).toEqual([])
    expect(stand.engine.count('drop_send')).toBe(0)
  })

  test('a datagram of more than 4096 octets is malformed, however well it begins', async () => {
    await using stand = await Stand.open(address)
    const whole = query('order.nacos', 'A', { id: 9, edns: 1_232 })
    // An option that fills the slot to its last octet: cut off there it would be a sound query.
    const size = DATAGRAM_MAX - whole.length - 4
    const options = [...u16(12), ...u16(size), ...Array<number>(size).fill(0)]
    const full = query('order.nacos', 'A', { id: 8, edns: 1_232, options })
    const more = new Uint8Array(DATAGRAM_MAX + 1)
    more.set(full)
    expect(full).toHaveLength(DATAGRAM_MAX)
    await stand.ask([full, more, new Uint8Array(9_000).fill(1), whole])
    const rcodes = (await stand.answers(4)).map(({ id, rcode }) => `${id} ${rcode}`)
    // Those of one batch come in any order.
    expect(rcodes.toSorted()).toEqual(['8 0', `8 ${FORMERR}`, `257 ${FORMERR}`, '9 0'].toSorted())
    expect(areBlocksIntact()).toBe(true)
  })

  test('junk is counted and gets nothing', async () => {
    await using stand = await Stand.open(address)
    const answer = query('order.nacos', 'A', { flags: 0x8000 })
    await stand.ask([new Uint8Array(0), new Uint8Array(11), answer])
    await stand.ask([query('order.nacos', 'A', { id: 5 })])
    const [only] = await stand.answers(1)
    expect(only?.id).toBe(5)
    expect(stand.engine.count('drop_short')).toBe(2)
    expect(stand.engine.count('drop_response')).toBe(1)
  })

  test('what waits in the sockets at the end is answered', async () => {
    await using stand = await Stand.open(address)
    const { front } = stand.engine
    const asked = stand.ask(mixed(WAITING))
    // The engine has had no turn since, and has none any more.
    await front.drain()
    front.close(address)
    await asked
    expectOwn(await stand.answers(WAITING))
  })

  test('what came while nobody served is answered by the successor', async () => {
    await using stand = await Stand.open(address)
    const inherited = stand.engine.sockets()
    const asked = stand.ask(mixed(WAITING))
    const { front, sockets } = openFront(makeWorld(), { inherited })
    expect(await front.listen(address, 0)).toBe(stand.port)
    expect(sockets()).toEqual(inherited)
    await front.drain()
    // One descriptor, and two who think that it is theirs: nobody has a turn any more.
    stand.engine.front.close(address)
    await asked
    expectOwn(await stand.answers(WAITING))
    front.close(address)
    expect(sockets()).toEqual([])
  })

  test('what the system does not take is counted, and the next is answered', async () => {
    let refusals = 3
    const { libc } = new LibcBetween(openLibc(), (one) => ({
      sendmmsg: (...all) => (refusals-- > 0 ? one.fail(SYS.EPERM) : one.real.sendmmsg(...all)),
    }))
    await using stand = await Stand.open(address, { libc })
    await stand.ask([1, 2, 3].map((id) => query('order.nacos', 'A', { id })))
    await stand.ask([query('order.nacos', 'A', { id: 4 })])
    const [first] = await stand.answers(1)
    expect(stand.engine.count('drop_send')).toBeGreaterThan(0)
    expect(first?.rcode).toBe(0)
    expect(areBlocksIntact()).toBe(true)
  })
})

test.runIf(worksHere).each([
  ['0.0.0.0', '127.0.0.1'],
  ['0.0.0.0', '127.9.8.7'],
])('a socket at %s that is asked at %s answers from there', async (address, asked) => {
  const forwarding = new StubForwarding()
  await using stand = await Stand.open(address, { forwarding })
  const sender = stand.sender()
  await stand.ask([query('order.nacos', 'A')], asked)
  expect(await sender).toBe(asked)
  const late = stand.sender()
  await stand.ask([query('a.invalid', 'A')], asked)
  while (forwarding.waiting.length === 0) await new Promise((done) => setImmediate(done))
  for (const go of forwarding.waiting) go()
  expect(await late).toBe(asked)
})

test.runIf(worksHere)(
  'what a wildcard covers now is not left unread by its successor',
  async () => {
    await using stand = await Stand.open('127.0.0.1')
    const inherited = stand.engine.sockets()
    const { front, sockets } = openFront(makeWorld(), { inherited })
    expect(await front.listen('0.0.0.0', stand.port)).toBe(stand.port)
    const asked = stand.ask(mixed(WAITING))
    await front.drain()
    stand.engine.front.close('127.0.0.1')
    await asked
    expectOwn(await stand.answers(WAITING))
    for (const address of front.addresses) front.close(address)
    expect(sockets()).toEqual([])
  },
)
