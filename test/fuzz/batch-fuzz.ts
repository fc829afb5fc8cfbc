import { Gate, type GateSettings } from '../../src/core/dns/abuse/gate.ts'
import { RATE_TABLE_BYTES } from '../../src/core/dns/abuse/rate-limiter.ts'
import { Responder } from '../../src/core/dns/answer/responder.ts'
import { Cookies } from '../../src/core/dns/cookie/cookies.ts'
import { areBlocksIntact, openLibc } from '../../src/adapters/dns/batch/libc.ts'
import { SeededRng, type Rng } from '../../src/kernel/rng.ts'
import { openFront, type OpenFront } from '../adapters/dns/batch/front.ts'
import { LibcBetween } from '../adapters/dns/batch/libc-between.ts'
import { Clients } from '../adapters/dns/batch/wire.ts'
import { query, type DnsWorld } from '../core/dns/answer/world.ts'
import { fuzzWorld, judgeAnswer } from './dns-fuzz.ts'
import { PacketSource } from './dns-packets.ts'

const BATCH = 64
const QUERY_MAX = 4_096
/** One packet of so many is longer than any query may be. */
const LONG_EVERY = 211
const LOOK_EVERY = 1_000
const FAULTS_MAX = 10
const ARCOUNT = 10
const TC = 0x0200
const GATE = { rate: { perSecond: 0, slip: 2, seed: [1, 2] }, strangerRatio: 8 } as const

/** Who is no stranger, and how cookies are taken: one engine each. */
const ENGINES: readonly Pick<GateSettings, 'exempt' | 'badCookie'>[] = [
  { exempt: ['127.0.0.1/32', '::1/128'], badCookie: 'auto' },
  { exempt: ['127.0.0.1/32'], badCookie: 'always' },
]
const V4 = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.1']
const V6 = ['::1', '::1', '::1']

/** Draws that are counted: without any an answer could not have been another one. */
class CountedRng implements Rng {
  draws = 0
  readonly #rng = new SeededRng(5)

  u32(): number {
    this.draws++
    return this.#rng.u32()
  }

  f64(): number {
    this.draws++
    return this.#rng.f64()
  }
}

/** What the complete path says of a packet. */
interface Expected {
  readonly packet: Uint8Array
  /** Undefined: nothing. */
  readonly answer: Uint8Array | undefined
  /** Chance plays no part in it. */
  readonly isCertain: boolean
}

/** The `Responder` by itself, with the settings of an engine. */
class Reference {
  readonly #rng = new CountedRng()
  readonly #responder: Responder
  readonly #output = new Uint8Array(70_000)
  readonly #input = new Uint8Array(QUERY_MAX)
  readonly #view = new DataView(this.#input.buffer)

  constructor(world: DnsWorld, settings: GateSettings) {
    const cookies = new Cookies([new Uint8Array(16).fill(7)])
    const gate = new Gate(cookies, settings, new SharedArrayBuffer(RATE_TABLE_BYTES))
    const all = { ...world.settings, gate }
    this.#responder = new Responder(world.memory, all, this.#rng, this.#output)
  }

  /** `address`: of the client, on loopback. */
  answer(packet: Uint8Array, address: string): Expected {
    const length = Math.min(packet.length, QUERY_MAX)
    this.#input.set(packet.subarray(0, length))
    if (packet.length > QUERY_MAX) this.#view.setUint16(ARCOUNT, 0xffff)
    const { client } = this.#responder
    if (address === '::1') client.setV6(Uint8Array.of(...Array<number>(15).fill(0), 1))
    else client.setV4(0x7f00_0000 + Number(address.slice(address.lastIndexOf('.') + 1)))
    const before = this.#rng.draws
    const size = this.#responder.respond(this.#view, 0, length, 0)
    return {
      packet: packet.slice(),
      answer: size > 0 ? this.#output.slice(0, size) : undefined,
      isCertain: this.#rng.draws === before,
    }
  }
}

/** One engine and what it is compared with. */
interface Subject {
  readonly engine: OpenFront
  readonly reference: Reference
  readonly ports: readonly [v4: number, v6: number]
}

export interface BatchFuzzed {
  packets: number
  answers: number
  /** Answers that were compared octet by octet. */
  compared: number
  readonly faults: string[]
}

/** Mutated packets in batches through sockets and whole engines, and back. */
export class BatchFuzz implements Disposable {
  readonly told: BatchFuzzed = { packets: 0, answers: 0, compared: 0, faults: [] }
  readonly #between = new LibcBetween(openLibc(), () => ({}))
  readonly #clients = [V4, V6].map((all) => new Clients(this.#between.libc, all))
  readonly #subjects: Subject[] = []
  readonly #rng: SeededRng
  readonly #world: ReturnType<typeof fuzzWorld>
  readonly #source: PacketSource
  /** What programs ask: every second packet, and most of what the short path answers. */
  readonly #usual: readonly Uint8Array[]
  readonly #packet = new Uint8Array(QUERY_MAX + 100)
  #batches = 0

  constructor(seed: number) {
    this.#rng = new SeededRng(seed)
    this.#world = fuzzWorld()
    this.#source = new PacketSource(this.#rng, this.#world.names)
    this.#usual = this.#world.names.flatMap((name) => usualOf(name))
  }

