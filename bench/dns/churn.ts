import { HttpLine, registerPath } from './http-line.ts'
import { type Block, type Libc, MSG_DONTWAIT, openUdp } from './libc.ts'
import { addressOf, encodeQuery, nameService, type ServiceName } from './packets.ts'
import { Histogram, type Latency } from './tally.ts'

/**
 * Changes of the registry while queries are measured, from inside the generator's loop: a client
 * process of its own would share the generator's core, and its turns would count as latency.
 *
 * Two kinds: weight updates of served services at a given rate, and probes that tell how long a
 * change takes to be seen in a UDP answer.
 */

export interface ChurnOptions {
  readonly httpPort: number
  readonly perSecond: number
}

export interface ChurnResult {
  readonly changesPerSecond: number
  /** Not sent in time: all connections still waited for the server. */
  readonly skipped: number
  readonly httpErrors: number
  /** From sending the HTTP request to the first UDP answer that shows it, microseconds. */
  readonly registerVisible: Latency
  readonly updateVisible: Latency
  readonly probes: number
  /** Changes that no answer showed within some seconds. Any fails the run. */
  readonly unseen: number
}

const CONNECTIONS = 16
const PROBE_EVERY_MS = 25
/** Between two looks: finer than the latencies told, rarer than a load of its own. */
const LOOK_EVERY_MS = 0.1
const UNSEEN_AFTER_MS = 5_000

export class Churn {
  readonly #lines: readonly HttpLine[]
  readonly #names: number
  readonly #intervalMs: number
  readonly #probe: VisibilityProbe
  #changes = 0
  #skipped = 0
  #nextAt = 0
  #turn = 0

  constructor(libc: Libc, load: { port: number; names: number }, options: ChurnOptions) {
    this.#lines = Array.from({ length: CONNECTIONS }, () => new HttpLine(libc, options.httpPort))
    this.#names = load.names
    this.#intervalMs = 1_000 / options.perSecond
    this.#probe = new VisibilityProbe(libc, load.port, options.httpPort)
  }

