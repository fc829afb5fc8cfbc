import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { Packets } from './packets.ts'
import { Tally } from './tally.ts'

/**
 * TCP load, or TLS on it (RFC 7858): some connections, each with a window of pipelined queries. One
 * read's answers are followed by one write with as many queries, as node-local caches and
 * forwarders do.
 */

export interface TcpOptions {
  readonly port: number
  readonly connections: number
  /** In flight per connection. */
  readonly window: number
  /** TLS, and the server must show the certificate in this file. */
  readonly certificate?: string
}

export class TcpBlast implements Disposable {
  tally: Tally = new Tally()
  readonly #connections: Connection[] = []

  static async open(packets: Packets, options: TcpOptions): Promise<TcpBlast> {
    const blast = new TcpBlast()
    for (let i = 0; i < options.connections; i++) {
      const socket = await openStream(options)
      const offset = Math.floor((packets.count / options.connections) * i)
      const tally = (): Tally => blast.tally
      blast.#connections.push(new Connection(socket, packets, options.window, { offset, tally }))
    }
    return blast
  }

  start(): void {
    for (const connection of this.#connections) connection.start()
  }

  /** Ends the warm-up and returns its counts. */
  startOver(): Tally {
    const before = this.tally
    this.tally = new Tally()
    return before
  }

  /** No more queries; resolves when all answers came, or after `ms`. */
  async drain(ms: number): Promise<void> {
    for (const connection of this.#connections) connection.stop()
    const end = performance.now() + ms
    while (performance.now() < end && this.#inFlight() > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.tally.lost = this.#inFlight()
  }

  #inFlight(): number {
    return this.#connections.reduce((sum, connection) => sum + connection.inFlight, 0)
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close()
  }
}

async function openStream({ port, certificate }: TcpOptions): Promise<Socket> {
  const socket =
    certificate === undefined
      ? connect({ port, host: '127.0.0.1' })
      : connectTls({ port, host: '127.0.0.1', ca: readFileSync(certificate) })
  await new Promise<void>((resolve, reject) => {
    socket.once(certificate === undefined ? 'connect' : 'secureConnect', resolve)
    socket.once('error', reject)
  })
  return socket.setNoDelay(true)
}

const EMPTY: Buffer = Buffer.alloc(0)

class Connection {
  readonly #socket: Socket
  readonly #packets: Packets
  readonly #window: number
  readonly #tally: () => Tally
  /** Question per id. An id is its place in the window, plus the turn in the high bits. */
  readonly #questions: Int32Array
  readonly #ids: Uint16Array
  #rest: Buffer = EMPTY
  #next: number
  #turn = 0
  #isStopped = false
  inFlight = 0

  constructor(
    socket: Socket,
    packets: Packets,
    window: number,
    more: { offset: number; tally: () => Tally },
  ) {
    this.#socket = socket
    this.#packets = packets
    this.#window = window
    this.#tally = more.tally
    this.#next = more.offset
    this.#questions = new Int32Array(window).fill(-1)
    this.#ids = new Uint16Array(window)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => this.#tally().fault('refused_port'))
  }

  start(): void {
    this.#write(Array.from({ length: this.#window }, (_, i) => i))
  }

  stop(): void {
    this.#isStopped = true
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const free: number[] = []
    let at = 0
    while (at + 2 <= bytes.length) {
      const length = bytes.readUInt16BE(at)
      if (at + 2 + length > bytes.length) break
      const slot = this.#take(bytes, at + 2, length)
      if (slot >= 0) free.push(slot)
      at += 2 + length
    }
    this.#rest = at === bytes.length ? EMPTY : bytes.subarray(at)
    if (free.length > 0 && !this.#isStopped) this.#write(free)
  }

  /** @returns the place in the window that is free again, or -1. */
  #take(bytes: Buffer, at: number, length: number): number {
    const tally = this.#tally()
    if (length < 12 || bytes.readUInt8(at + 2) < 0x80) {
      tally.fault('malformed')
      return -1
    }
    const id = bytes.readUInt16BE(at)
    const slot = id % SLOTS
    const question = this.#questions[slot] ?? -1
    if (question < 0 || this.#ids[slot] !== id) {
      tally.fault('unexpected')
      return -1
    }
    this.#check(bytes, at, question)
    this.#questions[slot] = -1
    this.inFlight--
    tally.answered++
    return slot
  }

  #check(bytes: Buffer, at: number, question: number): void {
    const { rcodes, answers, bytes: asked, stride, lengths } = this.#packets
    const tally = this.#tally()
    const from = question * stride + 2
    const end = question * stride + (lengths[question] ?? 0)
    if ((bytes.readUInt8(at + 3) & 15) !== rcodes[question]) tally.fault('wrong_rcode')
    else if (bytes.readUInt16BE(at + 6) < (answers[question] ?? 0)) tally.fault('too_few_answers')
    else if (bytes.compare(asked, from + 12, end, at + 12, at + end - from) !== 0) {
      tally.fault('wrong_question')
    }
  }

  #write(slots: readonly number[]): void {
    const { bytes, stride, lengths, order, count } = this.#packets
    const out = Buffer.allocUnsafe(slots.length * stride)
    let at = 0
    for (const slot of slots) {
      const question = order[this.#next] ?? 0
      this.#next = this.#next + 1 === count ? 0 : this.#next + 1
      this.#turn = (this.#turn + 1) % (65_536 / SLOTS)
      const id = this.#turn * SLOTS + slot
      const length = lengths[question] ?? 0
      bytes.copy(out, at, question * stride, question * stride + length)
      out.writeUInt16BE(id, at + 2)
      this.#ids[slot] = id
      this.#questions[slot] = question
      at += length
    }
    this.inFlight += slots.length
    this.#tally().sent += slots.length
    this.#socket.write(out.subarray(0, at))
  }
}

/** Places in a window at most; ids count the turns above that. */
const SLOTS = 64
