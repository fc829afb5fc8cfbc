import { parentPort, workerData } from 'node:worker_threads'
import { SeededRng, type Rng } from '../../kernel/rng.ts'
import { Gate } from '../../core/dns/abuse/gate.ts'
import type { Client } from '../../core/dns/answer/client.ts'
import { FastPath } from '../../core/dns/answer/fast-path.ts'
import { Responder } from '../../core/dns/answer/responder.ts'
import { makeSpellings } from '../../core/dns/answer/respell.ts'
import { Cookies } from '../../core/dns/cookie/cookies.ts'
import { OwnNames } from '../../core/dns/forward/own-names.ts'
import { QueryLogWriter } from '../../core/dns/query-log/ring.ts'
import { HEADER } from '../../core/dns/table/layout.ts'
import { openTable, Reader, type TableMemory } from '../../core/dns/table/memory.ts'
import { DohFront } from './doh.ts'
import { DotFront } from './dot.ts'
import { Forwarding } from './forward/forwarding.ts'
import { TCP_OUTPUT_BYTES } from './tcp-connection.ts'
import { TcpFront } from './tcp.ts'
import type { TlsIdentity } from './tls-identity.ts'
import { AnswerCounters } from './tell-answer.ts'
import { TransferDesk } from './transfer/desk.ts'
import { BatchFront } from './batch/batch-front.ts'
import { openLibc } from './batch/libc.ts'
import { goFirst } from './batch/realtime.ts'
import { DgramFront } from './dgram-front.ts'
import type { UdpEngine } from './udp-engine.ts'
import type { LoopNews } from './forward/forward-data.ts'
import type {
  BatchSocket,
  BindFailure,
  FromWorker,
  Ports,
  ToWorker,
  WorkerData,
} from './worker-data.ts'

/** How often the worker says that it lives and what serial it sees. */
const ALIVE_MS = 250
/** So long a worker that stops waits for upstreams that are being asked. */
const SETTLE_MS = 1_000
const DNS_PORT = 53

type ToListen = Extract<ToWorker, { readonly kind: 'listen' }>

/** A DNS worker: sockets of its own, answers from shared memory, no word with the main thread. */
class Worker {
  readonly #udp: UdpEngine
  /** Addresses that are listened on, by all transports. */
  readonly #open = new Set<string>()
  readonly #tcp: TcpFront
  readonly #dot: DotFront | undefined
  readonly #doh: DohFront | undefined
  readonly #cookies: Cookies
  readonly #forwarding: Forwarding | undefined
  readonly desk: TransferDesk = new TransferDesk(tell)
  readonly #alive: NodeJS.Timeout

