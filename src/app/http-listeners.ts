import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { DnsFront } from '../adapters/dns/front.ts'
import { DEFAULT_HTTP_LIMITS, type HttpFront, type Readiness } from '../adapters/http/front.ts'
import { createHttpServer } from '../adapters/http/server.ts'
import type { Log } from '../adapters/telemetry/log.ts'
import type { Metrics } from '../adapters/telemetry/metrics.ts'
import type { OperatorCounts } from '../core/nacos/encode-operator.ts'
import type { Member } from '../engine/member.ts'
import type { Clock } from '../engine/ports.ts'
import { InvariantError } from '../kernel/errors.ts'
import type { Listening } from './banner.ts'
import type { Build } from './cli.ts'
import { PortError } from './failure.ts'
import type { Settings } from './settings/settings.ts'

/** DNS workers say every 250 ms that they live; silence above this is a stall. */
const WORKER_SILENT_MS = 5_000

export interface HttpListenersOptions {
  readonly settings: Settings
  readonly build: Build
  readonly log: Log
  readonly member: Member
  readonly clock: Clock
  readonly metrics: Metrics
  readonly dns: DnsFront
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

  async start(): Promise<void> {
    const { listen } = this.#options.settings.server
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

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
  }

  #front(): HttpFront {
    const { settings, build, member, clock, metrics, log } = this.#options
    const { naming } = settings
    return {
      naming: member.naming,
      clock,
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
      metrics: () => metrics.render(),
      observe: metrics.observeHttp,
      fault: (error, route) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
        log.event('error', 'request_failed', { route, message })
        if (error instanceof InvariantError) this.#options.onFault(error)
      },
    }
  }

  /** What clients are told to connect to: the first address that is one. */
  #selfAddress(): string {
    const { listen, name } = this.#options.settings.server
    const first = listen[0] ?? '127.0.0.1'
    const host = first === '0.0.0.0' || first === '::' ? name : first
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
