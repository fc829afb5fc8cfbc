import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { DnsFront } from '../adapters/dns/front.ts'
import { expandListen } from '../adapters/dns/local-addresses.ts'
import type { Admission } from '../adapters/http/admission.ts'
import { DEFAULT_HTTP_LIMITS, type HttpFront, type Readiness } from '../adapters/http/front.ts'
import { createHttpServer } from '../adapters/http/server.ts'
import type { Log } from '../adapters/telemetry/log.ts'
import type { Metrics } from '../adapters/telemetry/metrics.ts'
import type { Explainer } from '../core/dns/explain/explainer.ts'
import type { OperatorCounts } from '../core/nacos/encode-operator.ts'
import type { Member } from '../engine/member.ts'
import type { Clock } from '../engine/ports.ts'
import { InvariantError } from '../kernel/errors.ts'
import type { Listening } from './banner.ts'
import type { Build } from './cli.ts'
import { PortError } from './failure.ts'
import { selfHost } from './self-host.ts'
import type { Settings } from './settings/settings.ts'

/** DNS workers say every 250 ms that they live; silence above this is a stall. */
const WORKER_SILENT_MS = 5_000
/** What a request that is under way may still take when the server stops. */
const UNDER_WAY_MS = 2_000
/** Free ports tried until one is free on all addresses. */
const TRIES_MAX = 10

export interface HttpListenersOptions {
  readonly settings: Settings
  readonly build: Build
  readonly log: Log
  readonly member: Member
  readonly clock: Clock
  readonly metrics: Metrics
  readonly admission: Admission
  readonly dns: DnsFront
  readonly explainer: Explainer
  readonly onFault: (error: unknown) => void
}

type HttpServer = ReturnType<typeof createHttpServer>

/** The HTTP front on every address of `server.listen`. */
export class HttpListeners {
  readonly #options: HttpListenersOptions
  readonly #servers: HttpServer[] = []
  readonly #addresses: string[] = []
  #port: number
  #isReady = false

  constructor(options: HttpListenersOptions) {
    this.#options = options
    this.#port = options.settings.http.port
  }

  get listening(): Listening {
    return { addresses: this.#addresses, port: this.#port }
  }

  setReady(isReady: boolean): void {
    this.#isReady = isReady
  }

  /** A port that is free on the first address may be taken on the next: then another one. */
  async start(): Promise<void> {
    const { port } = this.#options.settings.http
    for (let tries = 1; ; tries++) {
      try {
        await this.#listen()
        return
      } catch (error) {
        await this.stop()
        const isWorthIt = port === 0 && error instanceof PortError && error.code === 'EADDRINUSE'
        if (!isWorthIt || tries === TRIES_MAX) throw error
        this.#port = 0
      }
    }
  }

  async #listen(): Promise<void> {
    const listen = withoutCovered(this.#options.settings.server.listen)
    for (const address of listen) {
      // `::` is bound for IPv6 alone, so that 0.0.0.0 can stand beside it.
      const server = createHttpServer(this.#front())
      try {
        await server.listen({ host: address, port: this.#port, ipv6Only: address.includes(':') })
      } catch (error) {
        await server.close()
        if (isAbsentLoopback(address, error) && listen.length > 1) continue
        throw new PortError('http.port', address, this.#port, error)
      }
      this.#servers.push(server)
      this.#addresses.push(address)
      const bound = server.server.address()
      if (typeof bound === 'object' && bound !== null) this.#port = bound.port
    }
  }

  /** Requests that are under way are answered; one that takes too long is cut. */
  async stop(): Promise<void> {
    const servers = this.#servers.splice(0)
    this.#addresses.length = 0
    const cut = setTimeout(() => {
      for (const { server } of servers) server.closeAllConnections()
    }, UNDER_WAY_MS)
    await Promise.all(servers.map((server) => server.close()))
    clearTimeout(cut)
  }

  #front(): HttpFront {
    const { settings, build, member, clock, metrics, admission, log, explainer } = this.#options
    const { naming } = settings
    return {
      naming: member.naming,
      clock,
      admission,
      limits: {
        ...DEFAULT_HTTP_LIMITS,
        bodyBytesMax: settings.http.bodyMaxBytes,
        metadata: { keysMax: naming.metadataKeysMax, bytesMax: naming.metadataBytesMax },
      },
      version: build.version,
      selfAddress: this.#selfAddress(),
      livez: () => true,
      readiness: () => this.#readiness(),
      status: () => 'UP',
      counts: () => countsOf(member),
      explain: (question) => explainer.explain(question),
      metrics: () => metrics.render(),
      observe: metrics.observeHttp,
      fault: (error, route) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
        log.event('error', 'request_failed', { route, message })
        if (error instanceof InvariantError) this.#options.onFault(error)
      },
    }
  }

  /** What clients are told to connect to. */
  #selfAddress(): string {
    const { listen, name } = this.#options.settings.server
    const host = selfHost(listen, expandListen(['0.0.0.0', '::']), name)
    return host.includes(':') ? `[${host}]:${this.#port}` : `${host}:${this.#port}`
  }

  #readiness(): Readiness {
    const nowMs = performance.timeOrigin + performance.now()
    const reasons = [
      ...(this.#isReady ? [] : ['the server is starting or stopping']),
      ...(this.#options.dns.isAlive(nowMs, WORKER_SILENT_MS) ? [] : ['a DNS worker is silent']),
    ]
    return { ready: reasons.length === 0, reasons }
  }
}

/**
 * A wildcard binds all addresses of its family: one of them beside it would find the port taken.
 */
function withoutCovered(listen: readonly string[]): readonly string[] {
  return listen.filter((address) => {
    const wildcard = address.includes(':') ? '::' : '0.0.0.0'
    return address === wildcard || !listen.includes(wildcard)
  })
}

function isAbsentLoopback(address: string, error: unknown): boolean {
  if (address !== '::1' || !(error instanceof Error) || !('code' in error)) return false
  return error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
}

function countsOf(member: Member): OperatorCounts {
  let services = 0
  for (const namespace of member.naming.snapshot.namespaces.values()) {
    services += namespace.serviceCount
  }
  let ephemeralInstances = 0
  let persistentInstances = 0
  for (const [, kind, , count] of member.registry.tally.rows()) {
    if (kind === 'ephemeral') ephemeralInstances += count
    else persistentInstances += count
  }
  const load = loadavg()[0] ?? 0
  return {
    services,
    ephemeralInstances,
    persistentInstances,
    connections: 0,
    subscribers: 0,
    cpu: Math.min(1, load / availableParallelism()),
    load,
    mem: 1 - freemem() / totalmem(),
  }
}
