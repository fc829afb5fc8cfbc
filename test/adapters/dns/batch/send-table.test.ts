import { describe, expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { areBlocksIntact, openLibc, SYS } from '../../../../src/adapters/dns/batch/libc.ts'
import type { Libc } from '../../../../src/adapters/dns/batch/libc.ts'
import { ReceiveTable, STRIDE } from '../../../../src/adapters/dns/batch/receive-table.ts'
import { SendTable } from '../../../../src/adapters/dns/batch/send-table.ts'
import { LibcBetween } from './libc-between.ts'
import { Wire, type Family } from './wire.ts'
import { worksHere } from './works-here.ts'

const FAMILIES: readonly Family[] = [
  { isV6: false, hasInfo: false },
  { isV6: false, hasInfo: true },
  { isV6: true, hasInfo: false },
  { isV6: true, hasInfo: true },
]
const CLIENTS = 24
const ROUNDS = 400

/** A server's tables, and clients that know what they wait for. */
class Stand implements Disposable {
  readonly wire: Wire
  readonly received: ReceiveTable
  readonly send: SendTable
  readonly #rng: SeededRng
  readonly #expected: string[][] = []
  #serial = 0

  constructor(libc: Libc, family: Family, seed: number) {
    this.wire = new Wire(libc, CLIENTS, family)
    this.received = new ReceiveTable(libc, family.isV6)
    this.send = new SendTable(libc, true)
    this.#rng = new SeededRng(seed)
  }

  /** Questions of so many of the first clients; each names its client. */
  ask(count: number, clients: number): void {
    for (let i = 0; i < CLIENTS; i++) this.#expected[i] = []
    for (let i = 0; i < count; i++) {
      const client = this.#below(clients)
      this.wire.ask(client, new Uint8Array(12).fill(client))
    }
    expect(this.wire.receive(this.received)).toBe(count)
    this.send.begin()
  }

  /** An answer to what came in slot `i`; no two are alike. */
  answer(i: number, length: number, isInPlace: boolean): void {
    const client = this.received.slots.bytes[i * STRIDE] ?? 0
    const bytes = isInPlace ? this.received.slots.bytes : this.send.output
    const at = i * STRIDE
    const serial = ++this.#serial
    for (let k = 0; k < length; k++) bytes[at + k] = k < 4 ? serial >> (k * 8) : serial + k
    const octets = bytes.subarray(at, at + length)
    this.#expected[client]?.push(Buffer.from(octets).toString('latin1'))
    this.send.add(this.received, i, length, isInPlace)
  }

  /** Sends; the answer is how many were lost. */
  flush(): number {
    this.send.seal(this.received)
    return this.send.flush(this.wire.server.fd, this.received, this.wire.sockets)
  }

  /** Answers that somebody waits for and did not get; fails when he got anything else. */
  missing(): number {
    let missing = 0
    for (const [client, expected] of this.#expected.entries()) {
      const heard = this.wire.heard(client)
      const strange = heard.filter((one) => !expected.includes(one))
      expect(strange).toEqual([])
      expect(new Set(heard).size).toBe(heard.length)
      missing += expected.length - heard.length
    }
    return missing
  }

  /** A batch of anything: its answers are counted. */
  askAnything(): number {
    const count = 1 + this.#below(64)
    this.ask(count, this.#below(2) === 0 ? CLIENTS : 1 + this.#below(3))
    const usual = 12 + this.#below(1_200)
    let answers = 0
    for (let i = 0; i < count; i++) {
      if (this.#below(10) === 0) continue
      answers++
      this.answer(i, this.#lengthLike(usual), this.#below(2) === 0)
    }
    return answers
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]()
  }

  #lengthLike(usual: number): number {
    const kind = this.#below(10)
    if (kind < 6) return usual
    return kind < 9 ? 12 + this.#below(1_300) : 12 + this.#below(4_085)
  }

  #below(limit: number): number {
    return Math.floor(this.#rng.f64() * limit)
  }
}

describe.runIf(worksHere).each(FAMILIES)('of IPv6 $isV6, told where: $hasInfo', (family) => {
  test('whoever asked gets his answers, whole, each once, and nobody else’s', () => {
    using stand = new Stand(openLibc(), family, 7)
    let answers = 0
    let messages = 0
    for (let round = 0; round < ROUNDS; round++) {
      answers += stand.askAnything()
      expect(stand.flush()).toBe(0)
      messages += stand.send.count
      expect(stand.missing()).toBe(0)
    }
    expect(stand.received.isIntact).toBe(true)
    expect(areBlocksIntact()).toBe(true)
    // Many travel together, or this tries nothing.
    expect(messages).toBeLessThan(answers * 0.75)
  })

  test('one client with a whole batch of the largest answers that travel together', () => {
    using stand = new Stand(openLibc(), family, 8)
    stand.ask(64, 1)
    for (let i = 0; i < 64; i++) stand.answer(i, 1_232, i % 2 === 0)
    expect(stand.flush()).toBe(0)
    expect(stand.send.count).toBe(2)
    expect(stand.missing()).toBe(0)
  })

  test('answers of one client travel together: equal ones, and after them a shorter one', () => {
    using stand = new Stand(openLibc(), family, 9)
    stand.ask(60, 3)
    for (let i = 0; i < 60; i++) stand.answer(i, 100, false)
    stand.send.seal(stand.received)
    expect(stand.send.count).toBe(3)
    stand.ask(60, 1)
    // Longer and longer: each begins a message, so that none overtakes another.
    for (let i = 0; i < 60; i++) stand.answer(i, 100 + i, false)
    expect(stand.flush()).toBe(0)
    expect(stand.send.count).toBe(60)
    expect(stand.missing()).toBe(0)
    stand.ask(7, 1)
    for (const [i, length] of [90, 90, 90, 50, 50, 60, 70].entries()) {
      stand.answer(i, length, false)
    }
    expect(stand.flush()).toBe(0)
    // 90 90 90 50, 50, 60, 70.
    expect(stand.send.count).toBe(4)
    expect(stand.missing()).toBe(0)
  })

  test('without segments each answer is a message', () => {
    using stand = new Stand(openLibc(), family, 10)
    stand.send.canSegment = false
    for (let round = 0; round < 20; round++) {
      const answers = stand.askAnything()
      expect(stand.flush()).toBe(0)
      expect(stand.send.count).toBe(answers)
      expect(stand.missing()).toBe(0)
    }
  })

  test.each(['EIO', 'EINVAL', 'EMSGSIZE'] as const)(
    'where cutting up is refused with %s, it is not tried again, and nobody loses an answer',
    (code) => {
      let refused = 0
      const between = new LibcBetween(openLibc(), (one) => ({
        sendmmsg: (fd, from, n, flags) => {
          const whole = countWhole(one, from, n)
          if (whole > 0) return one.real.sendmmsg(fd, from, whole, flags)
          refused++
          return one.fail(SYS[code])
        },
      }))
      using stand = new Stand(between.libc, family, 11)
      for (let round = 0; round < 50; round++) {
        stand.askAnything()
        expect(stand.flush()).toBe(0)
        expect(stand.missing()).toBe(0)
      }
      expect(stand.send.canSegment).toBe(false)
      expect(refused).toBe(1)
    },
  )

  test('a client that cannot be reached takes the segments from nobody else', () => {
    const between = new LibcBetween(openLibc(), (one) => ({
      sendmmsg: (fd, from, n, flags) => {
        const before = beforeClient(one, from, n)
        return before > 0 ? one.real.sendmmsg(fd, from, before, flags) : one.fail(SYS.EINVAL)
      },
    }))
    using stand = new Stand(between.libc, family, 12)
    unreachable = stand.wire.clients.open[0]?.port ?? 0
    // Its questions go: only what the server sends to it does not.
    stand.ask(40, 2)
    for (let i = 0; i < 40; i++) stand.answer(i, 100, true)
    const lost = stand.flush()
    expect(lost).toBeGreaterThan(5)
    expect(stand.missing()).toBe(lost)
    expect(stand.send.canSegment).toBe(true)
  })

  test('what one call does not take goes with the next', () => {
    let calls = 0
    const between = new LibcBetween(openLibc(), (one) => ({
      sendmmsg: (fd, from, n, flags) =>
        one.real.sendmmsg(fd, from, Math.min(n, 1 + (calls++ % 3)), flags),
    }))
    using stand = new Stand(between.libc, family, 13)
    for (let round = 0; round < 50; round++) {
      stand.askAnything()
      expect(stand.flush()).toBe(0)
      expect(stand.missing()).toBe(0)
    }
  })

  test.each([
    ['EAGAIN', SYS.EAGAIN],
    ['EPERM', SYS.EPERM],
    ['ENETUNREACH', 101],
    ['ENOBUFS', 105],
  ])('after %s for one message the others go, and the lost are counted', (_, errno) => {
    let calls = 0
    const between = new LibcBetween(openLibc(), (one) => ({
      // Every third call is refused, else one message goes; the clients' are left alone.
      sendmmsg: (fd, from, n, flags) =>
        isArmed && ++calls % 3 === 0
          ? one.fail(errno)
          : one.real.sendmmsg(fd, from, isArmed ? 1 : n, flags),
    }))
    using stand = new Stand(between.libc, family, 14)
    let lost = 0
    for (let round = 0; round < 200; round++) {
      stand.askAnything()
      isArmed = true
      const now = stand.flush()
      isArmed = false
      expect(stand.missing()).toBe(now)
      lost += now
    }
    expect(lost).toBeGreaterThan(100)
    expect(stand.send.canSegment).toBe(true)
    expect(areBlocksIntact()).toBe(true)
  })
})

let isArmed = false
let unreachable = 0

/** Messages from there on, up to the first one that would be cut up. */
function countWhole(between: LibcBetween, from: bigint, count: number): number {
  for (let i = 0; i < count; i++) {
    if (between.isSegmented(from + BigInt(i * 64))) return i
  }
  return count
}

/** Messages from there on, up to the first one to the client that cannot be reached. */
function beforeClient(between: LibcBetween, from: bigint, count: number): number {
  for (let i = 0; i < count; i++) {
    if (between.portOf(from + BigInt(i * 64)) === unreachable) return i
  }
  return count
}
