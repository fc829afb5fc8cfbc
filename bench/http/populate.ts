import { connect, type Socket } from 'node:net'

import { registerPath } from '../dns/http-line.ts'
import { addressOf, INSTANCES, nameService } from '../dns/packets.ts'

export interface Population {
  readonly services: number
  /** Persistent ones stay without beats; ephemeral ones are what most clients register. */
  readonly instances: 'persistent' | 'ephemeral'
  readonly perService?: number
}

const CONNECTIONS = 64

/**
 * Registers everything over HTTP, as clients would: one request at a time per connection. Plain
 * sockets, because node:http's client would be slower than the server. Any other answer than 200 is
 * an error.
 */
export async function populate(httpPort: number, population: Population): Promise<void> {
  const perService = population.perService ?? INSTANCES
  const total = population.services * perService
  const isEphemeral = population.instances === 'ephemeral'
  let next = 0
  const nextPath = (): string | undefined => {
    if (next === total) return undefined
    const service = 1 + Math.floor(next / perService)
    // Neighbours may share an address: it is their service that tells them apart.
    const path = registerPath(nameService(service), addressOf(service, next % perService))
    next++
    return isEphemeral ? path.replace('ephemeral=false', 'ephemeral=true') : path
  }
  const work = Array.from({ length: CONNECTIONS }, async () => {
    const socket = connect({ port: httpPort, host: '127.0.0.1', noDelay: true })
    try {
      await post(socket, nextPath)
    } finally {
      socket.destroy()
    }
  })
  await Promise.all(work)
}

/** Posts one path after the other until there is no more. */
async function post(socket: Socket, nextPath: () => string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let text = ''
    const send = (): void => {
      const path = nextPath()
      if (path === undefined) resolve()
      else socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n`)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed an HTTP connection')))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
      if (end < 0 || text.length < end + 4 + length) return
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`register answered: ${text}`))
      text = ''
      send()
    })
  })
}
