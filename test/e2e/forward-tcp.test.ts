import { encode } from 'dns-packet'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  FakeUpstream,
  HONEST,
  type Heard,
  type Reply,
} from '../adapters/dns/forward/fake-upstream.ts'
import { eventually, TestServer } from './server.ts'

/** Questions of one connection that may wait for others at a time. */
const WAITING_MAX = 100
const OWN = 0x7777

/** An upstream that answers when the test says so. */
class Held implements AsyncDisposable {
  readonly upstream: FakeUpstream
  readonly #waiting: (readonly [Heard, Reply])[] = []
  #isFree = false

  constructor(upstream: FakeUpstream) {
    this.upstream = upstream
    upstream.behaviour = (heard, reply) => {
      if (this.#isFree) HONEST(heard, reply)
      else this.#waiting.push([heard, reply])
    }
  }

  release(): void {
    this.#isFree = true
    for (const one of this.#waiting.splice(0)) HONEST(...one)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream[Symbol.asyncDispose]()
  }
}

function framed(name: string, id: number): Buffer {
  const questions = [{ name, type: 'A' as const }]
  const packet = encode({ type: 'query', id, flags: 0x100, questions })
  return Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 255]), packet])
}

/** Collects the IDs of what comes, in its order. */
function idsOf(socket: Socket): readonly number[] {
  const ids: number[] = []
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      ids.push(rest.readUInt16BE(2))
      rest = rest.subarray(2 + rest.readUInt16BE(0))
    }
  })
  return ids
}

test.each([
  ['one', 1, true],
  ['a hundred less one', WAITING_MAX - 1, true],
  ['a hundred', WAITING_MAX, false],
])('behind %s that wait for others: our own answer comes first: %s', async (_, count, isFirst) => {
  await using held = new Held(await FakeUpstream.start())
  const given = [`--dns.forward=${held.upstream.address}`, '--dns.forward-per-client-max=1000']
  const flags = [...given, '--listen=127.0.0.1', '--dns.workers=1']
  await using server = await TestServer.start({ flags })
  const socket = connect(server.dns, '127.0.0.1')
  await once(socket, 'connect')
  const ids = idsOf(socket)
  const foreign = Array.from({ length: count }, (_none, i) => framed(`n${i}.example`, i))
  socket.write(Buffer.concat([...foreign, framed('nobody.nacos', OWN)]))
  await eventually(() => expect(held.upstream.names.length).toBeGreaterThanOrEqual(count))
  if (isFirst) await eventually(() => expect(ids).toEqual([OWN]))
  else await sleep(200)
  expect(ids).toHaveLength(isFirst ? 1 : 0)
  held.release()
  await eventually(() => expect(ids).toHaveLength(count + 1))
  expect(new Set(ids).size).toBe(count + 1)
  socket.destroy()
})
