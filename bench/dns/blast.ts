import { Batch, EAGAIN, ECONNREFUSED, type Libc, MSG_DONTWAIT, openUdp, Readiness } from './libc.ts'
import type { Packets } from './packets.ts'
import { type Fault, Tally } from './tally.ts'

/**
 * UDP load over many connected sockets, in batches: one recvmmsg and one sendmmsg per socket and
 * turn. It never sleeps while it runs (it owns its core), so that no server pays for waking it.
 *
 * Closed loop: each answer makes room for one more query. Open loop: queries leave by the clock,
 * whether or not the server keeps up, and latency counts from when they should have left.
 */

export interface BlastOptions {
  readonly port: number
  readonly sockets: number
  /** Queries in flight per socket: a power of two up to 256. */
  readonly window: number
}

/** A query unanswered for so long is lost, and its place is used again. */
const LOST_AFTER_MS = 100
const SCAN_EVERY_MS = 20
/** No turn takes so long by its own work. */
const STALL_MS = 0.2
/** Room for an answer of the EDNS size we offer, 1232, in whole cache lines. */
const SLOT_BYTES = 1280
/** Waiting for the last answers at the end of a run. */
const DRAIN_MS = 150

export class Blast {
  tally: Tally = new Tally()
  readonly #libc: Libc
  readonly #packets: Packets
  readonly #window: number
  readonly #fds: readonly number[]
  readonly #readiness: Readiness
  readonly #out: Batch
  readonly #in: Batch
  /** Per socket and slot: the id in flight, its question, when it left (0: free). */
  readonly #ids: Uint16Array
  readonly #questions: Uint32Array
  readonly #leftAt: Float64Array
  /** Per slot: queries given up, whose answers may still come. */
  readonly #owed: Uint32Array
  readonly #free: Uint16Array
  readonly #freeCount: Uint16Array
  #next = 0
  #turns = 1
  #scanAt = 0

  constructor(libc: Libc, packets: Packets, options: BlastOptions) {
    const { sockets, window } = options
    if (window > 256 || (window & (window - 1)) !== 0) throw new Error(`window ${window}`)
    this.#libc = libc
    this.#packets = packets
    this.#window = window
    this.#fds = Array.from({ length: sockets }, () => openUdp(libc, options.port))
    this.#readiness = new Readiness(libc, this.#fds)
    this.#out = new Batch(libc, window, packets.stride)
    this.#in = new Batch(libc, window, SLOT_BYTES)
    this.#ids = new Uint16Array(sockets * window)
    this.#questions = new Uint32Array(sockets * window)
    this.#leftAt = new Float64Array(sockets * window)
    this.#owed = new Uint32Array(sockets * window)
    this.#free = Uint16Array.from({ length: sockets * window }, (_, i) => i % window)
    this.#freeCount = new Uint16Array(sockets).fill(window)
  }

  /** Ends the warm-up and returns its counts; they begin anew, while queries stay in flight. */
  startOver(): Tally {
    const before = this.tally
    this.tally = new Tally()
    return before
  }

