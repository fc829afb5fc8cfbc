import { createSocket } from 'node:dgram'

import { CLASS_IN, INSTANCES } from './packets.ts'

/**
 * The simplest server that a person would write with node:dgram: four A records for every name that
 * begins with `svc-`, NXDOMAIN for others. It shows what the generator finds in a slow server.
 */
export function serveToy(port: number): void {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 1 << 20,
    lookup: (host, _options, done) => done(null, host, 4),
  })
  const records = Buffer.alloc(INSTANCES * 16)
  for (let i = 0; i < INSTANCES; i++) {
    // Pointer to the question's name, A, IN, TTL 5, four bytes.
    records.set([0xc0, 12, 0, 1, 0, CLASS_IN, 0, 0, 0, 5, 0, 4, 10, 0, 0, i + 1], i * 16)
  }
  socket.on('message', (query, from) => {
    const isKnown = query.toString('latin1', 13, 17) === 'svc-'
    const answer = isKnown ? Buffer.concat([query, records]) : Buffer.from(query)
    answer.writeUInt16BE(isKnown ? 0x84_00 : 0x84_03, 2)
    answer.writeUInt16BE(isKnown ? INSTANCES : 0, 6)
    socket.send(answer, from.port, from.address)
  })
  socket.bind(port, '127.0.0.1')
}

if (import.meta.main) serveToy(Number(process.argv[2]))