  async open(): Promise<void> {
    const { world } = this.#world
    for (const engine of ENGINES) {
      const gate = { ...GATE, ...engine }
      const opened = openFront(world, { libc: this.#between.libc, gate })
      const ports = [await opened.front.listen('127.0.0.1', 0), await opened.front.listen('::1', 0)]
      const [v4 = 0, v6 = 0] = ports
      const reference = new Reference(world, gate)
      this.#subjects.push({ engine: opened, reference, ports: [v4, v6] })
    }
  }

  /** Until `count` packets in all went, or there were faults enough. */
  async run(count: number): Promise<void> {
    while (this.told.packets < count && this.told.faults.length < FAULTS_MAX) {
      await this.#batch()
      if (++this.#batches % LOOK_EVERY !== 0) continue
      if (!areBlocksIntact() || !this.#between.isIntact) this.#fault('memory was overwritten')
      // The engine's own turn, too.
      await new Promise((done) => setImmediate(done))
    }
    if (!areBlocksIntact() || !this.#between.isIntact) this.#fault('memory was overwritten')
  }

  [Symbol.dispose](): void {
    for (const { engine } of this.#subjects) {
      for (const address of engine.front.addresses) engine.front.close(address)
    }
    for (const clients of this.#clients) clients[Symbol.dispose]()
  }

  async #batch(): Promise<void> {
    const subject = this.#subjects[this.#batches % ENGINES.length]
    const family = this.#below(3) === 0 ? 1 : 0
    const clients = this.#clients[family]
    if (subject === undefined || clients === undefined) throw new Error('nothing is open')
    const { reference, ports, engine } = subject
    const expected = clients.open.map((): Expected[] => [])
    const askers = 1 + this.#below(clients.open.length)
    for (let i = 0; i < BATCH; i++) {
      const client = this.#below(askers)
      const own = expected[client] ?? []
      const packet = this.#next(own.length)
      own.push(reference.answer(packet, clients.open[client]?.address ?? ''))
      clients.ask(client, packet, ports[family])
    }
    await engine.front.drain()
    this.told.packets += BATCH
    for (const [client, own] of expected.entries()) {
      this.#compare(own, (take) => clients.hear(client, ports[family], take))
    }
  }

  /** The next packet, with a number of its own in the place of its id. */
  #next(number: number): Uint8Array {
    const usual = this.#usual[this.#below(this.#usual.length * 2)]
    const packet = usual ?? this.#source.next()
    this.#packet.set(packet)
    let { length } = packet
    if (this.#below(LONG_EVERY) === 0) {
      length = QUERY_MAX - 50 + this.#below(100)
      this.#packet.fill(0, packet.length, length)
    }
    if (length >= 2) {
      this.#packet[0] = number >> 8
      this.#packet[1] = number & 255
    }
    return this.#packet.subarray(0, length)
  }

  #compare(own: readonly Expected[], hear: (take: (octets: Uint8Array) => void) => void): void {
    const seen = new Set<number>()
    hear((answer) => {
      this.told.answers++
      const id = ((answer[0] ?? 0) << 8) | (answer[1] ?? 0)
      const fault = seen.has(id) ? 'a second answer' : this.#judge(own[id], answer)
      seen.add(id)
      if (fault !== undefined) this.#faultOf(own[id], answer, fault)
    })
    for (const [id, one] of own.entries()) {
      if (one.answer !== undefined && !seen.has(id)) this.#faultOf(one, undefined, 'no answer')
    }
  }

  #judge(expected: Expected | undefined, answer: Uint8Array): string | undefined {
    if (expected?.answer === undefined) return 'an answer that nobody expects'
    const { packet, isCertain } = expected
    if (isCertain) {
      this.told.compared++
      return Buffer.compare(expected.answer, answer) === 0 ? undefined : 'another answer'
    }
    // Which records, and so how many fit, is chance; what else the header says is none.
    const differs = flagsOf(expected.answer) ^ flagsOf(answer)
    if ((differs & ~TC) !== 0) return 'other flags'
    try {
      return judgeAnswer(packet, answer, { isTcp: false, isThorough: answer[1] === 1 })
    } catch (error) {
      return String(error)
    }
  }

  #faultOf(one: Expected | undefined, answer: Uint8Array | undefined, what: string): void {
    const [packet, wanted, given] = [one?.packet, one?.answer, answer].map(hex)
    this.#fault(`${packet}: ${what}: ${given}, not ${wanted}`)
  }

  #fault(what: string): void {
    if (this.told.faults.length < FAULTS_MAX) this.told.faults.push(what)
  }

  #below(limit: number): number {
    return Math.floor(this.#rng.f64() * limit)
  }
}

const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'SOA', 'NS', 'PTR', 'MX', 'CNAME'] as const
const SIZES = [undefined, 512, 1_232, 4_096]

function usualOf(name: string): Uint8Array[] {
  return [name, name.toUpperCase(), `no.${name}`].flatMap((spelt) =>
    TYPES.flatMap((type) =>
      SIZES.map((edns) => query(spelt, type, edns === undefined ? {} : { edns })),
    ),
  )
}

function flagsOf(answer: Uint8Array): number {
  return ((answer[2] ?? 0) << 8) | (answer[3] ?? 0)
}

function hex(octets: Uint8Array | undefined): string {
  return octets === undefined ? '-' : Buffer.from(octets).toString('hex')
}
