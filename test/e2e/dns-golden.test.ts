import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { query } from '../core/dns/answer/world.ts'
import { readMessage } from '../core/dns/answer/message-reader.ts'
import { parseGolden } from '../golden/edge-cases.ts'
import { eventually, TestServer } from './server.ts'

const GOLDEN = new URL('../golden/edge-cases.golden.txt', import.meta.url)
const rows = parseGolden(readFileSync(GOLDEN, 'utf8'))
const ZONES = fileURLToPath(new URL('../../zones', import.meta.url))
const IDLE_MS = 900
const MESSAGE_MS = 300
const PER_CLIENT = 12

/** Both carry UDP; over TCP, where they make no difference, only the first one is asked. */
const ENGINES = ['auto', 'dgram'] as const
let server: TestServer
let other: TestServer
beforeAll(async () => {
  server = await start('auto')
  other = await start('dgram')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

async function start(engine: (typeof ENGINES)[number]): Promise<TestServer> {
  return await TestServer.start({
    flags: [
      `--dns.engine=${engine}`,
      `--dns.zones-dir=${ZONES}`,
      '--dns.nsid=node-1',
      '--dns.workers=1',
      '--dns.ttl=1s',
      `--dns.tcp-idle=${IDLE_MS}ms`,
      `--dns.tcp-message-timeout=${MESSAGE_MS}ms`,
      `--dns.tcp-connections-per-client-max=${PER_CLIENT}`,
      '--dns.tcp-connections-max=200',
    ],
  })
}

const SENTINEL = query('www.example.test', 'AAAA', { id: 0x7777 })
const GOOD = (id: number): Uint8Array => query('www.example.test', 'A', { id })
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const packetOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

/** The first answer to the packet; undefined when a later question is answered before it. */
async function overUdp(port: number, packet: Uint8Array): Promise<Uint8Array | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.send(packet, port, '127.0.0.1')
    socket.send(SENTINEL, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [
      Uint8Array,
    ]
    return hexOf(answer.subarray(0, 2)) === '7777' ? undefined : answer
  } finally {
    socket.close()
  }
}

describe.each(ENGINES)('over UDP, by %s', (engine) => {
  const ask = async (packet: Uint8Array): Promise<Uint8Array | undefined> =>
    await overUdp((engine === 'auto' ? server : other).dns, packet)

  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const answer = await ask(packetOf(row.packet))
    expect(answer === undefined ? '' : hexOf(answer)).toBe(row.answer)
  })

  test('a query of more than 4,096 octets is FORMERR, whatever is in it', async () => {
    const padded = query('www.example.test', 'A', {
      edns: 1232,
      options: [0, 12, 20_000 >> 8, 20_000 & 255, ...Array<number>(20_000).fill(0)],
    })
    const answer = await ask(padded)
    expect(answer === undefined ? -1 : readMessage(answer).rcode).toBe(1)
  })
})

/** One TCP connection: what is sent, what comes back, when it ends. */
class Talk implements Disposable {
  readonly socket: Socket
  /** The server ended it. */
  readonly ended: Promise<unknown>
  #received: Buffer = Buffer.alloc(0)

