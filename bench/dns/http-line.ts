import { type Block, type Libc, MSG_DONTWAIT, MSG_NOSIGNAL, openTcp } from './libc.ts'
import type { ServiceName } from './packets.ts'

const BUFFER_BYTES = 16_384

/** One keep-alive HTTP/1.1 connection with one request at a time, driven without an event loop. */
export class HttpLine {
  errors = 0
  isBusy = false
  readonly #libc: Libc
  readonly #fd: number
  readonly #out: Block
  readonly #in: Block
  #filled = 0

  constructor(libc: Libc, port: number) {
    this.#libc = libc
    this.#fd = openTcp(libc, port)
    this.#out = libc.allocate(BUFFER_BYTES)
    this.#in = libc.allocate(BUFFER_BYTES)
  }

  close(): void {
    this.#libc.functions.close(this.#fd)
  }

  send(method: 'POST' | 'PUT', path: string): void {
    const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n`
    const length = this.#out.bytes.write(head, 'latin1')
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL
    const sent = this.#libc.functions.send(this.#fd, this.#out.address, BigInt(length), flags)
    if (Number(sent) !== length) throw new Error('the HTTP connection does not take a request')
    this.isBusy = true
    this.#filled = 0
  }

  /** Reads what has come; not busy any more once the answer is whole. */
  receive(): void {
    const room = BigInt(BUFFER_BYTES - this.#filled)
    const at = this.#in.address + BigInt(this.#filled)
    const got = Number(this.#libc.functions.recv(this.#fd, at, room, MSG_DONTWAIT))
    if (got === 0) throw new Error('the server closed an HTTP connection')
    if (got < 0) return
    this.#filled += got
    const text = this.#in.bytes.toString('latin1', 0, this.#filled)
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
    if (this.#filled < end + 4 + length) return
    this.isBusy = false
    if (!text.startsWith('HTTP/1.1 200')) this.errors++
  }
}

/** A persistent instance: it stays without beats. */
export function registerPath(name: ServiceName, ip: string): string {
  const service = `serviceName=${name.service}&groupName=${name.group}`
  return `/nacos/v1/ns/instance?${service}&ip=${ip}&port=8080&ephemeral=false`
}
