import { Gate, type GateSettings } from '../../../../src/core/dns/abuse/gate.ts'
import { RATE_TABLE_BYTES } from '../../../../src/core/dns/abuse/rate-limiter.ts'
import type { Client } from '../../../../src/core/dns/answer/client.ts'
import { FastPath } from '../../../../src/core/dns/answer/fast-path.ts'
import { Responder } from '../../../../src/core/dns/answer/responder.ts'
import { Cookies } from '../../../../src/core/dns/cookie/cookies.ts'
import { COUNTER_SLOTS, readScalar, type Scalar } from '../../../../src/core/dns/counters.ts'
import type { Given } from '../../../../src/core/dns/forward/foreign.ts'
import { RCODE } from '../../../../src/core/dns/protocol.ts'
import { Reader } from '../../../../src/core/dns/table/memory.ts'
import { BatchFront } from '../../../../src/adapters/dns/batch/batch-front.ts'
import { openLibc, type Libc } from '../../../../src/adapters/dns/batch/libc.ts'
import { AnswerCounters } from '../../../../src/adapters/dns/tell-answer.ts'
import type { UdpShared } from '../../../../src/adapters/dns/udp-engine.ts'
import type { BatchSocket } from '../../../../src/adapters/dns/worker-data.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import type { DnsWorld } from '../../../core/dns/answer/world.ts'

const GATE: GateSettings = {
  rate: { perSecond: 0, slip: 2, seed: [1, 2] },
  exempt: ['127.0.0.0/8', '::1/128'],
  badCookie: 'auto',
  strangerRatio: 0,
}

export interface FrontOptions {
  readonly libc?: Libc
  readonly gate?: GateSettings
  readonly inherited?: readonly BatchSocket[]
  readonly forwarding?: StubForwarding
}

type Retry = (more: readonly Given[]) => void

/** Names that are not ours wait here until somebody gives the word. */
export class StubForwarding implements NonNullable<UdpShared['forwarding']> {
  responder: Responder | undefined
  readonly waiting: (() => void)[] = []
  #given: readonly Given[] = []

  prepare(_client: Client, _now: number, given: readonly Given[]): void {
    this.#given = given
  }

  /** Whatever is refused is a name of others, and known when it was asked for once. */
  get isUnfinished(): boolean {
    return this.#given.length === 0 && this.responder?.rcode === RCODE.REFUSED
  }

  refresh(): void {
    // Nothing is popular here.
  }

  postpone(_client: string, given: readonly Given[], retry: Retry): boolean {
    if (!this.isUnfinished) return false
    this.waiting.push(() => retry([...given, FAILED]))
    return true
  }
}

const FAILED: Given = { key: '', outcome: { kind: 'failure', ede: 0 } }

/** A whole engine over a world, on sockets of this thread. */
export interface OpenFront {
  readonly front: BatchFront
  readonly responder: Responder
  /** Those that are open, as whoever follows the worker would know them. */
  readonly sockets: () => readonly BatchSocket[]
  readonly count: (scalar: Scalar) => number
}

export function openFront(world: DnsWorld, options: FrontOptions = {}): OpenFront {
  const { libc = openLibc(), inherited = [], forwarding } = options
  const slots = new Float64Array(new SharedArrayBuffer(COUNTER_SLOTS * 8))
  const { settings } = world
  const gate = openGate(options.gate)
  let responder: Responder | undefined
  let sockets: readonly BatchSocket[] = inherited
  const shared: UdpShared = {
    reader: new Reader(world.memory, 0),
    counters: new AnswerCounters(slots),
    settings: { engine: 'batch', isRealtime: false, receiveBufferBytes: 1 << 22 },
    respond: (output) => {
      const rng = new SeededRng(3)
      responder = new Responder(world.memory, { ...settings, gate }, rng, output)
      return responder
    },
    openFastPath: (client, batch) =>
      new FastPath({ memory: world.memory, settings, rng: new SeededRng(4), client, batch }),
    gate,
    forwarding,
  }
  const onChange = (open: readonly BatchSocket[]): void => void (sockets = open)
  const front = new BatchFront(shared, libc, { inherited, onChange })
  if (responder === undefined) throw new Error('the engine has no responder')
  if (forwarding !== undefined) forwarding.responder = responder
  return {
    front,
    responder,
    sockets: () => sockets,
    count: (scalar) => readScalar([slots], scalar)[0] ?? 0,
  }
}

function openGate(settings: GateSettings = GATE): Gate {
  const cookies = new Cookies([new Uint8Array(16).fill(7)])
  return new Gate(cookies, settings, new SharedArrayBuffer(RATE_TABLE_BYTES))
}
