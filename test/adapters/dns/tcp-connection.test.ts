import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SeededRng } from '../../../src/kernel/rng.ts'
import { FastPath } from '../../../src/core/dns/answer/fast-path.ts'
import { makeSpellings } from '../../../src/core/dns/answer/respell.ts'
import { Responder, TRANSFER } from '../../../src/core/dns/answer/responder.ts'
import { COUNTER_SLOTS } from '../../../src/core/dns/counters.ts'
import { Reader } from '../../../src/core/dns/table/memory.ts'
import {
  TCP_OUTPUT_BYTES,
  TcpConnection,
  type TcpParts,
} from '../../../src/adapters/dns/tcp-connection.ts'
import { AnswerCounters } from '../../../src/adapters/dns/tell-answer.ts'
import { ref } from '../../core/registry/build.ts'
import { at, DnsWorld, query, RESPONDER } from '../../core/dns/answer/world.ts'

/** What the kernel is to a connection: takes what is written when the test says so. */
class Pipe extends Duplex {
  readonly remoteAddress = '192.0.2.7'
  readonly taken: Buffer[] = []
  isOpen = true
  #waiting: (() => void)[] = []

  setNoDelay(): this {
    return this
  }

  destroySoon(): void {
    if (this.isOpen) this.destroy()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(Buffer.from(chunk))
    if (this.isOpen) done()
    else this.#waiting.push(done)
  }

  /** The client reads one write, or all from now on. */
  release(all: boolean): void {
    this.isOpen = all
    const waiting = this.#waiting
    this.#waiting = []
    for (const done of waiting) done()
  }
}

const world = new DnsWorld({ bytes: 1 << 25 })
world.put(
  ref('big'),
  Array.from({ length: 4_000 }, (_, i) => at(`10.0.${i >> 8}.${i & 255}`)),
)
world.put(ref('a'), [at('10.9.0.1')])

function open(more: object = {}): { readonly pipe: Pipe; readonly connection: TcpConnection } {
  const output = new Uint8Array(TCP_OUTPUT_BYTES)
  const settings = { ...RESPONDER, spellings: makeSpellings(new Map(), new Map()) }
  const responder = new Responder(world.memory, settings, new SeededRng(1), output)
  const { memory } = world
  const { client } = responder
  const parts = {
    responder,
    outputView: new DataView(output.buffer),
    fast: new FastPath({ memory, settings, rng: new SeededRng(1), client, isTcp: true }),
    reader: new Reader(world.memory, 0),
    counters: new AnswerCounters(new Float64Array(COUNTER_SLOTS)),
    settings: { connectionsMax: 9, connectionsPerClientMax: 9, idleMs: 9_000, messageMs: 5_000 },
    output,
    desk: { ask: (): void => undefined, leave: (): void => undefined },
    ...more,
  }
  const pipe = new Pipe()
  const made = new TcpConnection(
    pipe as unknown as Socket,
    parts as unknown as TcpParts,
    performance.now(),
  )
  return { pipe, connection: made }
}

function framed(...packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    packets.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 255]), one]),
  )
}

/** Lets streams do what they have put off to the next turn. */
const turn = (): Promise<unknown> => new Promise((done) => setImmediate(done))

const idsOf = (pipe: Pipe): number[] => {
  const bytes = Buffer.concat(pipe.taken)
  const ids: number[] = []
  for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
    ids.push(bytes.readUInt16BE(at + 2))
  }
  return ids
}

const BIG = (id: number): Uint8Array => query('_all.big.nacos', 'A', { id })
const SMALL = (id: number): Uint8Array => query('a.nacos', 'A', { id })
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

describe('a client that does not read', () => {
  test.each([
    ['one by one', 1],
    ['ten at a time', 10],
    ['all at once', 200],
  ])('is not read from when 256 KiB wait, and gets all in order later: %s', async (_, batch) => {
    const { pipe } = open()
    pipe.isOpen = false
    for (let i = 0; i < 200; i += batch) {
      pipe.push(framed(...count(batch).map((k) => BIG(i + k))))
      await turn()
      // One write beyond the limit: at most what one look at the limit comes after.
      expect(pipe.writableLength).toBeLessThan(256 * 1024 + TCP_OUTPUT_BYTES)
    }
    expect(pipe.isPaused()).toBe(true)
    pipe.release(true)
    for (let i = 0; i < 500 && idsOf(pipe).length < 200; i++) await turn()
    expect(idsOf(pipe)).toEqual(count(200))
    expect(pipe.isPaused()).toBe(false)
  })

  test('and has closed its side gets its answers, then the end', async () => {
    const { pipe } = open()
    pipe.isOpen = false
    pipe.push(framed(...count(40).map(BIG)))
    pipe.push(null)
    await turn()
    expect(pipe.writableEnded).toBe(false)
    pipe.release(true)
    for (let i = 0; i < 500 && !pipe.writableFinished; i++) await turn()
    expect(idsOf(pipe)).toEqual(count(40))
  })
})

