import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** What came back to one source. */
export interface Seen {
  sent: number
  /** Whole answers: records, no TC. */
  full: number
  /** Empty answers with TC=1. */
  truncated: number
  /** The response code is not 0. */
  errors: number
  /** Bytes of questions and answers. */
  asked: number
  answered: number
}

const HEADER_BYTES = 12
const TURN_MS = 5
/** The last answers. */
const TAIL_MS = 300

/** A client with an address of its own on the loopback, which has sixteen million of them. */
export class Source implements AsyncDisposable {
  readonly seen: Seen = { sent: 0, full: 0, truncated: 0, errors: 0, asked: 0, answered: 0 }
  readonly #socket: Socket
  readonly #port: number

  private constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
    socket.setRecvBufferSize(1 << 20)
    socket.on('message', (message) => this.#note(message))
    socket.on('error', () => undefined)
  }

  static async open(address: string, port: number): Promise<Source> {
    const socket = createSocket('udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    return new Source(socket, port)
  }

  /** Sends `perSecond` messages for `ms`; `message` gives the next one. */
  async flood(perSecond: number, ms: number, message: (i: number) => Uint8Array): Promise<Seen> {
    const { seen } = this
    const started = performance.now()
    for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - started) {
      const due = Math.min(elapsed, ms) * (perSecond / 1_000)
      while (seen.sent < due) this.#send(message(seen.sent))
      await sleep(TURN_MS)
    }
    await sleep(TAIL_MS)
    return seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #send(message: Uint8Array): void {
    this.seen.sent++
    this.seen.asked += message.length
    this.#socket.send(message, this.#port, '127.0.0.1')
  }

  #note(message: Buffer): void {
    const { seen } = this
    seen.answered += message.length
    if (message.length < HEADER_BYTES) return
    const flags = message.readUInt16BE(2)
    if ((flags & 15) !== 0) seen.errors++
    else if ((flags & 0x200) !== 0) seen.truncated++
    else seen.full++
  }
}
