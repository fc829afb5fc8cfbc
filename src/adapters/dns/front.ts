import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { CairnError } from '../../kernel/errors.ts'
import { COUNTER_SLOTS, readScalar } from '../../core/dns/counters.ts'
import { dropReader, type TableMemory } from '../../core/dns/table/memory.ts'
import { READERS_MAX } from '../../core/dns/table/layout.ts'
import type { Telemetry } from '../../engine/ports.ts'
import { expandListen, hasWildcard } from './local-addresses.ts'
import type { LoopNews } from './forward/forward-data.ts'
import { QueryLog } from './query-log.ts'
import { PortTaken, probePort, probeTcp } from './probe-port.ts'
import type { TlsIdentity } from './tls-identity.ts'
import type { FromDesk } from './transfer/words.ts'
import type { TransferServer } from './transfer/transfer-server.ts'
import { UnboundAddresses } from './unbound-addresses.ts'
import type {
  BatchSocket,
  BindFailure,
  FromWorker,
  Ports,
  ToWorker,
  WorkerData,
} from './worker-data.ts'

/** A worker that died is replaced after this. */
const RESTART_MS = 100
/** How often a wildcard is looked up again: addresses come and go. */
const RESCAN_MS = 5_000
/** A worker that does not end by itself is ended. */
const STOP_MS = 2_000

export interface DnsFrontOptions {
  readonly workers: number
  readonly listen: readonly string[]
  readonly ports: Ports
  readonly memory: TableMemory
  readonly telemetry: Pick<Telemetry, 'event'>
  /** What every worker gets; the rest is made here. */
  readonly shared: Omit<
    WorkerData,
    'worker' | 'table' | 'counters' | 'seed' | 'queryLog' | 'inherited'
  >
  /** One answer of so many is logged; 0: none. */
  readonly logSample: number
  /** Absent when nobody may have a zone: then no worker asks. */
  readonly transfers?: Pick<TransferServer, 'handle' | 'forget'>
  /** One seed per worker start. */
  readonly seed: () => number
}

type Listening = Extract<FromWorker, { readonly kind: 'listening' }>
type Start = Pick<PromiseWithResolvers<Ports>, 'resolve' | 'reject'>

interface Running {
  readonly worker: Worker
  readonly number: number
}

/** The DNS workers: starts them, tells them where to listen, replaces the dead. */
export class DnsFront {
  readonly #options: DnsFrontOptions
  readonly #counters: readonly SharedArrayBuffer[]
  #shared: DnsFrontOptions['shared']
  readonly #running = new Map<number, Running>()
  #listen: readonly string[]
  #addresses: readonly string[]
  #ports: Ports
  readonly #unbound: UnboundAddresses
  #rescan: NodeJS.Timeout | undefined
  readonly #queryLog: QueryLog | undefined
  /** Of each worker; they outlive it. */
  readonly #sockets = new Map<number, readonly BatchSocket[]>()
  #isStopping = false

