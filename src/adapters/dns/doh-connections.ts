import type { Socket } from 'node:net'
import type { ConnectionLimits } from './connection-limits.ts'

interface Connection {
  readonly socket: Socket
  /** Requests that are not answered in full. */
  busy: number
  /** When the first of them began, or the last one ended. */
  since: number
}

/**
 * The connections of DNS over HTTPS: silent and slow ones are closed. Requests know their
 * connection by the addresses and ports of both ends, for HTTP/2 hides the socket.
 */
export class DohConnections {
  readonly #limits: ConnectionLimits
  readonly #open = new Set<Connection>()
  /** Where requests look; the newest of each key. */
  readonly #byKey = new Map<string, Connection>()

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  /** False: there are too many, and it is closed. */
  add(socket: Socket): boolean {
    if (!this.#limits.admit(socket)) return false
    const key = keyOf(socket)
    const connection = { socket, busy: 0, since: performance.now() }
    this.#open.add(connection)
    this.#byKey.set(key, connection)
    socket.once('close', () => {
      this.#open.delete(connection)
      if (this.#byKey.get(key) === connection) this.#byKey.delete(key)
    })
    return true
  }

  begin(socket: Peer): void {
    const connection = this.#byKey.get(keyOf(socket))
    if (connection === undefined) return
    if (connection.busy++ === 0) connection.since = performance.now()
  }

  end(key: string): void {
    const connection = this.#byKey.get(key)
    if (connection === undefined) return
    connection.busy = Math.max(0, connection.busy - 1)
    connection.since = performance.now()
  }

  /** Closes what was silent, or takes too long over one request, or does not read its answer. */
  sweep(): void {
    const { idleMs, messageMs } = this.#limits
    const now = performance.now()
    for (const { socket, busy, since } of this.#open) {
      if (now - since <= (busy > 0 ? messageMs : idleMs)) continue
      this.#limits.countTimeout()
      socket.destroy()
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#open) socket.destroy()
  }
}

/** As much of a socket as HTTP/2 shows. */
export type Peer = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>

export function keyOf(peer: Peer): string {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = peer
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
