import { SOCKADDR, SYS, type Libc } from '../../../../src/adapters/dns/batch/libc.ts'
import { BATCH, ReceiveTable, STRIDE } from '../../../../src/adapters/dns/batch/receive-table.ts'
import { SendTable } from '../../../../src/adapters/dns/batch/send-table.ts'
import { Sockets } from '../../../../src/adapters/dns/batch/socket.ts'
import type { BatchSocket } from '../../../../src/adapters/dns/worker-data.ts'

const BUFFER_BYTES = 1 << 22

export interface Family {
  readonly isV6: boolean
  /** The server's socket is told where it was asked. */
  readonly hasInfo: boolean
}

/**
 * A server's socket and some clients' on loopback, without an engine: what is sent is there when
 * the call returns.
 */
export class Wire implements Disposable {
  readonly server: BatchSocket
  readonly clients: readonly BatchSocket[]
  readonly #libc: Libc
  readonly #sockets: Sockets
  readonly #asked: ReceiveTable
  readonly #asking: SendTable

  constructor(libc: Libc, clients: number, { isV6, hasInfo }: Family) {
    this.#libc = libc
    this.#sockets = new Sockets(libc)
    this.#asked = new ReceiveTable(libc, isV6)
    this.#asking = new SendTable(libc, false)
    const open = (info: boolean): BatchSocket =>
      this.#sockets.open(isV6 ? '::1' : '127.0.0.1', 0, BUFFER_BYTES, info)
    this.server = open(hasInfo)
    this.clients = Array.from({ length: clients }, () => open(false))
  }

  /** One datagram from a client to the port. */
  ask(client: number, message: Uint8Array, port: number = this.server.port): void {
    this.#asked.slots.bytes.set(message)
    this.#putAddress(port)
    this.#asking.begin()
    this.#asking.add(this.#asked, 0, message.length, true)
    this.#asking.seal(this.#asked)
    const lost = this.#asking.flush(this.clients[client]?.fd ?? -1, this.#asked)
    if (lost > 0) throw new Error('a question did not go')
  }

  /** Receives what the server was sent, a batch of it at most. */
  receive(table: ReceiveTable): number {
    table.expectInfo(this.server.hasInfo)
    return this.#receive(this.server.fd, table)
  }

  /** All that waits for a client: the octets of each datagram, as a text of one octet each. */
  heard(client: number): string[] {
    const heard: string[] = []
    const table = this.#asked
    for (let count = BATCH; count > 0;) {
      count = this.#receive(this.clients[client]?.fd ?? -1, table)
      for (let i = 0; i < count; i++) {
        if (table.isTruncated(i)) throw new Error('a datagram was longer than any answer')
        if (table.portOf(i) !== this.server.port) throw new Error('somebody else answered')
        const at = i * STRIDE
        const octets = table.slots.bytes.subarray(at, at + table.lengthOf(i))
        heard.push(Buffer.from(octets).toString('latin1'))
      }
    }
    return heard
  }

  [Symbol.dispose](): void {
    for (const { fd } of [this.server, ...this.clients]) this.#sockets.close(fd)
  }

  #receive(fd: number, table: ReceiveTable): number {
    const { functions } = this.#libc
    return Math.max(0, functions.recvmmsg(fd, table.address, BATCH, SYS.MSG_DONTWAIT, 0n))
  }

  #putAddress(port: number): void {
    const { view, bytes } = this.#asked.names
    const { isV6 } = this.server
    bytes.fill(0, 0, SOCKADDR.V6_SIZE)
    view.setUint16(SOCKADDR.FAMILY, isV6 ? SYS.AF_INET6 : SYS.AF_INET, true)
    view.setUint16(SOCKADDR.PORT, port)
    if (isV6) bytes[SOCKADDR.V6_ADDRESS + 15] = 1
    else view.setUint32(SOCKADDR.V4_ADDRESS, 0x7f00_0001)
  }
}
