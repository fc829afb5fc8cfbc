import { createServer, type Server, type Socket } from 'node:net'
import { PROTOS } from '../../core/dns/counters.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { listenOn } from './listen.ts'
import { TcpConnection, type TcpParts } from './tcp-connection.ts'

const SWEEP_MS = 500

/**
 * What a listener calls: `admit` with every connection, and with one that was admitted and is ready
 * for messages `serve`.
 */
export interface Doors {
  admit(socket: Socket): boolean
  serve(socket: Socket): void
}

/**
 * DNS over TCP (RFC 7766) or over TLS on it: listeners of one worker, limits and time-outs of their
 * connections.
 */
export class TcpFront {
  readonly #parts: TcpParts
  readonly #openServer: (doors: Doors) => Server
  readonly #limits: ConnectionLimits
  readonly #servers = new Map<string, Server>()
  readonly #connections = new Set<TcpConnection>()
  readonly #sweeper: NodeJS.Timeout

  constructor(parts: TcpParts, openServer: (doors: Doors) => Server = openPlain) {
    this.#parts = parts
    this.#openServer = openServer
    this.#limits = new ConnectionLimits(PROTOS[parts.proto], parts.settings, parts.counters)
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  /** Opens a listener; rejects with the system's error. The answer is the port. */
  async listen(address: string, port: number): Promise<number> {
    const server = this.#openServer({
      admit: (socket) => this.#limits.admit(socket),
      serve: (socket) => this.#serve(socket),
    })
    const bound = await listenOn(server, address, port)
    server.on('error', () => this.#limits.countRefused())
    this.#servers.set(address, server)
    return bound
  }

  get addresses(): readonly string[] {
    return [...this.#servers.keys()]
  }

  /** No new connections on this address; the open ones go on. */
  close(address: string): void {
    this.#servers.get(address)?.close()
    this.#servers.delete(address)
  }

  /** Ends all: listeners at once, connections after what they were asked. */
  stop(): void {
    clearInterval(this.#sweeper)
    for (const address of this.addresses) this.close(address)
    for (const connection of this.#connections) connection.end()
  }

  #serve(socket: Socket): void {
    const connection = new TcpConnection(socket, this.#parts, performance.now())
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  #sweep(): void {
    const { idleMs, messageMs } = this.#limits
    const now = performance.now()
    for (const connection of this.#connections) {
      if (!connection.isLate(now, idleMs, messageMs)) continue
      this.#limits.countTimeout()
      connection.destroy()
    }
  }
}

function openPlain(doors: Doors): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    if (doors.admit(socket)) doors.serve(socket)
  })
}
