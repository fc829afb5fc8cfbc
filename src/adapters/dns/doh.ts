import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { maxAgeOf } from '../../core/dns/answer/max-age.ts'
import type { Responder } from '../../core/dns/answer/responder.ts'
import { PROTOS } from '../../core/dns/counters.ts'
import type { Reader } from '../../core/dns/table/memory.ts'
import { setClient } from './client-address.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { DohBodies } from './doh-bodies.ts'
import { DohConnections, keyOf } from './doh-connections.ts'
import { BODY_BYTES_MAX, readRequest } from './doh-request.ts'
import { NOTHING_GIVEN, type Forwarding, type Given } from './forward/forwarding.ts'
import { listenOn } from './listen.ts'
import type { AnswerCounters } from './tell-answer.ts'
import { refuseRenegotiation, tlsOptions, type TlsIdentity } from './tls-identity.ts'
import type { TcpSettings } from './worker-data.ts'

const DOH = 3
const SWEEP_MS = 500
/** Requests of one connection at a time, as over TCP (dns.md §1.5). */
const STREAMS_MAX = 100
/** MB of one HTTP/2 session (reliability.md J2). */
const SESSION_MEMORY_MB = 8

export interface DohParts {
  readonly responder: Responder
  readonly reader: Reader
  readonly counters: AnswerCounters
  readonly settings: TcpSettings
  /** The responder's output: one message of any size. */
  readonly output: Uint8Array
  /** Absent: names that are not ours are refused. */
  readonly forwarding: Forwarding | undefined
}

/** A query and where its answer goes. */
interface Asked {
  readonly message: Uint8Array
  /** The address of the connection's other end. */
  readonly client: string
  readonly response: Http2ServerResponse
  /** ms; the clock of `performance`. */
  readonly started: number
}

/** DNS over HTTPS (RFC 8484) at `/dns-query`: HTTP/2, and HTTP/1.1 for those who know no better. */
export class DohFront {
  readonly #parts: DohParts
  readonly #limits: ConnectionLimits
  readonly #connections: DohConnections
  readonly #servers = new Map<string, Http2SecureServer>()
  readonly #sweeper: NodeJS.Timeout
  readonly #bodies: DohBodies
  #identity: TlsIdentity

  constructor(parts: DohParts, identity: TlsIdentity) {
    this.#parts = parts
    this.#identity = identity
    this.#limits = new ConnectionLimits(PROTOS[DOH], parts.settings, parts.counters)
    this.#connections = new DohConnections(this.#limits)
    this.#bodies = new DohBodies(parts.settings.messageMs)
    this.#sweeper = setInterval(() => {
      this.#connections.sweep()
      this.#bodies.sweep()
    }, SWEEP_MS)
  }

  get addresses(): readonly string[] {
    return [...this.#servers.keys()]
  }

  /** Opens a listener; rejects with the system's error. The answer is the port. */
  async listen(address: string, port: number): Promise<number> {
    const server = createSecureServer({
      ...tlsOptions(this.#identity),
      allowHTTP1: true,
      handshakeTimeout: this.#parts.settings.messageMs,
      maxSessionMemory: SESSION_MEMORY_MB,
      settings: { maxConcurrentStreams: STREAMS_MAX, enablePush: false },
    })
    server.prependListener('connection', (socket) => this.#connections.add(socket))
    server.on('secureConnection', refuseRenegotiation)
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.on('session', (session) => session.on('error', () => session.destroy()))
    server.on('request', (request, response) => this.#receive(request, response))
    const bound = await listenOn(server, address, port)
    server.on('error', () => this.#limits.countRefused())
    this.#servers.set(address, server)
    return bound
  }

  /** No new connections on this address; the open ones go on. */
  close(address: string): void {
    this.#servers.get(address)?.close()
    this.#servers.delete(address)
  }

  stop(): void {
    clearInterval(this.#sweeper)
    for (const address of this.addresses) this.close(address)
    this.#connections.destroyAll()
  }

  setIdentity(identity: TlsIdentity): void {
    this.#identity = identity
    for (const server of this.#servers.values()) server.setSecureContext(tlsOptions(identity))
  }

  #receive(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const key = keyOf(request.socket)
    this.#connections.begin(request.socket)
    response.once('close', () => this.#connections.end(key))
    // A client that goes away is no event.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    // By the connection alone: what a header says of its origin anybody can write.
    const client = request.socket.remoteAddress ?? ''
    const asked = readRequest(request)
    const started = performance.now()
    if (asked.kind === 'message')
      this.#answer({ message: asked.message, client, response, started }, NOTHING_GIVEN)
    else if (asked.kind === 'refused') refuse(response, asked.status)
    else this.#readBody(request, response, client)
  }

  #readBody(request: Http2ServerRequest, response: Http2ServerResponse, client: string): void {
    const body = this.#bodies.begin(client, () => {
      this.#limits.countTimeout()
      cut(request)
    })
    if (body === undefined) {
      refuse(response, 503)
      return
    }
    response.once('close', () => this.#bodies.end(body))
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_BYTES_MAX) chunks.push(chunk)
      else if (!response.headersSent) refuse(response, 413)
    })
    request.on('end', () => {
      this.#bodies.end(body)
      if (response.headersSent) return
      const message = Buffer.concat(chunks)
      const started = performance.now()
      this.#answer({ message, client, response, started }, NOTHING_GIVEN)
    })
  }

  #answer(asked: Asked, given: readonly Given[]): void {
    const { responder, reader, counters, forwarding } = this.#parts
    const { message, client, response, started } = asked
    // The client may have gone while others were asked.
    if (response.writableEnded || response.destroyed) return
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
    responder.client.isTcp = true
    responder.client.isEncrypted = true
    setClient(responder.client, client)
    forwarding?.prepare(responder.client, performance.now(), given)
    reader.enter()
    const length = responder.respond(view, 0, message.length, 0)
    reader.leave()
    if (length <= 0) {
      // A zone is no single message: whoever may have it asks over TCP or TLS.
      if (length === 0) counters.add('drop_response', 1)
      refuse(response, length === 0 ? 400 : 501)
      return
    }
    if (forwarding?.postpone(client, given, (more) => this.#answer(asked, more))) return
    counters.tell(responder, DOH, message.length, length, (performance.now() - started) / 1000)
    this.#send(response, length)
  }

  #send(response: Http2ServerResponse, length: number): void {
    const { responder, output } = this.#parts
    response.writeHead(200, {
      'content-type': 'application/dns-message',
      'content-length': length,
      'cache-control': `max-age=${maxAgeOf(responder.message.view, 0, responder.rcode)}`,
    })
    // The output is used again at once.
    response.end(Buffer.from(output.subarray(0, length)))
  }
}

function refuse(response: Http2ServerResponse, status: number): void {
  const allow = status === 405 ? { allow: 'GET, POST' } : {}
  response.writeHead(status, { 'content-length': 0, ...allow })
  response.end()
}

/** Of HTTP/2 the one stream, of HTTP/1.1 the connection, which has nothing else. */
function cut(request: Http2ServerRequest): void {
  if (request.httpVersionMajor === 2) request.stream.close(constants.NGHTTP2_CANCEL)
  else request.socket.destroy()
}
