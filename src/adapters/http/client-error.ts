import type { Duplex } from 'node:stream'
import { STATUS_CODES } from 'node:http'
import { millis } from '../../kernel/ids.ts'
import type { HttpFront } from './front.ts'

/** After the answer the socket is read on this long, or the answer is lost in a reset; ms. */
const LINGER_MS = millis(1_000)

/** Answers what never became a request: broken syntax, headers too long, half a request. */
export function answerClientError(
  front: Pick<HttpFront, 'clock' | 'limits' | 'observe'>,
  error: NodeJS.ErrnoException,
  socket: Duplex,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    // Ended by us and lingering: the rest of a refused request comes here piece by piece.
    if (!socket.writableEnded) socket.destroy()
    return
  }
  const [status, text] = reasonOf(error.code, front)
  front.observe('unparsed', 'OTHER', status, 0)
  socket.end(rawAnswer(status, text))
  socket.once('end', () => socket.destroy())
  const lingering = front.clock.after(LINGER_MS, () => socket.destroy())
  socket.once('close', () => lingering[Symbol.dispose]())
}

function reasonOf(
  code: string | undefined,
  { limits }: Pick<HttpFront, 'limits'>,
): readonly [number, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        431,
        `request line and headers exceed ${limits.headerBytesMax} bytes: ` +
          'send the parameters as a form in the body\n',
      ]
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'the request did not arrive in time\n']
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'chunk extensions are too long\n']
    default:
      return [400, 'this is not an HTTP/1.1 request\n']
  }
}

/** The connection closes: after a syntax error nobody knows where the next request begins. */
function rawAnswer(status: number, text: string): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
    'Content-Type: text/plain;charset=UTF-8\r\n' +
    `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`
  )
}
