import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { askOverTcp } from '../../../../src/adapters/dns/forward/exchange.ts'
import { FirstMessage } from '../../../../src/adapters/dns/forward/first-message.ts'

/** What comes of asking over TCP, until the connection is closed by the one who asked. */
async function heardOf(serve: (socket: Socket) => void): Promise<readonly string[]> {
  const server = createServer()
  const heard: string[] = []
  const gone = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', gone.resolve)
    socket.once('data', () => serve(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const exchange = askOverTcp({ address: '127.0.0.1', port }, new Uint8Array(12), {
    onPacket: (bytes) => heard.push(String(bytes.length)),
    onError: () => heard.push('error'),
  })
  await gone.promise
  exchange.close()
  server.close()
  await once(server, 'close')
  return heard
}

/** A message of so many octets, with its length before it. */
function framed(length: number): Uint8Array {
  const bytes = new Uint8Array(2 + length)
  bytes.set([length >> 8, length & 255])
  return bytes
}

function serveThree(socket: Socket): void {
  for (let i = 0; i < 3; i++) socket.write(framed(40))
}

function serveEndlessly(socket: Socket): void {
  if (socket.writable) socket.write(framed(65_535), () => serveEndlessly(socket))
}

test.each([0, 11])('a length of %s is no message: an error, and the connection ends', async (n) => {
  expect(await heardOf((socket) => socket.write(framed(n)))).toEqual(['error'])
})

// Who asks takes the packet and closes; if it was not the answer, none will come any more.
test('one message per connection, what follows is not read', async () => {
  expect(await heardOf(serveThree)).toEqual(['40', 'error'])
})

test('a stream without an end is not kept', async () => {
  expect(await heardOf(serveEndlessly)).toEqual(['65535', 'error'])
})

test.each([1, 2, 3, 1_000, 70_000])('a message in pieces of %s octets', (size) => {
  const sent = Uint8Array.from({ length: 2 + 65_535 + 9 }, (_, i) => i & 255)
  sent.set([255, 255])
  const message = new FirstMessage()
  for (let at = 0; ; at += size) {
    const taken = message.take(sent.subarray(at, at + size))
    if (taken === 'more') continue
    if (taken === 'wrong') throw new Error('wrong')
    expect(Buffer.from(taken).equals(sent.subarray(2, 2 + 65_535))).toBe(true)
    expect(taken.buffer.byteLength).toBe(65_535)
    break
  }
})