  constructor(options: DnsFrontOptions) {
    this.#options = options
    this.#listen = options.listen
    this.#addresses = expandListen(options.listen)
    this.#ports = options.ports
    this.#unbound = new UnboundAddresses(options.telemetry)
    this.#shared = options.shared
    this.#counters = Array.from(
      { length: Math.min(options.workers, READERS_MAX) },
      () => new SharedArrayBuffer(COUNTER_SLOTS * 8),
    )
    const { logSample, telemetry } = options
    this.#queryLog = logSample > 0 ? new QueryLog(this.#counters.length, telemetry) : undefined
  }

  /** Resolves when every worker listens on every address; rejects with what stands in the way. */
  async start(): Promise<void> {
    await this.#dropAbsentLoopback()
    for (const address of this.#addresses) await this.#probe(address)
    // The first worker settles the port, if it is free to choose.
    for (const number of this.#counters.keys()) await this.#startWorker(number)
    if (!hasWildcard(this.#listen)) return
    this.#rescan = setInterval(() => this.#followAddresses(), RESCAN_MS)
    this.#rescan.unref()
  }

  get port(): number {
    return this.#ports.dns
  }

  get ports(): Ports {
    return this.#ports
  }

  /** New connections are shown this certificate, also after a worker is replaced. */
  setIdentity(identity: TlsIdentity): void {
    this.#shared = { ...this.#shared, tls: identity }
    this.#sendAll({ kind: 'tls', identity })
  }

  /** Cookies are made with the first secret and believed with all. */
  setSecrets(secrets: readonly Uint8Array[]): void {
    this.#shared = { ...this.#shared, gate: { ...this.#shared.gate, secrets } }
    this.#sendAll({ kind: 'cookies', secrets })
  }

  /** As they were asked for: wildcards, too. */
  get listening(): readonly string[] {
    return this.#listen
  }

  /** What carries UDP. */
  get engine(): string {
    return this.#shared.udp.engine
  }

  /** Counters of the workers, in their order; live memory. */
  get counters(): readonly Float64Array[] {
    return this.#counters.map((buffer) => new Float64Array(buffer))
  }

  /** Whether every worker said within `ms` that it lives. */
  isAlive(nowMs: number, ms: number): boolean {
    return readScalar(this.counters, 'alive_ms').every((aliveMs) => nowMs - aliveMs < ms)
  }

  /** Closes the sockets after what they received is answered. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#rescan)
    await Promise.all([...this.#running.values()].map((running) => this.#stopWorker(running)))
    this.#queryLog?.[Symbol.dispose]()
    // What workers that died have left behind.
    for (const sockets of this.#sockets.values()) for (const { fd } of sockets) closeSync(fd)
    this.#sockets.clear()
  }

  /** ::1 is asked for by default and absent where IPv6 is off: that is no mistake. */
  async #dropAbsentLoopback(): Promise<void> {
    if (!this.#addresses.includes('::1') || this.#addresses.length === 1) return
    try {
      await probePort('::1', 0)
    } catch {
      this.#listen = this.#listen.filter((address) => address !== '::1')
      this.#addresses = this.#addresses.filter((address) => address !== '::1')
    }
  }

  async #startWorker(number: number): Promise<void> {
    const counters = this.#counters[number]
    if (counters === undefined) return
    const workerData: WorkerData = {
      ...this.#shared,
      worker: number,
      table: this.#options.memory.buffer,
      counters,
      seed: this.#options.seed(),
      queryLog: this.#logOf(number),
      inherited: this.#sockets.get(number) ?? [],
    }
    // The name is the thread's, too: `top -H` and `perf` show it.
    const name = `dns-${number}`
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name })
    const running = { worker, number }
    this.#running.set(number, running)
    worker.on('error', (error) => this.#tellDeath(number, error))
    worker.on('exit', () => this.#restart(running))
    const listening = Promise.withResolvers<Ports>()
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') this.#judge(running, message, listening)
      else if (message.kind === 'sockets') this.#sockets.set(number, message.sockets)
      else if (message.kind === 'realtime_refused') this.#tellRefusal(number, message.code)
      else if (message.kind === 'upstream_loop') this.#tellLoop(number, message)
      else if (message.kind !== 'stopped') this.#passOn(running, message)
    })
    worker.on('exit', () => listening.reject(new CairnError('internal', 'a DNS worker ended')))
    this.#send(worker, this.#toListen())
    this.#ports = await listening.promise
  }

  #toListen(): ToWorker {
    const wildcards = this.#listen.filter((address) => hasWildcard([address]))
    return { kind: 'listen', addresses: this.#addresses, wildcards, ports: this.#ports }
  }

  #logOf(number: number): WorkerData['queryLog'] {
    const ring = this.#queryLog?.rings[number]
    return ring && { ring, sample: this.#options.logSample }
  }

  /** Rejects with the setting to change. */
  async #probe(address: string): Promise<void> {
    const { dns, dot, doh } = this.#ports
    const doors = [
      ['dns.port', dns, probePort],
      ['dns.dot_port', dot, probeTcp],
      ['dns.doh_port', doh, probeTcp],
    ] as const
    for (const [setting, port, probe] of doors) {
      if (port === undefined) continue
      try {
        await probe(address, port)
      } catch (error) {
        throw new PortTaken(setting, address, port, error)
      }
    }
  }

  #sendAll(message: ToWorker): void {
    for (const { worker } of this.#running.values()) this.#send(worker, message)
  }

  #send(worker: Worker, message: ToWorker, moved: readonly ArrayBuffer[] = []): void {
    worker.postMessage(message, moved)
  }

  #passOn({ worker, number }: Running, message: FromDesk): void {
    this.#options.transfers?.handle(number, message, (reply, moved) => {
      this.#send(worker, reply, moved)
    })
  }

  #tellRefusal(worker: number, code: string): void {
    this.#options.telemetry.event('warn', 'dns_realtime_refused', { worker, code })
  }

  /** An upstream that leads back to us: no harm while it is left out, but it will not help. */
  #tellLoop(worker: number, { upstream, how }: LoopNews): void {
    this.#options.telemetry.event('warn', 'dns_upstream_loop', { worker, upstream, how })
  }

  #tellDeath(worker: number, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.telemetry.event('error', 'dns_worker_died', { worker, message })
  }

  /** The others answer meanwhile: they share memory and port. */
  #restart(running: Running): void {
    if (this.#running.get(running.number) === running) {
      this.#running.delete(running.number)
      // It may be long until another listens in its place; what it was reading need not wait.
      dropReader(this.#options.memory, running.number)
    }
    this.#options.transfers?.forget(running.number)
    if (this.#isStopping) return
    setTimeout(() => {
      if (this.#isStopping) return
      this.#startWorker(running.number).catch((error: unknown) => {
        this.#tellDeath(running.number, error)
        // One that lives but cannot listen, say because its port was taken meanwhile, is no use:
        // when it has ended, the next one tries.
        void this.#running.get(running.number)?.worker.terminate()
      })
    }, RESTART_MS)
  }

  /**
   * At the start every address is a must; afterwards, of a wildcard, those that can be had. The
   * look for new addresses tries the others again.
   */
  #judge({ number }: Running, { ports, failed }: Listening, start: Start): void {
    const [first] = failed
    const isFollowing = this.#rescan !== undefined
    if (isFollowing) this.#unbound.tell(number, failed)
    const isUseful = isFollowing && failed.length < this.#addresses.length
    if (first === undefined || isUseful) start.resolve(ports)
    else start.reject(portError(first))
  }

  #followAddresses(): void {
    const addresses = expandListen(this.#listen)
    const isSame =
      addresses.length === this.#addresses.length &&
      addresses.every((address) => this.#addresses.includes(address))
    if (isSame && this.#unbound.size === 0) return
    this.#addresses = addresses
    if (!isSame) {
      const facts = { addresses: addresses.join(' ') }
      this.#options.telemetry.event('info', 'dns_addresses_changed', facts)
    }
    this.#sendAll(this.#toListen())
  }

  async #stopWorker({ worker }: Running): Promise<void> {
    const stopped = Promise.withResolvers<void>()
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'stopped') stopped.resolve()
    })
    worker.on('exit', () => stopped.resolve())
    const deadline = setTimeout(stopped.resolve, STOP_MS)
    this.#send(worker, { kind: 'stop' })
    await stopped.promise
    clearTimeout(deadline)
    await worker.terminate()
  }
}

function portError({ address, port, code }: BindFailure): CairnError {
  return new CairnError('unavailable', `dns: ${address}:${port} cannot be bound: ${code}`)
}
