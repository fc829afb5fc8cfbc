import type { Server } from 'node:net'
import { createServer, type Server as TlsServer } from 'node:tls'
import { TcpFront, type Doors } from './tcp.ts'
import type { TcpParts } from './tcp-connection.ts'
import { refuseRenegotiation, tlsOptions, type TlsIdentity } from './tls-identity.ts'

/** DNS over TLS (RFC 7858): the framing and the limits of TCP, behind a handshake. */
export class DotFront {
  readonly #tcp: TcpFront
  readonly #servers = new Set<TlsServer>()
  readonly #handshakeMs: number
  #identity: TlsIdentity

  constructor(parts: TcpParts, identity: TlsIdentity) {
    this.#identity = identity
    this.#handshakeMs = parts.settings.messageMs
    this.#tcp = new TcpFront(parts, (doors) => this.#open(doors))
  }

  get addresses(): readonly string[] {
    return this.#tcp.addresses
  }

  /** Opens a listener; rejects with the system's error. The answer is the port. */
  async listen(address: string, port: number): Promise<number> {
    return await this.#tcp.listen(address, port)
  }

  close(address: string): void {
    this.#tcp.close(address)
  }

  stop(): void {
    this.#tcp.stop()
  }

  /** From now on new connections are shown this one; the open ones go on. */
  setIdentity(identity: TlsIdentity): void {
    this.#identity = identity
    for (const server of this.#servers) server.setSecureContext(tlsOptions(identity))
  }

  #open(doors: Doors): Server {
    const server = createServer({
      ...tlsOptions(this.#identity),
      // A client that offers other protocols and not this one is turned away; none is fine, too.
      ALPNProtocols: ['dot'],
      handshakeTimeout: this.#handshakeMs,
    })
    // Before TLS: who is one too many costs no handshake.
    server.prependListener('connection', (socket) => doors.admit(socket))
    server.on('secureConnection', (socket) => {
      refuseRenegotiation(socket)
      // Only now: who leaves during the handshake must leave no place taken.
      socket.allowHalfOpen = true
      doors.serve(socket)
    })
    // A handshake that fails is the client's matter; its socket is destroyed by Node.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    return server
  }
}
