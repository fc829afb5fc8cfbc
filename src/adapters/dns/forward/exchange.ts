import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { UpstreamAddress } from '../../../core/dns/forward/upstream.ts'
import { FirstMessage, PREFIX } from './first-message.ts'

/** What comes of an exchange; nothing is called any more once it is closed. */
export interface ExchangeEvents {
  readonly onPacket: (bytes: Uint8Array) => void
  readonly onError: () => void
}

export interface Exchange {
  close(): void
}

/**
 * One query over UDP from a socket of its own: the kernel draws a new port for each, so a forger
 * must guess port and ID anew every time (RFC 5452 §9.2). It is connected: packets from elsewhere
 * are dropped by the kernel, and a closed port is told at once.
 */
export function askOverUdp(
  { address, port }: UpstreamAddress,
  packet: Uint8Array,
  { onPacket, onError }: ExchangeEvents,
): Exchange {
  const family = address.includes(':') ? 6 : 4
  const socket: UdpSocket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (host, _options, done) => done(null, host, family),
  })
  let isClosed = false
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    socket.close()
  }
  socket.on('error', () => {
    if (!isClosed) onError()
  })
  socket.on('message', (message, from) => {
    // The kernel has filtered already; between its bind and its connect a stranger may slip in.
    if (!isClosed && from.port === port && from.address === address) onPacket(message)
  })
  socket.connect(port, address, () => {
    if (!isClosed) socket.send(packet)
  })
  return { close }
}

/** One query over TCP, on a connection of its own that ends with the first message. */
export function askOverTcp(
  { address, port }: UpstreamAddress,
  packet: Uint8Array,
  { onPacket, onError }: ExchangeEvents,
): Exchange {
  const socket = connect({ host: address, port })
  const framed = new Uint8Array(PREFIX + packet.length)
  framed.set([packet.length >> 8, packet.length & 0xff])
  framed.set(packet, PREFIX)
  socket.setNoDelay(true)
  socket.write(framed)
  const received = new FirstMessage()
  let isClosed = false
  const close = (): void => {
    isClosed = true
    socket.destroy()
  }
  const end = (): void => {
    if (isClosed) return
    close()
    onError()
  }
  socket.on('data', (chunk: Uint8Array) => {
    if (isClosed) return
    const message = received.take(chunk)
    if (message === 'more') return
    if (message !== 'wrong') onPacket(message)
    // Still open: it was not the answer, and no other will be read.
    end()
  })
  // An end without an answer is as good as an error.
  socket.on('error', end)
  socket.on('end', end)
  return { close }
}