  close(): void {
    for (const fd of this.#fds) this.#libc.functions.close(fd)
  }

  runClosed(ms: number): void {
    const end = performance.now() + ms
    let now = performance.now()
    while (now < end) {
      for (let socket = 0; socket < this.#fds.length; socket++) {
        this.#receive(socket, 0)
        this.#send(socket, this.#freeCount[socket] ?? 0, now)
      }
      now = performance.now()
      this.#scan(now)
    }
  }

  /** @param onTurn called between turns: for work by the clock that must not share a core. */
  runOpen(ratePerSecond: number, ms: number, onTurn?: (now: number) => void): void {
    const interval = 1_000 / ratePerSecond
    const start = performance.now()
    const end = start + ms
    let left = 0
    let socket = 0
    let last = start
    for (let now = start; now < end; now = performance.now()) {
      if (now - last > STALL_MS) this.tally.stalledMs += now - last
      last = now
      const due = Math.floor((now - start) / interval) + 1 - left
      if (due > 0) {
        const sent = this.#send(
          socket,
          Math.min(due, this.#window),
          start + left * interval,
          interval,
        )
        const isFull = sent === 0 && due >= this.#window
        if (isFull) this.tally.skipped += due
        left += isFull ? due : sent
        socket = (socket + 1) % this.#fds.length
      }
      this.#receiveReady()
      this.#scan(now)
      onTurn?.(now)
    }
  }

  /** Ends a run: what is still missing afterwards is lost. */
  drain(): void {
    const end = performance.now() + DRAIN_MS
    while (performance.now() < end) this.#receiveReady()
    this.#scanAt = 0
    this.#scan(performance.now() + LOST_AFTER_MS)
  }

  #receiveReady(): void {
    if (this.#readiness.poll(0) <= 0) return
    for (let socket = 0; socket < this.#fds.length; socket++) {
      if (this.#readiness.isReady(socket)) this.#receive(socket, performance.now())
    }
  }

  /** @param now for latencies; 0 when they mean nothing, as in the closed loop. */
  #receive(socket: number, now: number): void {
    const { recvmmsg } = this.#libc.functions
    const fd = this.#fds[socket] ?? -1
    const count = recvmmsg(fd, this.#in.address, this.#window, MSG_DONTWAIT, 0n)
    if (count < 0) this.#explain()
    for (let i = 0; i < count; i++) this.#take(socket, i, now)
  }

  #take(socket: number, index: number, now: number): void {
    const { view } = this.#in.slots
    const at = index * SLOT_BYTES
    const length = this.#in.received(index)
    if (length < 12 || view.getUint8(at + 2) < 0x80) return this.tally.fault('malformed')
    const id = view.getUint16(at)
    const slot = socket * this.#window + (id & (this.#window - 1))
    if (this.#ids[slot] !== id) return this.#takeStray(slot, 'unexpected')
    const question = this.#questions[slot] ?? 0
    // Ids come again after some 65,536 queries: a late answer may bear the id of a newer query.
    if (!this.#isSameQuestion(at, length, question)) {
      return this.#takeStray(slot, 'wrong_question')
    }
    this.#check(at, question)
    this.tally.answered++
    if (now > 0) this.tally.latency.addMs(now - (this.#leftAt[slot] ?? 0))
    this.#forget(slot)
    this.#giveBack(socket, slot - socket * this.#window)
  }

  /** An answer nobody waits for: late, if its slot gave up on one; else the server's fault. */
  #takeStray(slot: number, kind: Fault): void {
    const owed = this.#owed[slot] ?? 0
    if (owed === 0) return this.tally.fault(kind)
    this.#owed[slot] = owed - 1
    this.tally.answered++
    this.tally.late++
    this.tally.lost = Math.max(0, this.tally.lost - 1)
  }

  #check(at: number, question: number): void {
    const { view } = this.#in.slots
    const packets = this.#packets
    if ((view.getUint8(at + 3) & 15) !== packets.rcodes[question]) this.tally.fault('wrong_rcode')
    else if ((view.getUint8(at + 2) & 2) !== 0) this.tally.fault('truncated')
    else if (view.getUint16(at + 6) < (packets.answers[question] ?? 0)) {
      this.tally.fault('too_few_answers')
    }
  }

  /** The question comes back byte for byte (name, type, class), EDNS queries' OPT aside. */
  #isSameQuestion(at: number, length: number, question: number): boolean {
    const { view: asked, stride, lengths } = this.#packets
    const from = question * stride
    const hasOpt = asked.getUint8(from + 11) === 1
    const size = (lengths[question] ?? 0) - (hasOpt ? OPT_BYTES : 0)
    if (length < size) return false
    const { view } = this.#in.slots
    let i = 12
    for (; i + 4 <= size; i += 4) {
      if (view.getInt32(at + i) !== asked.getInt32(from + i)) return false
    }
    for (; i < size; i++) if (view.getUint8(at + i) !== asked.getUint8(from + i)) return false
    return true
  }

  #forget(slot: number): void {
    this.#leftAt[slot] = 0
    // An id whose low bits name another slot: no answer can bear it here.
    this.#ids[slot] = ~(this.#ids[slot] ?? 0)
  }

  #giveBack(socket: number, slot: number): void {
    const count = this.#freeCount[socket] ?? 0
    this.#free[socket * this.#window + count] = slot
    this.#freeCount[socket] = count + 1
  }

  /** @returns how many left, at most the free slots of the socket. */
  #send(socket: number, wanted: number, now: number, interval = 0): number {
    const base = socket * this.#window
    const free = this.#freeCount[socket] ?? 0
    const count = Math.min(wanted, free)
    if (count === 0) return 0
    for (let i = 0; i < count; i++) {
      const slot = base + (this.#free[base + free - 1 - i] ?? 0)
      this.#write(i, slot)
      this.#leftAt[slot] = now + i * interval
    }
    const fd = this.#fds[socket] ?? -1
    const sent = this.#libc.functions.sendmmsg(fd, this.#out.address, count, MSG_DONTWAIT)
    if (sent < 0) this.#explain()
    const left = Math.max(0, sent)
    for (let i = left; i < count; i++) {
      this.#forget(base + (this.#free[base + free - 1 - i] ?? 0))
    }
    this.#freeCount[socket] = free - left
    this.tally.sent += left
    return left
  }

  /** The next question into send slot `index`, with an id that names the slot and its turn. */
  #write(index: number, slot: number): void {
    const { view: from, stride, lengths, order, count } = this.#packets
    const question = order[this.#next] ?? 0
    this.#next = this.#next + 1 === count ? 0 : this.#next + 1
    const turn = ((this.#turns++ & 0xffff) * this.#window) & 0xffff
    const id = turn | (slot & (this.#window - 1))
    const { view } = this.#out.slots
    const at = index * stride
    const start = question * stride
    for (let i = 0; i < stride; i += 4) view.setInt32(at + i, from.getInt32(start + i))
    view.setUint16(at, id)
    this.#out.setLength(index, lengths[question] ?? 0)
    this.#ids[slot] = id
    this.#questions[slot] = question
  }

  /** Gives up what has been in flight for too long. */
  #scan(now: number): void {
    if (now < this.#scanAt) return
    this.#scanAt = now + SCAN_EVERY_MS
    for (let slot = 0; slot < this.#leftAt.length; slot++) {
      const leftAt = this.#leftAt[slot] ?? 0
      if (leftAt === 0 || now - leftAt < LOST_AFTER_MS) continue
      this.tally.lost++
      this.#owed[slot] = (this.#owed[slot] ?? 0) + 1
      this.#forget(slot)
      this.#giveBack(Math.floor(slot / this.#window), slot & (this.#window - 1))
    }
  }

  #explain(): void {
    const errno = this.#libc.errno()
    if (errno === EAGAIN) return
    if (errno !== ECONNREFUSED) throw new Error(`socket error, errno ${errno}`)
    this.tally.fault('refused_port')
  }
}

const OPT_BYTES = 11
