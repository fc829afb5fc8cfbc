import type { FastPath } from '../../../core/dns/answer/fast-path.ts'
import { LIMITED, type Responder } from '../../../core/dns/answer/responder.ts'
import { NOTHING_GIVEN, type Given } from '../forward/forwarding.ts'
import { formatClient } from '../client-address.ts'
import { isReflected, type UdpEngine, type UdpShared } from '../udp-engine.ts'
import type { BatchSocket } from '../worker-data.ts'
import { SYS, type Libc } from './libc.ts'
import { LoopWait } from './loop-wait.ts'
import { BATCH, FAST_ROOM, ReceiveTable, STRIDE, type KeptDatagram } from './receive-table.ts'
import { SendTable } from './send-table.ts'
import { Sockets } from './socket.ts'

/** Batches of one socket before the others, and the loop, are looked at: a millisecond's work. */
const BATCHES_AT_ONCE = 4
/** So long the thread sleeps at most: it has to know whether it was asleep or stopped. */
const LOOK_MS = 250
/** So long a client waits at least. */
const PATIENCE_MS = 1_000
/** Of what waits in a socket after a stall, the newest so many are answered. */
const FRESH_MAX = 512
/** More than a receive buffer holds: what comes after it is new. */
const STALE_BATCHES_MAX = 256
/** Clients that never stop asking do not hold up the end. */
const DRAIN_MAX_MS = 200
const HEADER_BYTES = 12
/** A batch of less has too little to wait for together. */
const AHEAD_MIN = 3
/** An index in `PROTOS`. */
const UDP = 0
/** Offset of the count of additional records in the header. */
const ARCOUNT = 10

/** A query whose answer waits for others. */
interface Asked {
  readonly socket: BatchSocket
  readonly kept: KeptDatagram
  /** ms; the clock of `performance`. */
  readonly started: number
}

/** Sockets are kept beyond the life of their worker: its successor goes on with them. */
interface SocketKeeping {
  readonly inherited: readonly BatchSocket[]
  readonly onChange: (sockets: readonly BatchSocket[]) => void
}

/**
 * DNS over UDP in batches: one call receives up to 64 queries, one sends their answers, and in
 * between nobody waits. The thread sleeps in a poll of its sockets and of its event loop, which
 * goes on as ever: timers, TCP, messages.
 */
export class BatchFront implements UdpEngine {
  readonly canAnswerFromAny = true
  readonly #keeping: SocketKeeping
  /** Sockets of the worker before that were not asked for again yet. */
  #adopted: readonly BatchSocket[]
  readonly #libc: Libc
  readonly #parts: UdpShared & { readonly responder: Responder }
  readonly #fast: FastPath
  readonly #sockets: Sockets
  readonly #wait: LoopWait
  readonly #v4: ReceiveTable
  readonly #v6: ReceiveTable
  readonly #send: SendTable
  readonly #v6Address = new Uint8Array(16)
  readonly #origin = performance.timeOrigin
  #open: readonly BatchSocket[] = []
  #turn: NodeJS.Immediate | undefined
  #wokeAt = performance.now()
  /** Something was begun that only the loop can go on with. */
  #isLoopWanted = false
  /** What sockets that are closed by now had lost. */
  #closedDrops = 0

  constructor(shared: UdpShared, libc: Libc, keeping: SocketKeeping) {
    this.#keeping = keeping
    this.#adopted = [...keeping.inherited]
    this.#libc = libc
    this.#send = new SendTable(libc, true)
    this.#parts = { ...shared, responder: shared.respond(this.#send.output) }
    this.#fast = shared.openFastPath(this.#parts.responder.client, BATCH)
    this.#sockets = new Sockets(libc)
    this.#wait = new LoopWait(libc)
    this.#v4 = new ReceiveTable(libc, false)
    this.#v6 = new ReceiveTable(libc, true)
  }

  async listen(address: string, port: number): Promise<number> {
    const adopted = this.#adopted.find((one) => one.address === address)
    const { receiveBufferBytes } = this.#parts.settings
    const socket = adopted ?? this.#sockets.open(address, port, receiveBufferBytes)
    // The kernel prefers a socket at an address to the wildcard's: it must not be left unread.
    const covered = socket.hasInfo
      ? this.#adopted.filter((one) => one !== socket && one.isV6 === socket.isV6)
      : []
    const served = [socket, ...covered]
    this.#adopted = this.#adopted.filter((one) => !served.includes(one))
    this.#setOpen([...this.#open, ...served])
    return socket.port
  }

  get addresses(): readonly string[] {
    return this.#open.map((socket) => socket.address)
  }