  constructor() {
    this.socket = connect({ port: server.dns, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.setNoDelay(true)
    // A reset is an end, too.
    this.socket.on('error', () => undefined)
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    this.ended = Promise.race([once(this.socket, 'end'), once(this.socket, 'close')])
  }

  frame(...packets: readonly Uint8Array[]): this {
    for (const one of packets) {
      this.socket.write(Buffer.concat([Buffer.from([one.length >> 8, one.length & 255]), one]))
    }
    return this
  }

  /** Whole messages so far. */
  get messages(): readonly Uint8Array[] {
    const found: Uint8Array[] = []
    for (let at = 0; at + 2 <= this.#received.length;) {
      const end = at + 2 + this.#received.readUInt16BE(at)
      if (end > this.#received.length) break
      found.push(new Uint8Array(this.#received.subarray(at + 2, end)))
      at = end
    }
    return found
  }

  async wait(count: number): Promise<readonly Uint8Array[]> {
    return await eventually(() => {
      if (this.messages.length < count) throw new Error(`${this.messages.length} of ${count}`)
      return this.messages
    })
  }

  async isEnded(withinMs: number): Promise<boolean> {
    const late = sleep(withinMs, 'late', { ref: false })
    return (await Promise.race([this.ended, late])) !== 'late'
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

describe('over TCP', () => {
  // AXFR and what is too large for a datagram differ; what is not answered closes.
  const same = rows.filter(
    ({ name, summary }) => !/AXFR|^(?:empty|QR=1|11 bytes)$/.test(name) && !/ tc /.test(summary),
  )
  test('every other row is answered as over UDP', async () => {
    using talk = new Talk()
    talk.frame(...same.map(({ packet }) => packetOf(packet)))
    const answers = await talk.wait(same.length)
    expect(answers.map(hexOf)).toEqual(same.map(({ answer }) => answer))
  })

  test('what is too large for a datagram is whole', async () => {
    using talk = new Talk()
    talk.frame(query('big.example.test', 'A'))
    const [answer] = await talk.wait(1)
    const message = readMessage(answer ?? new Uint8Array())
    expect([message.answers.length, message.isTruncated]).toEqual([100, false])
  })

  test.each(['empty', '11 bytes', 'QR=1'])('%s: closed, after what came before', async (name) => {
    using talk = new Talk()
    const packet = packetOf(rows.find((row) => row.name === name)?.packet ?? '')
    talk.frame(GOOD(1), packet, GOOD(2))
    expect(await talk.isEnded(5_000)).toBe(true)
    expect(talk.messages.map((one) => one[1])).toEqual([1])
  })

  test('length and message come in one segment', async () => {
    using talk = new Talk()
    for (const name of ['www.example.test', 'big.example.test']) {
      talk.frame(query(name, 'A'))
      const [chunk] = (await once(talk.socket, 'data')) as [Buffer]
      expect(chunk.length).toBe(2 + chunk.readUInt16BE(0))
    }
  })

  test('octet by octet', async () => {
    using talk = new Talk()
    for (const octet of [0, GOOD(5).length, ...GOOD(5)]) {
      talk.socket.write(Uint8Array.of(octet))
      await new Promise(setImmediate)
    }
    expect((await talk.wait(1))[0]?.[1]).toBe(5)
  })

  test('three in one segment, and three that are cut anywhere', async () => {
    using talk = new Talk()
    talk.socket.write(Buffer.concat([1, 2, 3].flatMap((id) => [Buffer.from([0, 34]), GOOD(id)])))
    await talk.wait(3)
    const framed = Buffer.concat([4, 5, 6].flatMap((id) => [Buffer.from([0, 34]), GOOD(id)]))
    expect(GOOD(4)).toHaveLength(34)
    for (let at = 0; at < framed.length; at += 7) {
      talk.socket.write(framed.subarray(at, at + 7))
      await new Promise(setImmediate)
    }
    expect((await talk.wait(6)).map((one) => one[1])).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a half-close is answered, then closed', async () => {
    using talk = new Talk()
    talk.frame(GOOD(1), GOOD(2)).socket.end()
    expect(await talk.isEnded(5_000)).toBe(true)
    expect(talk.messages.map((one) => one[1])).toEqual([1, 2])
  })

  test.each([
    ['length 0', [0, 0]],
    ['length 11', [0, 11]],
    ['five octets of junk', [0, 3, 0x6a, 0x75, 0x6e]],
  ])('%s closes at once', async (_, octets) => {
    using talk = new Talk()
    talk.socket.write(Uint8Array.from(octets))
    expect(await talk.isEnded(MESSAGE_MS - 100)).toBe(true)
  })

  test('junk, then a good query: both are answered', async () => {
    using talk = new Talk()
    talk.frame(Buffer.from('this is no query at all'), GOOD(9))
    const [junk, good] = await talk.wait(2)
    expect([1, 4]).toContain((junk?.[3] ?? 0) & 15)
    expect(good?.[1]).toBe(9)
  })

  test('a message that is never finished is closed when its time is up, not before', async () => {
    using talk = new Talk()
    const started = performance.now()
    talk.socket.write(Buffer.from('hello'))
    const drip = setInterval(() => talk.socket.write('x'), 100)
    expect(await talk.isEnded(5_000)).toBe(true)
    clearInterval(drip)
    expect(performance.now() - started).toBeGreaterThan(MESSAGE_MS - 50)
    expect(performance.now() - started).toBeLessThan(MESSAGE_MS + 1_500)
  })

  test('one that always has a next message half sent is served for longer than that', async () => {
    using talk = new Talk()
    const started = performance.now()
    let id = 0
    // Each write ends in the middle of a message, which the next one finishes.
    talk.socket.write(Uint8Array.of(0))
    while (performance.now() - started < 3 * MESSAGE_MS) {
      id++
      talk.socket.write(Buffer.concat([Buffer.from([34]), GOOD(id & 255), Buffer.from([0])]))
      await sleep(50)
    }
    expect(await talk.wait(id)).toHaveLength(id)
    expect(await talk.isEnded(1)).toBe(false)
  })

  test('one that says nothing is closed when its time is up', async () => {
    using talk = new Talk()
    talk.frame(GOOD(1))
    await talk.wait(1)
    const started = performance.now()
    expect(await talk.isEnded(IDLE_MS + 3_000)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(IDLE_MS - 200)
  })

  test('one client has so many connections, and the next one when one goes', async () => {
    const talks: Talk[] = []
    try {
      for (let i = 0; i < PER_CLIENT; i++) {
        const talk = new Talk()
        talks.push(talk)
        await talk.frame(GOOD(i)).wait(1)
      }
      using refused = new Talk()
      expect(await refused.isEnded(2_000)).toBe(true)
      talks[0]?.socket.destroy()
      await eventually(async () => {
        using late = new Talk()
        late.frame(GOOD(1))
        if (await late.isEnded(20)) throw new Error('still refused')
        await late.wait(1)
      })
    } finally {
      for (const talk of talks) talk[Symbol.dispose]()
    }
  })
})
