import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import {
  answerTo,
  nameIn,
  questionEnd,
  type AnswerParts,
} from '../../../core/dns/forward/upstream-message.ts'

/** One query as an upstream sees it. */
export interface Heard {
  readonly packet: Uint8Array
  readonly name: string
  readonly type: number
  readonly id: number
  readonly port: number
  readonly via: 'udp' | 'tcp'
}

/** Sends one packet back to where the query came from. */
export type Reply = (bytes: Uint8Array) => void
export type Behaviour = (heard: Heard, reply: Reply) => void

/** Answers any name with one address, TTL 300. */
export const HONEST: Behaviour = ({ packet, name }, reply) => {
  reply(answerTo(packet, { answers: [`${name.toLowerCase()} 300 A 192.0.2.7`] }))
}

/** Answers with these parts, whatever is asked. */
export function says(parts: AnswerParts): Behaviour {
  return ({ packet }, reply) => reply(answerTo(packet, parts))
}

/** A name server on the loopback that does what it is told, over UDP and TCP. */
export class FakeUpstream implements AsyncDisposable {
  readonly heard: Heard[] = []
  behaviour: Behaviour = HONEST
  readonly #udp: Socket
  readonly #tcp: Server
  #isClosed = false

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (message, from) => this.#hear(message, from))
    tcp.on('connection', (socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (bytes: Uint8Array) => {
        const packet = bytes.slice(2)
        this.#tell(packet, socket.remotePort ?? 0, 'tcp', (reply) => {
          socket.write(Uint8Array.of(reply.length >> 8, reply.length & 255, ...reply))
        })
      })
    })
  }

  static async start(port = 0): Promise<FakeUpstream> {
    for (let tries = 0; ; tries++) {
      const udp = createSocket('udp4')
      udp.bind(port, '127.0.0.1')
      await once(udp, 'listening')
      const tcp = createServer()
      tcp.listen(udp.address().port, '127.0.0.1')
      try {
        await once(tcp, 'listening')
        return new FakeUpstream(udp, tcp)
      } catch (error) {
        // Free for UDP, but not for TCP.
        udp.close()
        if (port !== 0 || tries === 9) throw error
      }
    }
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Names that were asked for, in lower case; what looks for loops is left out. */
  get names(): readonly string[] {
    return this.heard.filter(({ type }) => type !== 16).map(({ name }) => name.toLowerCase())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#udp.close()
    this.#tcp.close()
    await Promise.all([once(this.#udp, 'close'), once(this.#tcp, 'close')])
  }

  #hear(message: Uint8Array, from: RemoteInfo): void {
    this.#tell(message, from.port, 'udp', (reply) => {
      this.#udp.send(reply, from.port, from.address)
    })
  }

  #tell(packet: Uint8Array, port: number, via: Heard['via'], reply: Reply): void {
    const view = new DataView(packet.buffer, packet.byteOffset)
    const type = view.getUint16(questionEnd(packet) - 4)
    const heard = { packet, name: nameIn(packet), type, id: view.getUint16(0), port, via }
    this.heard.push(heard)
    // Probes for loops are nobody's names.
    if (type === 16) reply(answerTo(packet, { flags: 0x8183 }))
    else this.behaviour(heard, reply)
  }
}