  turn(now: number): void {
    for (const line of this.#lines) if (line.isBusy) line.receive()
    this.#probe.turn(now)
    if (this.#nextAt === 0) this.#nextAt = now
    if (now < this.#nextAt) return
    this.#nextAt += this.#intervalMs
    const line = this.#lines[this.#turn % CONNECTIONS]
    if (line === undefined || line.isBusy) {
      this.#skipped++
      this.#turn++
      return
    }
    // A prime step: no two neighbours after each other, all in the end.
    const service = 1 + ((this.#turn * 7_919) % this.#names)
    const weight = 1 + (this.#turn % 9)
    line.send(
      'PUT',
      `${registerPath(nameService(service), addressOf(service, 0))}&weight=${weight}`,
    )
    this.#turn++
    this.#changes++
  }

  startOver(): void {
    this.#changes = 0
    this.#skipped = 0
    this.#probe.startOver()
  }

  read(seconds: number): ChurnResult {
    const lines = [...this.#lines, this.#probe.line]
    return {
      changesPerSecond: Math.round(this.#changes / seconds),
      skipped: this.#skipped,
      httpErrors: lines.reduce((sum, line) => sum + line.errors, 0),
      registerVisible: this.#probe.registered.read(),
      updateVisible: this.#probe.updated.read(),
      probes: this.#probe.registered.count,
      unseen: this.#probe.unseen,
    }
  }

  close(): void {
    for (const line of this.#lines) line.close()
    this.#probe.close()
  }
}

type Phase = 'idle' | 'registering' | 'updating'

/** Registers a service nobody knew, looks until DNS answers it, changes its weight, looks again. */
class VisibilityProbe {
  readonly line: HttpLine
  registered: Histogram = new Histogram()
  updated: Histogram = new Histogram()
  unseen = 0
  readonly #look: Look
  #phase: Phase = 'idle'
  #startedAt = 0
  #nextAt = 0
  #turn = 0
  #weight = 0

  constructor(libc: Libc, dnsPort: number, httpPort: number) {
    this.line = new HttpLine(libc, httpPort)
    this.#look = new Look(libc, dnsPort)
  }

  startOver(): void {
    this.registered = new Histogram()
    this.updated = new Histogram()
  }

  close(): void {
    this.line.close()
    this.#look.close()
  }

  turn(now: number): void {
    if (this.line.isBusy) this.line.receive()
    if (this.#phase === 'idle') return this.#begin(now)
    const weight = this.#look.weight(now)
    if (now - this.#startedAt > UNSEEN_AFTER_MS) {
      this.unseen++
      this.#rest(now)
      return
    }
    if (weight !== this.#weight) return
    if (this.#phase === 'registering') {
      this.registered.addMs(performance.now() - this.#startedAt)
      this.#begin(now)
      return
    }
    this.updated.addMs(performance.now() - this.#startedAt)
    this.#rest(now)
  }

  /** The next change, as soon as it is time and the last request has been answered. */
  #begin(now: number): void {
    if (this.line.isBusy || (this.#phase === 'idle' && now < this.#nextAt)) return
    const isNew = this.#phase === 'idle'
    if (isNew) this.#turn++
    const service = nameService(this.#turn, 'look')
    if (isNew) this.#look.at(service)
    this.#weight = isNew ? 3 : 7
    const path = `${registerPath(service, '10.250.0.1')}&weight=${this.#weight}`
    this.#startedAt = performance.now()
    this.line.send(isNew ? 'POST' : 'PUT', path)
    this.#phase = isNew ? 'registering' : 'updating'
  }

  #rest(now: number): void {
    this.#phase = 'idle'
    this.#nextAt = now + PROBE_EVERY_MS
  }
}

const BUFFER_BYTES = 1280
const QUERY_BYTES = 128
const SRV = 33

/** Asks one name for SRV again and again, and reads the weight in the first answer. */
class Look {
  readonly #libc: Libc
  readonly #fd: number
  readonly #query: Block
  readonly #answer: Block
  #length = 0
  #id = 0
  #askedAt = 0

  constructor(libc: Libc, port: number) {
    this.#libc = libc
    this.#fd = openUdp(libc, port)
    this.#query = libc.allocate(QUERY_BYTES)
    this.#answer = libc.allocate(BUFFER_BYTES)
  }

  close(): void {
    this.#libc.functions.close(this.#fd)
  }

  at(service: ServiceName): void {
    const question = { name: service.dns, type: SRV, rcode: 0, answers: 1, hasEdns: false }
    const packet = encodeQuery(question)
    this.#query.bytes.set(packet)
    this.#length = packet.length
  }

  /** @returns the weight that an answer shows now; undefined: no answer yet, or no such name. */
  weight(now: number): number | undefined {
    if (now - this.#askedAt >= LOOK_EVERY_MS) this.#ask(now)
    const { recv } = this.#libc.functions
    const size = Number(recv(this.#fd, this.#answer.address, BigInt(BUFFER_BYTES), MSG_DONTWAIT))
    const { view } = this.#answer
    if (size <= this.#length || !this.#isAsked()) return undefined
    if (view.getUint16(6) === 0 || (view.getUint8(3) & 15) !== 0) return undefined
    // The record: name (a pointer, as all servers write it), type 2, class 2, TTL 4, length 2,
    // then priority 2 and weight 2 (RFC 2782).
    return view.getUint16(this.#length + 2 + 10 + 2)
  }

  /** Any answer about this name will do, also to an earlier look. */
  #isAsked(): boolean {
    return this.#answer.bytes.compare(this.#query.bytes, 12, this.#length, 12, this.#length) === 0
  }

  #ask(now: number): void {
    this.#askedAt = now
    this.#id = (this.#id + 1) & 0xffff
    this.#query.view.setUint16(0, this.#id)
    const { send } = this.#libc.functions
    send(this.#fd, this.#query.address, BigInt(this.#length), MSG_DONTWAIT)
  }
}
