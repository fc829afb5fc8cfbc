import type { Server } from 'node:net'

/** Listens on one port together with the other workers; rejects with the system's error. */
export async function listenOn(server: Server, address: string, port: number): Promise<number> {
  const bound = Promise.withResolvers<void>()
  server.once('error', bound.reject)
  const ipv6Only = address.includes(':')
  server.listen({ host: address, port, reusePort: true, ipv6Only }, () => bound.resolve())
  await bound.promise
  server.off('error', bound.reject)
  const at = server.address()
  return typeof at === 'object' && at !== null ? at.port : port
}
