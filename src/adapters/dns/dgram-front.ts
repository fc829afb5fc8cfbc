import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LIMITED, type Responder } from '../../core/dns/answer/responder.ts'
import { Backlog } from './backlog.ts'
import { setClient } from './client-address.ts'
import { NOTHING_GIVEN, type Given } from './forward/forwarding.ts'
import { isReflected, type UdpEngine, type UdpShared } from './udp-engine.ts'

/**
 * Answers that the kernel has not taken yet stay intact until this many later ones were written.
 */
const OUTPUT_SLOTS = 256
const OUTPUT_SLOT_BYTES = 4096
/** Answers between two looks at the sockets' queues. */
const LOOK_EVERY = 32
/** RFC 6891 and dns.md §1.9: no real query is longer. */
const QUERY_BYTES_MAX = 4096
/** Offset of the count of additional records in the header. */
const ARCOUNT = 10
/** Clients that never stop asking do not hold up the end. */
const DRAIN_MAX_MS = 200

/** What the sockets of one worker share. */
interface Parts extends UdpShared {
  readonly responder: Responder
  /** The responder's output: `OUTPUT_SLOTS` slots. */
  readonly output: Uint8Array
}

/** A query and where its answer goes. */
interface Asked {
  readonly socket: Socket
  readonly message: Uint8Array
  readonly from: RemoteInfo
  /** ms; the clock of `performance`. */
  readonly started: number
}

/**
 * DNS over UDP on `node:dgram`: one socket per local address, because Node cannot choose the source
 * address of an answer, and it must be the one that was asked (RFC 2181 §4.1).
 */
export class DgramFront implements UdpEngine {
  readonly canAnswerFromAny = false
  readonly #parts: Parts
  readonly #sockets = new Map<string, Socket>()
  readonly #input = new DataView(new ArrayBuffer(QUERY_BYTES_MAX))
  readonly #inputBytes = new Uint8Array(this.#input.buffer)
  readonly #backlog: Backlog<Asked>
  #slot = 0
  #answers = 0
  #hasBacklog = false
  #received = 0

  constructor(shared: UdpShared) {
    const output = new Uint8Array(OUTPUT_SLOTS * OUTPUT_SLOT_BYTES)
    const parts = { ...shared, output, responder: shared.respond(output) }
    this.#parts = parts
    this.#backlog = new Backlog<Asked>({
      answer: (asked) => this.#answerLate(asked, NOTHING_GIVEN),
      drop: (count) => parts.counters.add('drop_overload', count),
    })
  }

  async listen(address: string, port: number): Promise<number> {
    const type = address.includes(':') ? 'udp6' : 'udp4'
    const socket = createSocket({
      type,
      reusePort: true,
      ipv6Only: type === 'udp6',
      // The destination of an answer is always an address: looking it up costs a turn per answer.
      lookup: (host, _options, done) => done(null, host, type === 'udp6' ? 6 : 4),
    })
    const bound = Promise.withResolvers<void>()
    socket.once('error', bound.reject)
    socket.bind(port, address, bound.resolve)
    try {
      await bound.promise
    } catch (error) {
      socket.close()
      throw error
    }
    socket.off('error', bound.reject)
    // Errors of single datagrams, say an ICMP answer to one of ours.
    socket.on('error', () => this.#parts.counters.add('drop_send', 1))
    this.#widen(socket)
    socket.on('message', (message, from) => this.#receive(socket, message, from))
    this.#sockets.set(address, socket)
    return socket.address().port
  }

  get addresses(): readonly string[] {
    return [...this.#sockets.keys()]
  }

  /** Node does not say; `ss -u -m` does. */
  tellLosses(): void {}

  /** Until a turn of the loop brings nothing, or for a while. */
  async drain(): Promise<void> {
    const deadline = performance.now() + DRAIN_MAX_MS
    let before = -1
    while (this.#received !== before && performance.now() < deadline) {
      before = this.#received
      // The first turn may be over already as far as sockets go; the second one looks at them.
      await nextTurn()
      await nextTurn()
    }
  }

  close(address: string): void {
    this.#sockets.get(address)?.close()
    this.#sockets.delete(address)
  }

  /** Bursts wait here; the kernel may grant less (net.core.rmem_max). */
  #widen(socket: Socket): void {
    try {
      socket.setRecvBufferSize(this.#parts.settings.receiveBufferBytes)
    } catch {
      // The default size works, too; what is lost shows as packet receive errors of the system.
    }
  }

  #receive(socket: Socket, message: Uint8Array, from: RemoteInfo): void {
    const { counters } = this.#parts
    this.#received++
    if (message.length < 12) {
      counters.add('drop_short', 1)
      return
    }
    if (isReflected(from.port)) {
      counters.add('drop_source', 1)
      return
    }
    // Junk is the cheapest: an answer is seen by one bit (RFC 1035 §4.1.1).
    if (((message[2] ?? 0) & 0x80) !== 0) {
      counters.add('drop_response', 1)
      return
    }
    const asked = { socket, message, from, started: performance.now() }
    if (this.#backlog.isHolding(asked.started)) this.#backlog.hold(asked)
    else this.#answer(asked, NOTHING_GIVEN)
  }

  /** Again for a query whose answer had to wait; `given` is what was found out for it. */
  #answer(asked: Asked, given: readonly Given[]): void {
    const { responder, reader, counters, output, forwarding } = this.#parts
    const { socket, message, from, started } = asked
    const isTooLong = message.length > QUERY_BYTES_MAX
    this.#inputBytes.set(isTooLong ? message.subarray(0, QUERY_BYTES_MAX) : message)
    // A count that no message can keep makes it what it is: malformed.
    if (isTooLong) this.#input.setUint16(ARCOUNT, 0xffff)
    responder.client.isTcp = false
    responder.client.isEncrypted = false
    responder.client.nowMs = performance.timeOrigin + started
    setClient(responder.client, from.address)
    forwarding?.prepare(responder.client, performance.now(), given)
    const start = this.#slot * OUTPUT_SLOT_BYTES
    reader.enter()
    const length = responder.respond(
      this.#input,
      0,
      Math.min(message.length, QUERY_BYTES_MAX),
      start,
    )
    reader.leave()
    if (length <= 0) {
      // Nobody is answered, but a popular name may be due all the same.
      forwarding?.refresh()
      counters.add(length === LIMITED ? 'drop_rate' : 'drop_response', 1)
      return
    }
    if (forwarding?.postpone(from.address, given, (more) => this.#answerLate(asked, more))) return
    if (this.#isClogged()) {
      counters.add('drop_send', 1)
      return
    }
    this.#slot = (this.#slot + 1) % OUTPUT_SLOTS
    socket.send(output, start, length, from.port, from.address, onSent)
    const seconds = (performance.now() - started) / 1000
    counters.tell(responder, 0, message.length, length, seconds)
  }

  /**
   * Whether so many answers wait for the kernel that a slot could be written again too soon. Looked
   * at now and then: between two looks fewer answers are given than slots are kept free.
   */
  #isClogged(): boolean {
    if (++this.#answers % LOOK_EVERY === 0) {
      let waiting = 0
      for (const socket of this.#sockets.values()) waiting += socket.getSendQueueCount()
      this.#hasBacklog = waiting > OUTPUT_SLOTS / 2
    }
    return this.#hasBacklog
  }

  /** Unless its socket was closed meanwhile. */
  #answerLate(asked: Asked, given: readonly Given[]): void {
    for (const socket of this.#sockets.values()) {
      if (socket === asked.socket) return this.#answer(asked, given)
    }
  }
}

/** A failed send is the client's loss alone, and it will ask again. */
function onSent(): void {}
