import { writeFileSync } from 'node:fs'

import { addressOf, encodeQuery, nameService, type Packets } from './packets.ts'
import { registerPath } from './http-line.ts'

/** What blast.c reads: all of it little-endian, as the machines are that it runs on. */

/** `count stride order[] lengths[] rcodes[] answers[] bytes[]`. */
export function writePackets(file: string, packets: Packets): void {
  const { count, stride, order, lengths, rcodes, answers, bytes } = packets
  const head = Uint32Array.of(count, stride)
  writeFileSync(file, Buffer.concat([head, order, lengths].map((part) => octetsOf(part))))
  writeFileSync(file, Buffer.concat([rcodes, answers, bytes]), { flag: 'a' })
}

/** Services whose weights change: enough that each rests for a while. */
const CHANGED_MAX = 50_000
const PROBES = 4_000

/**
 * `changes probes`, then so many texts, each with its length before it: requests of changes; of a
 * probe, registration, update and the query that shows both.
 *
 * @param run distinguishes runs against one server: no run registers what another one did.
 */
export function writeChanges(file: string, names: number, run: number): void {
  const count = Math.min(names, CHANGED_MAX)
  const texts: Buffer[] = []
  for (let turn = 0; turn < 2 * count; turn++) {
    // A prime step: no two neighbours after each other, all in the end.
    const service = 1 + ((turn * 7_919) % count)
    // Never the weight that the service has: each request is a change.
    const weight = 1 + (((turn % count) + (turn < count ? 0 : 1)) % 9)
    texts.push(requestOf('PUT', { name: nameService(service), ip: addressOf(service, 0), weight }))
  }
  for (let i = 0; i < PROBES; i++) {
    const name = nameService(run * PROBES + i, 'look')
    const ip = '10.250.0.1'
    texts.push(
      requestOf('POST', { name, ip, weight: 3 }),
      requestOf('PUT', { name, ip, weight: 7 }),
    )
    texts.push(encodeQuery({ name: name.dns, type: 33, rcode: 0, answers: 1, hasEdns: false }))
  }
  const counts = octetsOf(Uint32Array.of(2 * count, PROBES))
  const parts = texts.flatMap((text) => [octetsOf(Uint32Array.of(text.length)), text])
  writeFileSync(file, Buffer.concat([counts, ...parts]))
}

interface Change {
  readonly name: ReturnType<typeof nameService>
  readonly ip: string
  readonly weight: number
}

function requestOf(method: 'POST' | 'PUT', { name, ip, weight }: Change): Buffer {
  const path = `${registerPath(name, ip)}&weight=${weight}`
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n`
  return Buffer.from(head, 'latin1')
}

function octetsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
