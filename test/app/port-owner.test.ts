import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { findOwner } from '../../src/app/port-owner.ts'

const SELF = new RegExp(`\\S \\(pid ${process.pid}\\)$`)

test('the program that listens on a TCP port is named', async () => {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(findOwner(port, 'tcp')).toMatch(SELF)
  expect(findOwner(port, 'tcp')).not.toContain('MainThread')
  expect(findOwner(port, 'udp')).toBe(undefined)
})

test('the program that holds a UDP port is named', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  expect(findOwner(port, 'udp')).toMatch(SELF)
  expect(findOwner(port, 'tcp')).toBe(undefined)
  socket.close()
})

test('a port that nobody holds has no owner', () => {
  expect(findOwner(1, 'tcp')).toBe(undefined)
})
