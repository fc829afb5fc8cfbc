import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'

/** Questions that wait for an answer at a time. */
const WINDOW = 100
/** A question that is not answered by then is sent again. */
const PATIENCE_MS = 1000
const TRIES_MAX = 10

interface Waiting {
  readonly packet: Uint8Array
  readonly resolve: (answer: Uint8Array) => void
  readonly reject: (error: Error) => void
  tries: number
  timer: NodeJS.Timeout | undefined
}

/** Asks a server on the loopback over UDP, and over TCP what was truncated. */
export class Client implements Disposable {
  readonly #port: number
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #queue: Waiting[] = []
  #id = 0
  #tcp: Promise<void> = Promise.resolve()

  constructor(port: number) {
    this.#port = port
    this.#socket = createSocket({
      type: 'udp4',
      lookup: (host, _, done) => done(null, host, 4),
    })
    this.#socket.on('message', (answer) => this.#take(answer))
  }

  ask(packet: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.#queue.push({ packet: packet.slice(), resolve, reject, tries: 0, timer: undefined })
    this.#pump()
    return promise
  }

  /** One connection for one question, a few at a time; a server may refuse when it has many. */
  async askTcp(packet: Uint8Array): Promise<Uint8Array> {
    const before = this.#tcp
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tcp = promise
    await before
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await this.#connectAndAsk(packet)
        } catch (error) {
          if (tries === TRIES_MAX) throw error
        }
      }
    } finally {
      resolve()
    }
  }

  #connectAndAsk(packet: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const socket = connect(this.#port, '127.0.0.1')
    let got = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return
      resolve(got.subarray(2, 2 + got.readUInt16BE(0)))
      socket.destroy()
    })
    socket.write(Buffer.concat([Uint8Array.of(packet.length >> 8, packet.length & 255), packet]))
    return promise
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#socket.close()
  }

  #pump(): void {
    while (this.#waiting.size < WINDOW) {
      const next = this.#queue.shift()
      if (next === undefined) return
      do this.#id = (this.#id + 1) & 0xffff
      while (this.#waiting.has(this.#id))
      next.packet[0] = this.#id >> 8
      next.packet[1] = this.#id & 255
      this.#waiting.set(this.#id, next)
      this.#send(this.#id, next)
    }
  }

  #send(id: number, one: Waiting): void {
    if (++one.tries > TRIES_MAX) {
      this.#waiting.delete(id)
      one.reject(new Error(`no answer from port ${this.#port}`))
      return
    }
    this.#socket.send(one.packet, this.#port, '127.0.0.1')
    one.timer = setTimeout(() => this.#send(id, one), PATIENCE_MS)
  }

  #take(answer: Uint8Array): void {
    const id = ((answer[0] ?? 0) << 8) | (answer[1] ?? 0)
    const one = this.#waiting.get(id)
    if (one === undefined) return
    clearTimeout(one.timer)
    this.#waiting.delete(id)
    one.resolve(answer)
    this.#pump()
  }
}

/** Whether anybody answers at the port. */
export async function asks(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.on('message', () => resolve(true))
  socket.on('error', () => undefined)
  const query = Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1)
  socket.send(query, port, '127.0.0.1')
  const timer = setTimeout(() => resolve(false), 50)
  const isThere = await promise
  clearTimeout(timer)
  socket.close()
  return isThere
}
