import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ConnectionLimits } from '../../../src/adapters/dns/connection-limits.ts'
import { DohConnections } from '../../../src/adapters/dns/doh-connections.ts'

const [IDLE_MS, MESSAGE_MS] = [1_000, 500]

class FakeSocket extends EventEmitter {
  readonly remoteAddress = '192.0.2.7'
  readonly remotePort = 4_000
  readonly localAddress: string
  readonly localPort: number
  isDestroyed = false

  constructor(localAddress: string, localPort: number) {
    super()
    this.localAddress = localAddress
    this.localPort = localPort
  }

  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }

  get asSocket(): Socket {
    return this as unknown as Socket
  }
}

function open(): DohConnections {
  const limits = {
    admit: (): boolean => true,
    countTimeout: (): void => undefined,
    idleMs: IDLE_MS,
    messageMs: MESSAGE_MS,
  }
  return new DohConnections(limits as unknown as ConnectionLimits)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([
  ['address', new FakeSocket('192.0.2.2', 443)],
  ['port', new FakeSocket('192.0.2.1', 444)],
  ['nothing at all', new FakeSocket('192.0.2.1', 443)],
])('connections that differ by our %s are all swept', (_, other) => {
  const connections = open()
  const one = new FakeSocket('192.0.2.1', 443)
  connections.add(one.asSocket)
  connections.add(other.asSocket)
  vi.advanceTimersByTime(IDLE_MS + 1)
  connections.sweep()
  expect([one.isDestroyed, other.isDestroyed]).toEqual([true, true])
})

test('one that closes late takes no other away, and each has its own requests', () => {
  const connections = open()
  const [one, next] = [new FakeSocket('192.0.2.1', 443), new FakeSocket('192.0.2.1', 443)]
  const other = new FakeSocket('192.0.2.2', 443)
  for (const socket of [one, next, other]) connections.add(socket.asSocket)
  one.destroy()
  connections.begin(next.asSocket)
  vi.advanceTimersByTime(MESSAGE_MS + 1)
  connections.sweep()
  expect([next.isDestroyed, other.isDestroyed]).toEqual([true, false])
})
