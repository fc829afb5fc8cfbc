import { SOCKADDR, SYS, type Libc } from '../../../../src/adapters/dns/batch/libc.ts'
import { BATCH, ReceiveTable, STRIDE } from '../../../../src/adapters/dns/batch/receive-table.ts'
import { SendTable } from '../../../../src/adapters/dns/batch/send-table.ts'
import { Sockets } from '../../../../src/adapters/dns/batch/socket.ts'
import type { BatchSocket } from '../../../../src/adapters/dns/worker-data.ts'

const BUFFER_BYTES = 1 << 22

/** Clients on loopback, of one family: what they send is there when the call returns. */
export class Clients implements Disposable {
  readonly open: readonly BatchSocket[]
  readonly #isV6: boolean
  readonly #libc: Libc
  readonly sockets: Sockets
  readonly #table: ReceiveTable
  readonly #send: SendTable

  /** One on each address. */
  constructor(libc: Libc, addresses: readonly string[]) {
    this.#libc = libc
    this.sockets = new Sockets(libc)
    this.#isV6 = addresses[0]?.includes(':') ?? false
    this.#table = new ReceiveTable(libc, this.#isV6)
    this.#send = new SendTable(libc, false)
    this.open = addresses.map((one) => this.sockets.open(one, 0, BUFFER_BYTES, false))
  }

  /** One datagram from a client to a port of 127.0.0.1 or ::1. */
  ask(client: number, message: Uint8Array, port: number): void {
    this.#table.slots.bytes.set(message)
    this.#putAddress(port)
    this.#send.begin()
    this.#send.add(this.#table, 0, message.length, true)
    this.#send.seal(this.#table)
    const lost = this.#send.flush(this.#fdOf(client), this.#table, this.sockets)
    if (lost > 0) throw new Error('a question did not go')
  }

  /** All that waits for a client; each datagram's octets are good until `take` returns. */
  hear(client: number, port: number, take: (octets: Uint8Array) => void): void {
    const table = this.#table
    const fd = this.#fdOf(client)
    for (let count = BATCH; count === BATCH;) {
      count = receiveBatch(this.#libc, fd, table)
      for (let i = 0; i < count; i++) {
        if (table.isTruncated(i)) throw new Error('a datagram was longer than any answer')
        if (table.portOf(i) !== port) throw new Error('somebody else answered')
        take(table.slots.bytes.subarray(i * STRIDE, i * STRIDE + table.lengthOf(i)))
      }
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.open) this.sockets.close(fd)
  }

  #fdOf(client: number): number {
    return this.open[client]?.fd ?? -1
  }

  #putAddress(port: number): void {
    const { view, bytes } = this.#table.names
    bytes.fill(0, 0, SOCKADDR.V6_SIZE)
    view.setUint16(SOCKADDR.FAMILY, this.#isV6 ? SYS.AF_INET6 : SYS.AF_INET, true)
    view.setUint16(SOCKADDR.PORT, port)
    if (this.#isV6) bytes[SOCKADDR.V6_ADDRESS + 15] = 1
    else view.setUint32(SOCKADDR.V4_ADDRESS, 0x7f00_0001)
  }
}

export interface Family {
  readonly isV6: boolean
  /** The server's socket is told where it was asked. */
  readonly hasInfo: boolean
}

/** A server's socket and some clients, without an engine. */
export class Wire implements Disposable {
  readonly server: BatchSocket
  readonly clients: Clients
  readonly #libc: Libc
  readonly sockets: Sockets

  constructor(libc: Libc, clients: number, { isV6, hasInfo }: Family) {
    this.#libc = libc
    this.sockets = new Sockets(libc)
    const address = isV6 ? '::1' : '127.0.0.1'
    this.server = this.sockets.open(address, 0, BUFFER_BYTES, hasInfo)
    this.clients = new Clients(libc, Array<string>(clients).fill(address))
  }

  ask(client: number, message: Uint8Array): void {
    this.clients.ask(client, message, this.server.port)
  }

  /** Receives what the server was sent, a batch of it at most. */
  receive(table: ReceiveTable): number {
    table.expectInfo(this.server.hasInfo)
    return receiveBatch(this.#libc, this.server.fd, table)
  }

  /** All that waits for a client: the octets of each datagram, as a text of one octet each. */
  heard(client: number): string[] {
    const heard: string[] = []
    const take = (octets: Uint8Array): void => {
      heard.push(Buffer.from(octets).toString('latin1'))
    }
    this.clients.hear(client, this.server.port, take)
    return heard
  }

  [Symbol.dispose](): void {
    this.sockets.close(this.server.fd)
    this.clients[Symbol.dispose]()
  }
}

function receiveBatch(libc: Libc, fd: number, table: ReceiveTable): number {
  const count = libc.functions.recvmmsg(fd, table.address, BATCH, SYS.MSG_DONTWAIT, 0n)
  return Math.max(0, count)
}
