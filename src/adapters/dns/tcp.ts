import { createServer, type Server, type Socket } from 'node:net'
import { TcpConnection, type TcpParts } from './tcp-connection.ts'

const SWEEP_MS = 500
/** Above this share of the connections idle ones are given less time (dns.md §1.5). */
const CROWDED = 0.8
const CROWDED_IDLE_MS = 2_000

/** DNS over TCP (RFC 7766): listeners of one worker, limits and time-outs of their connections. */
export class TcpFront {
  readonly #parts: TcpParts
  readonly #servers = new Map<string, Server>()
  readonly #connections = new Set<TcpConnection>()
  readonly #perClient = new Map<string, number>()
  readonly #sweeper: NodeJS.Timeout

  constructor(parts: TcpParts) {
    this.#parts = parts
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  /** Opens a listener; rejects with the system's error. */
  async listen(address: string, port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    const bound = Promise.withResolvers<void>()
    server.once('error', bound.reject)
    const ipv6Only = address.includes(':')
    server.listen({ host: address, port, reusePort: true, ipv6Only }, () => bound.resolve())
    await bound.promise
    server.off('error', bound.reject)
    server.on('error', () => this.#parts.counters.add('tcp_refused', 1))
    this.#servers.set(address, server)
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

  #accept(socket: Socket): void {
    const { counters, settings } = this.#parts
    const client = socket.remoteAddress ?? ''
    const ofClient = this.#perClient.get(client) ?? 0
    const isFull = this.#connections.size >= settings.connectionsMax
    if (isFull || ofClient >= settings.connectionsPerClientMax) {
      counters.add('tcp_refused', 1)
      socket.destroy()
      return
    }
    const connection = new TcpConnection(socket, this.#parts, performance.now())
    this.#connections.add(connection)
    this.#perClient.set(client, ofClient + 1)
    counters.add('tcp_accepted', 1)
    counters.set('tcp_connections', this.#connections.size)
    socket.on('close', () => this.#forget(connection, client))
  }

  #forget(connection: TcpConnection, client: string): void {
    this.#connections.delete(connection)
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
    this.#parts.counters.set('tcp_connections', this.#connections.size)
  }

  #sweep(): void {
    const { settings, counters } = this.#parts
    const isCrowded = this.#connections.size > settings.connectionsMax * CROWDED
    const idleMs = isCrowded ? Math.min(CROWDED_IDLE_MS, settings.idleMs) : settings.idleMs
    const now = performance.now()
    for (const connection of this.#connections) {
      const { unfinishedSince, lastMessageAt } = connection
      const isSlow = unfinishedSince !== undefined && now - unfinishedSince > settings.messageMs
      if (!isSlow && now - lastMessageAt <= idleMs) continue
      counters.add('tcp_timeouts', 1)
      connection.destroy()
    }
  }
}
