import { decode, encode, RECURSION_DESIRED, type DecodedPacket, type RecordType } from 'dns-packet'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'

const TIMEOUT_MS = 2_000

/** Questions over one UDP socket, as many at a time as the caller likes. */
export class DnsClient implements Disposable {
  readonly #port: number
  readonly #address: string
  readonly #socket: Socket
  readonly #waiting = new Map<number, (answer: DecodedPacket) => void>()
  #id = 0

  constructor(port: number, address: string = '127.0.0.1') {
    this.#port = port
    this.#address = address
    this.#socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (message) => {
      const answer = decode(message)
      this.#waiting.get(answer.id ?? 0)?.(answer)
    })
    // A refusal of one datagram: its question times out.
    this.#socket.on('error', () => undefined)
  }

  async ask(
    name: string,
    type: RecordType,
    timeoutMs: number = TIMEOUT_MS,
  ): Promise<DecodedPacket> {
    const id = (this.#id = (this.#id + 1) & 0xff_ff)
    const query = encode({
      type: 'query',
      id,
      flags: RECURSION_DESIRED,
      questions: [{ name, type }],
    })
    const answered = Promise.withResolvers<DecodedPacket>()
    const timer = setTimeout(
      () => answered.reject(new Error(`no answer to ${name} ${type}`)),
      timeoutMs,
    )
    this.#waiting.set(id, answered.resolve)
    this.#socket.send(query, this.#port, this.#address)
    try {
      return await answered.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** The addresses in the order of the answer. */
  async addresses(name: string): Promise<readonly string[]> {
    const { answers = [] } = await this.ask(name, 'A')
    return answers.flatMap((one) => (one.type === 'A' ? [one.data] : []))
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

/** One question over a TCP connection of its own. */
export async function askOverTcp(
  port: number,
  name: string,
  type: RecordType,
): Promise<DecodedPacket> {
  const flags = RECURSION_DESIRED
  const query = encode({ type: 'query', id: 7, flags, questions: [{ name, type }] })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.end(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query]))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return decode(Buffer.concat(chunks).subarray(2))
}

/** `NXDOMAIN`, `NOERROR` … as dns-packet tells it in the flags. */
export function rcodeOf(answer: DecodedPacket): string {
  return (answer as DecodedPacket & { readonly rcode: string }).rcode
}
