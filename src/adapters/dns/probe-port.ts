import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/** A port that cannot be had, and the setting that chose it. */
export class PortTaken extends Error {
  readonly setting: string
  readonly address: string
  readonly port: number

  constructor(setting: string, address: string, port: number, cause: unknown) {
    super(`${setting}: ${address}:${port}`, { cause })
    this.name = 'PortTaken'
    this.setting = setting
    this.address = address
    this.port = port
  }
}

/**
 * Whether UDP and TCP of a port are free, asked without SO_REUSEPORT: with it a second server of
 * the same user would bind the port, too, and take half of the queries. Rejects with the system's
 * error. Port 0 asks only whether the address is there.
 */
export async function probePort(address: string, port: number): Promise<void> {
  await probeUdp(address, port)
  await probeTcp(address, port)
}

async function probeUdp(address: string, port: number): Promise<void> {
  const isV6 = address.includes(':')
  const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 })
  const done = Promise.withResolvers<void>()
  socket.once('error', done.reject)
  socket.bind({ port, address, exclusive: true }, done.resolve)
  try {
    await done.promise
  } finally {
    const closed = Promise.withResolvers<void>()
    socket.close(closed.resolve)
    await closed.promise
  }
}

/** As `probePort`, for TCP alone. */
export async function probeTcp(address: string, port: number): Promise<void> {
  const server = createServer()
  const done = Promise.withResolvers<void>()
  server.once('error', done.reject)
  server.listen({ host: address, port, ipv6Only: address.includes(':') }, done.resolve)
  await done.promise
  const closed = Promise.withResolvers<void>()
  server.close(() => closed.resolve())
  await closed.promise
}
