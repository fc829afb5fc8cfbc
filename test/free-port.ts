import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below where the kernel takes ports for clients (32,768): nobody comes upon it by chance. */
const FIRST = 20_000
const COUNT = 12_000

/** A port of 127.0.0.1 that is free in UDP and TCP, for a program that must be told its own. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if ((await isFreeTcp(port)) && (await isFreeUdp(port))) return port
  }
  throw new Error('no free port')
}

async function isFreeTcp(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function isFreeUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
