import { expect, test } from 'vitest'
import { openLibc } from '../../../../src/adapters/dns/batch/libc.ts'
import { SystemError, Sockets } from '../../../../src/adapters/dns/batch/socket.ts'
import type { BatchSocket } from '../../../../src/adapters/dns/worker-data.ts'
import { worksHere } from './works-here.ts'

/** Of some 28,000 free ports: were one given twice at random, it would be among so many. */
const MANY = 800

test.runIf(worksHere)('a free port is nobody else’s, until he says so', () => {
  const sockets = new Sockets(openLibc())
  const open: BatchSocket[] = []
  try {
    for (let i = 0; i < MANY; i++) open.push(sockets.open('127.0.0.1', 0, 4_096))
    expect(new Set(open.map(({ port }) => port)).size).toBe(MANY)
    const [{ port } = { port: 0 }] = open
    open.push(sockets.open('127.0.0.1', port, 4_096))
    expect(open.at(-1)?.port).toBe(port)
  } finally {
    for (const { fd } of open) sockets.close(fd)
  }
})

test.runIf(worksHere)('an address of another machine is refused with the name of the error', () => {
  const sockets = new Sockets(openLibc())
  expect(() => sockets.open('192.0.2.1', 0, 4_096)).toThrow(SystemError)
  expect(() => sockets.open('192.0.2.1', 0, 4_096)).toThrow('bind: EADDRNOTAVAIL')
})
