import type { BatchSocket } from '../worker-data.ts'
import { areBlocksIntact, CMSG, openLibc, SOCKADDR, SYS, type Libc } from './libc.ts'
import { LoopWait } from './loop-wait.ts'
import { BATCH, ReceiveTable, STRIDE } from './receive-table.ts'
import { SendTable } from './send-table.ts'
import { Sockets } from './socket.ts'

const BUFFER_BYTES = 1 << 18
/** Loopback is at once; so long it may take on a machine that is busy otherwise. */
const WAIT_MS = 500
/** Octets of what is sent: the shortest message, a usual one, one near the end of its slot. */
const SIZES: readonly number[] = [12, 100, 4_000]
const ANSWER_BYTES = 100

/**
 * Whether datagrams go through the engine here: on loopback, through the tables and calls that the
 * workers use, both ways, in both families that there are. Undefined, or what went wrong; a wrong
 * offset in a structure shows here and not in somebody's answer. `open` gives the calls.
 */
export function selfTest(open: () => Libc = openLibc): string | undefined {
  try {
    const libc = open()
    if (new LoopWait(libc).loopMs < -1) return 'the event loop does not say how long it waits'
    const fault = testFamily(libc, '127.0.0.1')
    if (fault !== undefined) return `IPv4: ${fault}`
    const sockets = new Sockets(libc)
    if (!canOpen(sockets, '::1')) return undefined
    const fault6 = testFamily(libc, '::1')
    return fault6 === undefined ? undefined : `IPv6: ${fault6}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function canOpen(sockets: Sockets, address: string): boolean {
  try {
    sockets.close(sockets.open(address, 0, BUFFER_BYTES).fd)
    return true
  } catch {
    return false
  }
}

function testFamily(libc: Libc, address: string): string | undefined {
  const sockets = new Sockets(libc)
  const server = sockets.open(address, 0, BUFFER_BYTES, true)
  const client = sockets.open(address, 0, BUFFER_BYTES, false)
  // The loopback may be narrower than the longest datagram.
  for (const { fd, isV6 } of [server, client]) sockets.allowFragments(fd, isV6)
  try {
    return exchange(new Exchange(libc, server, client))
  } finally {
    sockets.close(server.fd)
    sockets.close(client.fd)
  }
}

function exchange(test: Exchange): string | undefined {
  return test.ask() ?? test.checkQuestions() ?? test.answer() ?? test.checkAnswers()
}

/** One batch from a client to a server and back; each step tells what is wrong. */
class Exchange {
  readonly #libc: Libc
  readonly #server: BatchSocket
  readonly #client: BatchSocket
  readonly #received: ReceiveTable
  readonly #send: SendTable
  /** The client's: its slots hold what it sends, and to whom. */
  readonly #asked: ReceiveTable

  constructor(libc: Libc, server: BatchSocket, client: BatchSocket) {
    this.#libc = libc
    this.#server = server
    this.#client = client
    this.#received = new ReceiveTable(libc, server.isV6)
    this.#asked = new ReceiveTable(libc, server.isV6)
    this.#send = new SendTable(libc, true)
  }

  ask(): string | undefined {
    this.#send.canSegment = false
    this.#send.begin()
    for (const [i, size] of SIZES.entries()) {
      this.#asked.slots.bytes.fill(i + 1, i * STRIDE, i * STRIDE + size)
      this.#putServer(i)
      this.#send.add(this.#asked, i, size, true)
    }
    return this.#sendAll(this.#client, this.#asked, 3)
  }

  checkQuestions(): string | undefined {
    const count = this.#receive(this.#server, this.#received)
    if (count !== SIZES.length) return `of 3 datagrams ${count} came`
    for (const [i, size] of SIZES.entries()) {
      const received = this.#received
      const at = i * STRIDE
      const octets = received.slots.bytes.subarray(at, at + size)
      if (received.lengthOf(i) !== size || received.isTruncated(i)) return 'a length is wrong'
      if (octets.some((octet) => octet !== i + 1)) return 'a datagram was mangled'
      if (received.portOf(i) !== this.#client.port) return 'a sender is wrong'
      if (received.turnInfo(i) === 0 || !this.#isLoopback(i)) return 'a destination is wrong'
    }
    return undefined
  }

  /** Three equal answers, as one message where the kernel can cut it; else one by one. */
  answer(): string | undefined {
    this.#send.canSegment = true
    this.#send.begin()
    for (const i of SIZES.keys()) {
      this.#send.output.fill(i + 11, i * STRIDE, i * STRIDE + ANSWER_BYTES)
      this.#send.add(this.#received, i, ANSWER_BYTES, false)
    }
    const fault = this.#sendAll(this.#server, this.#received, 1)
    if (fault === undefined) return undefined
    this.#send.split(this.#received, 0)
    return this.#sendSealed(this.#server, 3)
  }

  checkAnswers(): string | undefined {
    let count = 0
    while (count < SIZES.length) {
      const more = this.#receive(this.#client, this.#asked)
      for (let i = 0; i < more; i++) {
        const at = i * STRIDE
        const octets = this.#asked.slots.bytes.subarray(at, at + ANSWER_BYTES)
        const isWhole = this.#asked.lengthOf(i) === ANSWER_BYTES
        if (!isWhole || octets.some((octet) => octet !== count + i + 11))
          return 'an answer is wrong'
        if (this.#asked.portOf(i) !== this.#server.port) return 'an answer has another sender'
      }
      if (more === 0) return `of 3 answers ${count} came`
      count += more
    }
    return areBlocksIntact() && this.#received.isIntact ? undefined : 'memory was overwritten'
  }

  #sendAll(from: BatchSocket, table: ReceiveTable, messages: number): string | undefined {
    this.#send.seal(table)
    return this.#sendSealed(from, messages)
  }

  #sendSealed(from: BatchSocket, messages: number): string | undefined {
    const { functions, errno } = this.#libc
    const address = this.#send.addressOf(0)
    const sent = functions.sendmmsg(from.fd, address, this.#send.count, SYS.MSG_DONTWAIT)
    if (sent === messages) return undefined
    return sent < 0 ? `sending: errno ${errno()}` : `of ${messages} messages ${sent} went`
  }

  #receive(on: BatchSocket, table: ReceiveTable): number {
    const { functions } = this.#libc
    const wait = new LoopWait(this.#libc)
    wait.watch([on.fd])
    table.expectInfo(on.hasInfo)
    const deadline = performance.now() + WAIT_MS
    do {
      wait.wait(10)
      const count = functions.recvmmsg(on.fd, table.address, BATCH, SYS.MSG_DONTWAIT, 0n)
      if (count > 0) return count
    } while (performance.now() < deadline)
    return 0
  }

  #putServer(i: number): void {
    const { view, bytes } = this.#asked.names
    const at = this.#asked.nameAt(i)
    const { isV6, port } = this.#server
    view.setUint16(at + SOCKADDR.FAMILY, isV6 ? SYS.AF_INET6 : SYS.AF_INET, true)
    view.setUint16(at + SOCKADDR.PORT, port)
    if (isV6) bytes[at + SOCKADDR.V6_ADDRESS + 15] = 1
    else view.setUint32(at + SOCKADDR.V4_ADDRESS, 0x7f00_0001)
  }

  /** Whether the server was told that it was asked at its loopback address. */
  #isLoopback(i: number): boolean {
    const { view, bytes } = this.#received.controls
    const at = this.#received.controlAt(i) + CMSG.DATA
    if (!this.#server.isV6) return view.getUint32(at + 4) === 0x7f00_0001
    const address = bytes.subarray(at, at + 16)
    return address.every((octet, k) => octet === (k === 15 ? 1 : 0))
  }
}