describe('the clock of a connection', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a message is timed from its own first octet, not from that of one before', async () => {
    const { pipe, connection } = open()
    const bytes = framed(SMALL(1), SMALL(2), SMALL(3))
    const third = bytes.length / 3
    pipe.push(bytes.subarray(0, 5))
    await turn()
    expect(connection.unfinishedSince).toBe(performance.now())
    vi.advanceTimersByTime(3_000)
    pipe.push(bytes.subarray(5, third + 5))
    await turn()
    expect(connection.unfinishedSince).toBe(performance.now())
    vi.advanceTimersByTime(3_000)
    pipe.push(bytes.subarray(third + 5, third + 6))
    await turn()
    expect(connection.unfinishedSince).toBe(performance.now() - 3_000)
    pipe.push(bytes.subarray(third + 6))
    await turn()
    expect(connection.unfinishedSince).toBeUndefined()
    expect(connection.lastMessageAt).toBe(performance.now())
    expect(idsOf(pipe)).toEqual([1, 2, 3])
  })

  test('what we do not read is not late, and what was answered late is no idleness', async () => {
    const { pipe, connection } = open()
    pipe.isOpen = false
    pipe.push(Buffer.concat([framed(...count(8).map(BIG)), Buffer.from([0])]))
    await turn()
    expect(pipe.isPaused()).toBe(true)
    expect(connection.unfinishedSince).toBeUndefined()
    vi.advanceTimersByTime(8_000)
    pipe.release(true)
    for (let i = 0; i < 20; i++) await turn()
    expect(idsOf(pipe)).toEqual(count(8))
    expect(connection.lastMessageAt).toBe(performance.now())
    expect(connection.unfinishedSince).toBe(performance.now())
  })
})

/** All questions go the long way. */
const NOTHING_USUAL = { respond: (): number => 0 }

describe('who waits for us is not idle:', () => {
  const [IDLE, MESSAGE] = [1_000, 500]
  const isLate = (connection: TcpConnection): boolean =>
    connection.isLate(performance.now(), IDLE, MESSAGE)
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a question that others are asked about', async () => {
    const later: (() => void)[] = []
    const foreign: { pending: object | undefined } = { pending: {} }
    const forwarding = {
      foreign,
      prepare: (): void => undefined,
      refresh: (): void => undefined,
      postpone: (_client: string, _given: unknown, done: (more: unknown[]) => void): boolean =>
        later.push(() => done([])) > 0,
    }
    const { pipe, connection } = open({ forwarding, fast: NOTHING_USUAL })
    pipe.push(framed(SMALL(1)))
    await turn()
    vi.advanceTimersByTime(IDLE + 1)
    expect([later.length, isLate(connection)]).toEqual([1, false])
    foreign.pending = undefined
    later[0]?.()
    expect([idsOf(pipe), isLate(connection)]).toEqual([[1], false])
    vi.advanceTimersByTime(IDLE + 1)
    expect(isLate(connection)).toBe(true)
  })

  test('a transfer that is queued, or read; one that is not read is late', async () => {
    const desk = { ask: (): void => undefined, leave: (): void => undefined }
    const { pipe, connection } = open({ desk, responder: new Transferring(), fast: NOTHING_USUAL })
    pipe.push(framed(SMALL(1)))
    await turn()
    vi.advanceTimersByTime(IDLE + 1)
    expect(isLate(connection)).toBe(false)
    pipe.isOpen = false
    connection.writeTransfer(new Uint8Array(9), false, () => undefined)
    vi.advanceTimersByTime(IDLE)
    // Other questions do not keep a transfer that nobody reads.
    pipe.push(framed(SMALL(2)))
    await turn()
    expect(isLate(connection)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(isLate(connection)).toBe(true)
    pipe.release(true)
    await turn()
    expect(isLate(connection)).toBe(false)
    vi.advanceTimersByTime(IDLE + 1)
    expect(isLate(connection)).toBe(false)
  })
})

/** Takes every message for a question for a whole zone. */
class Transferring {
  readonly client = { setV4: (): void => undefined }
  readonly respond = (): number => TRANSFER
}

test('after a framing error nothing that comes is looked at', async () => {
  const { pipe } = open()
  pipe.isOpen = false
  pipe.push(Buffer.concat([framed(SMALL(1)), Buffer.from([0, 0])]))
  await turn()
  pipe.push(framed(SMALL(2), SMALL(3)))
  await turn()
  pipe.release(true)
  await turn()
  expect(idsOf(pipe)).toEqual([1])
  expect(pipe.errored).toBeNull()
})

test('sixty-four thousand octets come one by one and are one message', async () => {
  const { pipe } = open()
  const long = query('a.nacos', 'A', {
    id: 7,
    edns: 1232,
    options: [0, 12, 60_000 >> 8, 60_000 & 255, ...Array<number>(60_000).fill(0)],
  })
  const bytes = framed(long, SMALL(8))
  for (let i = 0; i < bytes.length; i += 997) {
    pipe.push(bytes.subarray(i, i + 997))
    await turn()
  }
  expect(idsOf(pipe)).toEqual([7, 8])
})
