import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { SeededRng } from '../../src/kernel/rng.ts'
import { query } from '../core/dns/answer/world.ts'
import { TestServer } from '../e2e/server.ts'
import { fuzz, fuzzWorld } from './dns-fuzz.ts'
import { PacketSource } from './dns-packets.ts'

/**
 * `npm run fuzz:dns -- [--count 2000000] [--seed n] [--sockets 20000]`: packets through a responder
 * in process, then over UDP and TCP to a started server, which must still answer afterwards.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    sockets: { type: 'string', default: '20000' },
  },
})
const seed = Number(values.seed)
const CHUNK = 200_000

console.log(`seed ${seed}`)
let isSound = true
for (let done = 0; done < Number(values.count) && isSound; done += CHUNK) {
  const count = Math.min(CHUNK, Number(values.count) - done)
  const { answers, slowestMs, faults } = fuzz(count, seed + done)
  console.log(`${done + count} packets, ${answers} answers, slowest ${slowestMs.toFixed(2)} ms`)
  for (const fault of faults) console.log(`seed ${seed + done}: ${fault}`)
  isSound = faults.length === 0
}
isSound = isSound && (await overSockets(Number(values.sockets)))
console.log(isSound ? 'sound' : 'NOT SOUND')
process.exitCode = isSound ? 0 : 1

async function overSockets(count: number): Promise<boolean> {
  await using server = await TestServer.start()
  const source = new PacketSource(new SeededRng(seed), fuzzWorld().names)
  const udp = createSocket('udp4')
  udp.on('error', () => undefined)
  let socket: Socket | undefined
  for (let i = 0; i < count; i++) {
    const packet = Buffer.from(source.next())
    if (i % 2 === 0) udp.send(packet, server.dns, '127.0.0.1')
    else socket = write(socket, packet, server.dns, i)
    // So that neither side drowns: what is lost in a queue was not tried.
    if (i % 50 === 0) await new Promise((done) => setImmediate(done))
  }
  socket?.destroy()
  udp.close()
  const isAlive = (await answersUdp(server.dns)) && (await answersTcp(server.dns))
  const deaths = server.log.filter(({ event }) => event === 'dns_worker_died')
  console.log(`${count} packets over sockets, ${deaths.length} deaths, answers: ${isAlive}`)
  for (const line of deaths) console.log(JSON.stringify(line))
  return isAlive && deaths.length === 0
}

/** Framed on one connection as long as it lives; some not framed at all. */
function write(known: Socket | undefined, packet: Buffer, port: number, i: number): Socket {
  let socket = known
  if (socket === undefined || socket.destroyed || socket.writableEnded) {
    socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.on('end', () => socket?.destroy())
    socket.resume()
  }
  if (i % 97 !== 1) socket.write(Uint8Array.of(packet.length >> 8, packet.length & 255))
  socket.write(packet)
  if (i % 1_001 === 0) socket.end()
  return socket
}

async function answersUdp(port: number): Promise<boolean> {
  const udp = createSocket('udp4')
  try {
    for (let i = 0; i < 20; i++) {
      udp.send(query('nacos', 'SOA'), port, '127.0.0.1')
      const signal = AbortSignal.timeout(500)
      const answer = await once(udp, 'message', { signal }).catch(() => undefined)
      if (answer !== undefined) return true
    }
    return false
  } finally {
    udp.close()
  }
}

async function answersTcp(port: number): Promise<boolean> {
  const packet = query('nacos', 'SOA')
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(Uint8Array.of(0, packet.length, ...packet))
  const signal = AbortSignal.timeout(5_000)
  const answer = await once(socket, 'data', { signal }).catch(() => undefined)
  socket.destroy()
  return answer !== undefined
}