  close(address: string): void {
    const socket = [...this.#open, ...this.#adopted].find((one) => one.address === address)
    if (socket === undefined) return
    this.#adopted = this.#adopted.filter((one) => one !== socket)
    // Told first: nobody may close a descriptor that has become another's.
    this.#setOpen(this.#open.filter((one) => one !== socket))
    this.#closedDrops += this.#sockets.dropsOf(socket.fd)
    this.#sockets.close(socket.fd)
  }

  async drain(): Promise<void> {
    const deadline = performance.now() + DRAIN_MAX_MS
    for (const socket of this.#open) {
      while (this.#serve(socket) > 0 && performance.now() < deadline);
    }
  }

  tellLosses(): void {
    let drops = this.#closedDrops
    for (const { fd } of this.#open) drops += this.#sockets.dropsOf(fd)
    this.#parts.counters.set('drop_buffer', drops)
  }

  #setOpen(sockets: readonly BatchSocket[]): void {
    this.#open = sockets
    this.#keeping.onChange([...sockets, ...this.#adopted])
    this.#wait.watch(sockets.map(({ fd }) => fd))
    if (this.#turn !== undefined) clearImmediate(this.#turn)
    this.#wokeAt = performance.now()
    this.#turn = sockets.length > 0 ? setImmediate(this.#runTurn) : undefined
  }

  /**
   * One turn of the event loop: serves the sockets until the loop has something to do. The next
   * turn's immediate is not waited for by libuv while it asks how long it may wait (`loopMs`); then
   * it is, so that the loop never sleeps by itself.
   */
  readonly #runTurn = (): void => {
    const next = setImmediate(this.#runTurn)
    this.#turn = next
    next.unref()
    this.#isLoopWanted = false
    for (;;) {
      const ms = this.#wait.loopMs
      this.#wait.wait(ms < 0 || ms > LOOK_MS ? LOOK_MS : ms)
      this.#noteStall()
      this.#serveReady()
      if (ms === 0 || this.#wait.isLoopReady || this.#isLoopWanted) break
    }
    next.ref()
  }

  /**
   * Whoever asked before a stall that was longer than his patience has asked elsewhere or again:
   * the oldest go unanswered, so that the newest do not wait behind them. Without a stall nothing
   * is old: a full buffer is worked off in some 20 ms.
   */
  #noteStall(): void {
    const now = performance.now()
    const silentMs = now - this.#wokeAt
    this.#wokeAt = now
    if (silentMs > LOOK_MS + PATIENCE_MS)
      for (const socket of this.#open) this.#answerNewest(socket)
  }

  /** The newest first: whoever asked last still waits. */
  #answerNewest(socket: BatchSocket): void {
    const table = socket.isV6 ? this.#v6 : this.#v4
    const started = performance.now()
    const newest: KeptDatagram[] = []
    let came = 0
    for (let k = 0, count = BATCH; k < STALE_BATCHES_MAX && count === BATCH; k++) {
      count = this.#receive(socket, table)
      for (let i = 0; i < count; i++) {
        if (!this.#isJunk(table, i)) newest[came++ % FRESH_MAX] = table.keep(i)
      }
    }
    const kept = Math.min(came, FRESH_MAX)
    for (let i = 1; i <= kept; i++) {
      const one = newest[(came - i) % FRESH_MAX]
      if (one !== undefined) this.#answerLate({ socket, kept: one, started }, NOTHING_GIVEN)
    }
    if (came > kept) this.#parts.counters.add('drop_overload', came - kept)
  }

  #serveReady(): void {
    for (const [i, socket] of this.#open.entries()) {
      if (!this.#wait.isReady(i)) continue
      for (let k = 0; k < BATCHES_AT_ONCE; k++) if (this.#serve(socket) < BATCH) break
    }
  }

  /** Answers what waits in the socket, a batch of it; the answer is how many datagrams came. */
  #serve(socket: BatchSocket): number {
    const table = socket.isV6 ? this.#v6 : this.#v4
    const count = this.#receive(socket, table)
    if (count === 0) return 0
    const started = performance.now()
    const { reader, counters } = this.#parts
    this.#send.begin()
    reader.enter()
    this.#readAhead(table, count)
    for (let i = 0; i < count; i++) this.#answer(socket, table, i, started)
    reader.leave()
    this.#flush(socket.fd, table)
    counters.tellBatch(UDP, this.#send.answers, (performance.now() - started) / 1_000)
    return count
  }

  /** At most a batch; 0: nothing is there any more, or a single datagram had an error. */
  #receive(socket: BatchSocket, table: ReceiveTable): number {
    table.expectInfo(socket.hasInfo)
    const { functions } = this.#libc
    const count = functions.recvmmsg(socket.fd, table.address, BATCH, SYS.MSG_DONTWAIT, 0n)
    return count < 0 ? 0 : count
  }

  /** All are read before the first is answered: so they wait for memory together. */
  #readAhead(table: ReceiveTable, count: number): void {
    const { view } = table.slots
    for (let i = 0; i < count; i++) this.#fast.read(i, view, i * STRIDE, table.lengthOf(i))
    if (count >= AHEAD_MIN) this.#fast.lookAhead(count)
  }

  #answer(socket: BatchSocket, table: ReceiveTable, i: number, started: number): void {
    if (this.#isJunk(table, i)) return
    const { responder, counters, forwarding } = this.#parts
    this.#prepare(table, i, started, NOTHING_GIVEN)
    if (this.#answerFast(table, i)) return
    const length = this.#respond(table, i)
    if (length === 0) {
      // Nobody is answered, but a popular name may be due all the same.
      forwarding?.refresh()
      return
    }
    if (forwarding?.isUnfinished === true) {
      const asked = { socket, kept: table.keep(i), started }
      if (this.#postpone(asked, NOTHING_GIVEN)) return
    }
    this.#send.add(table, i, length, false)
    counters.tell(responder, UDP, table.lengthOf(i), length)
  }

  /** In place of the query, when it is of the usual kind; false: nothing was done. */
  #answerFast(table: ReceiveTable, i: number): boolean {
    const { responder, counters, gate } = this.#parts
    if (!gate.isExempt(responder.client) || counters.isNextLogged()) return false
    const length = table.lengthOf(i)
    const answered = this.#fast.answer(i, table.slots.view, i * STRIDE, FAST_ROOM)
    if (answered === 0) return false
    this.#send.add(table, i, answered, true)
    counters.tellFast(this.#fast.told, UDP, length, answered)
    return true
  }

  /** Junk is the cheapest: an answer is seen by one bit (RFC 1035 §4.1.1). */
  #isJunk(table: ReceiveTable, i: number): boolean {
    const { counters } = this.#parts
    if (table.lengthOf(i) < HEADER_BYTES) counters.add('drop_short', 1)
    else if (isReflected(table.portOf(i))) counters.add('drop_source', 1)
    else if ((table.slots.bytes[i * STRIDE + 2] ?? 0) >= 0x80) counters.add('drop_response', 1)
    else return false
    return true
  }

  /** Writes the answer into the output's slot `i`; 0: there is none. */
  #respond(table: ReceiveTable, i: number): number {
    const { responder, counters } = this.#parts
    const base = i * STRIDE
    const { view } = table.slots
    const length = responder.respond(view, base, table.lengthOf(i), base)
    if (length > 0) return length
    counters.add(length === LIMITED ? 'drop_rate' : 'drop_response', 1)
    return 0
  }

  /** Says who asks. */
  #prepare(table: ReceiveTable, i: number, started: number, given: readonly Given[]): void {
    // A count that no message can keep makes it what it is: malformed.
    if (table.isTruncated(i)) table.slots.view.setUint16(i * STRIDE + ARCOUNT, 0xffff)
    const { responder, forwarding } = this.#parts
    const { client } = responder
    client.nowMs = this.#origin + started
    if (table.isV6) {
      table.copyV6(i, this.#v6Address)
      client.setV6(this.#v6Address)
    } else {
      client.setV4(table.v4Of(i))
    }
    forwarding?.prepare(client, started, given)
  }

  /** True when the answer waits for other servers. */
  #postpone(asked: Asked, given: readonly Given[]): boolean {
    const { forwarding, responder } = this.#parts
    this.#isLoopWanted = true
    const retry = (more: readonly Given[]): void => this.#answerLate(asked, more)
    return forwarding?.postpone(formatClient(responder.client), given, retry) ?? false
  }

  /** Unless its socket was closed meanwhile. */
  #answerLate(asked: Asked, given: readonly Given[]): void {
    const { socket, kept, started } = asked
    if (!this.#open.includes(socket)) return
    const { reader, counters, responder, forwarding } = this.#parts
    const table = socket.isV6 ? this.#v6 : this.#v4
    const i = table.restore(kept)
    reader.enter()
    // By now, not by when it came: what others stored meanwhile would seem to come from the future.
    this.#prepare(table, i, performance.now(), given)
    const length = this.#respond(table, i)
    reader.leave()
    if (length === 0) return
    if (forwarding?.isUnfinished === true && this.#postpone(asked, given)) return
    this.#send.begin()
    this.#send.add(table, i, length, false)
    const seconds = (performance.now() - started) / 1_000
    counters.tell(responder, UDP, kept.message.length, length, seconds)
    this.#flush(socket.fd, table)
  }

  /** Sends what the batch answered; what the system does not take is the clients' loss. */
  #flush(fd: number, table: ReceiveTable): void {
    this.#send.seal(table)
    const lost = this.#send.flush(fd, table, this.#sockets)
    if (lost > 0) this.#parts.counters.add('drop_send', lost)
  }
}