  constructor(data: WorkerData) {
    const table = openTable(data.table)
    const reader = new Reader(table, data.worker)
    const spellings = makeSpellings(data.groupAliases, data.namespaceAliases)
    const transfer = { access: data.access, now: () => Math.floor(Date.now() / 1000) }
    this.#cookies = new Cookies(data.gate.secrets)
    const gate = new Gate(this.#cookies, data.gate.settings, data.gate.table)
    const settings = { ...data.responder, spellings, transfer, gate }
    const rng = new SeededRng(data.seed)
    const slots = new Float64Array(data.counters)
    const counters = new AnswerCounters(slots, openQueryLog(data, rng))
    this.#forwarding = openForwarding(data, table, reader)
    const forwarding = this.#forwarding
    const respond = (output: Uint8Array): Responder =>
      new Responder(table, settings, rng, output, forwarding?.foreign)
    const tcpOutput = new Uint8Array(TCP_OUTPUT_BYTES)
    const foreign = forwarding?.foreign
    const openFastPath = (client: Client, batch: number): FastPath =>
      new FastPath({ memory: table, settings, rng, client, foreign, batch })
    const shared = { reader, counters, forwarding }
    const udp = { ...shared, respond, openFastPath, gate, settings: data.udp }
    if (data.udp.isRealtime) becomeRealtime()
    this.#udp =
      data.udp.engine === 'batch'
        ? new BatchFront(udp, openLibc(), { inherited: data.inherited, onChange: tellSockets })
        : new DgramFront(udp)
    // One at a time writes: they share the responder and where it writes to.
    const responder = respond(tcpOutput)
    const { client } = responder
    const stream = {
      ...shared,
      responder,
      output: tcpOutput,
      outputView: new DataView(tcpOutput.buffer),
      fast: new FastPath({ memory: table, settings, rng, client, foreign, isTcp: true }),
      settings: data.tcp,
      desk: this.desk,
    }
    this.#tcp = new TcpFront({ ...stream, proto: 1 })
    this.#dot = data.tls && new DotFront({ ...stream, proto: 2 }, data.tls)
    this.#doh = data.tls && new DohFront(stream, data.tls)
    const tellAlive = (): void => {
      const nowMs = performance.timeOrigin + performance.now()
      this.#cookies.unixSeconds = Math.floor(nowMs / 1_000)
      counters.set('alive_ms', nowMs)
      this.#udp.tellLosses()
      counters.set('serial_seen', Atomics.load(table.words, HEADER.SERIAL >> 2) >>> 0)
    }
    // At once: a server that has just started is ready.
    tellAlive()
    this.#alive = setInterval(tellAlive, ALIVE_MS)
  }

  /** Makes the open sockets those of `addresses`; one that cannot be bound stops no other. */
  async listen({ addresses, wildcards, ports }: ToListen): Promise<void> {
    const wanted = new Set(addresses)
    let bound = ports
    for (const wildcard of this.#usable(wildcards, ports)) {
      const covered = addresses.filter((one) => one.includes(':') === wildcard.includes(':'))
      const taken = await this.#openWildcard(wildcard, covered, bound)
      if (taken === undefined) continue
      bound = taken
      wanted.add(wildcard)
      for (const address of covered) wanted.delete(address)
    }
    for (const address of this.#open) if (!wanted.has(address)) this.#close(address)
    const failed: BindFailure[] = []
    for (const address of wanted) {
      if (this.#open.has(address)) continue
      try {
        bound = await this.#openAll(address, bound)
      } catch (error) {
        failed.push({ address, port: portOf(error) ?? bound.dns, code: codeOf(error) })
      }
    }
    this.#forwarding?.setOwn({ addresses, port: bound.dns })
    tell({ kind: 'listening', ports: bound, failed })
  }

  /** Port 53 of single addresses is others' to take: stubs, containers' servers (dns.md §6.9). */
  #usable(wildcards: readonly string[], { dns }: Ports): readonly string[] {
    return this.#udp.canAnswerFromAny && dns !== DNS_PORT ? wildcards : []
  }

  /**
   * One socket for all addresses of a family, also those that come later. Where a stranger has one
   * of them each has a socket of its own: undefined.
   */
  async #openWildcard(
    wildcard: string,
    covered: readonly string[],
    ports: Ports,
  ): Promise<Ports | undefined> {
    if (this.#open.has(wildcard)) return ports
    if (covered.some((address) => this.#open.has(address))) return undefined
    try {
      return await this.#openAll(wildcard, ports)
    } catch {
      return undefined
    }
  }

  /** What was received is answered; then the sockets close. */
  async stop(): Promise<void> {
    clearInterval(this.#alive)
    await this.#udp.drain()
    await this.#forwarding?.settle(SETTLE_MS)
    for (const address of this.#udp.addresses) this.#udp.close(address)
    this.#tcp.stop()
    this.#dot?.stop()
    this.#doh?.stop()
    this.#forwarding?.close()
    tell({ kind: 'stopped' })
  }

  /** New connections are shown this certificate. */
  setIdentity(identity: TlsIdentity): void {
    this.#dot?.setIdentity(identity)
    this.#doh?.setIdentity(identity)
  }

  setSecrets(secrets: readonly Uint8Array[]): void {
    this.#cookies.setSecrets(secrets)
  }

  /** By all transports, or by none: half of an address is none. */
  async #openAll(address: string, { dns, dot, doh }: Ports): Promise<Ports> {
    try {
      const bound = {
        dns: await this.#openPlain(address, dns),
        dot: dot === undefined ? undefined : await this.#dot?.listen(address, dot),
        doh: doh === undefined ? undefined : await this.#doh?.listen(address, doh),
      }
      this.#open.add(address)
      return bound
    } catch (error) {
      this.#close(address)
      throw error
    }
  }

  #close(address: string): void {
    this.#open.delete(address)
    this.#udp.close(address)
    this.#tcp.close(address)
    this.#dot?.close(address)
    this.#doh?.close(address)
  }

  /** UDP and TCP on one port; a free port of UDP may be taken in TCP, then another one is tried. */
  async #openPlain(address: string, port: number): Promise<number> {
    for (let tries = 0; ; tries++) {
      const bound = await this.#udp.listen(address, port)
      try {
        await this.#tcp.listen(address, bound)
        return bound
      } catch (error) {
        this.#udp.close(address)
        if (port !== 0 || tries === 9) throw error
      }
    }
  }
}

function openQueryLog({ queryLog }: WorkerData, rng: Rng): QueryLogWriter | undefined {
  return queryLog && new QueryLogWriter(queryLog.ring, queryLog.sample, rng)
}

function openForwarding(
  { forward, counters }: WorkerData,
  table: TableMemory,
  reader: Reader,
): Forwarding | undefined {
  if (forward === undefined) return undefined
  const own = new OwnNames(table)
  // Asked when an upstream has answered, never while a query is: the guard is free.
  const isOurs = (name: Uint8Array): boolean => {
    reader.enter()
    const found = own.has(name)
    reader.leave()
    return found
  }
  const slots = new Float64Array(counters)
  const hashKeys = [
    table.view.getInt32(HEADER.SEED, true),
    table.view.getInt32(HEADER.SEED + 4, true),
  ] as const
  return new Forwarding({ data: forward, hashKeys, slots, isOurs, onLoop: tellLoop })
}

function tellLoop(upstream: string, how: LoopNews['how']): void {
  tell({ kind: 'upstream_loop', upstream, how })
}

function becomeRealtime(): void {
  try {
    goFirst(openLibc())
  } catch (error) {
    tell({ kind: 'realtime_refused', code: codeOf(error) })
  }
}

function tellSockets(sockets: readonly BatchSocket[]): void {
  tell({ kind: 'sockets', sockets })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function portOf(error: unknown): number | undefined {
  return error instanceof Error && 'port' in error ? Number(error.port) : undefined
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message)
}

const worker = new Worker(workerData)
parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') void worker.stop()
  else if (message.kind === 'listen') void worker.listen(message)
  else if (message.kind === 'tls') worker.setIdentity(message.identity)
  else if (message.kind === 'cookies') worker.setSecrets(message.secrets)
  else worker.desk.handle(message)
})
