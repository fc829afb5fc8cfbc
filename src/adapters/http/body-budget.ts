import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, RequestPayload } from 'fastify'
import { CairnError } from '../../kernel/errors.ts'
import type { Admission } from './admission.ts'
import type { HttpFront } from './front.ts'

/**
 * What each body may have outside the budget, in bytes. So beats and registrations are read also
 * while somebody holds the whole budget with large bodies that never end: the leases go on.
 */
export const BODY_FREE_BYTES: number = 16 * 1_024

/** What a piece costs beside its bytes: chunks of one byte would take 200 times their size. */
const PIECE_BYTES = 256

/** Bodies are never read for these. */
const BODYLESS = new Set(['GET', 'HEAD', 'TRACE'])

const BUSY = 'too many request bodies are under way (http.bodies_max): try again later\n'

/** Counts the bytes of bodies that are arriving, and refuses the one that is too many. */
export function countBodies(server: FastifyInstance, front: Pick<HttpFront, 'admission'>): void {
  server.addHook('preParsing', (request, reply, payload, done) => {
    if (hasBody(request.raw)) countBody(front.admission, reply, payload)
    done(null, payload)
  })
}

function hasBody({ method = '', headers }: IncomingMessage): boolean {
  if (BODYLESS.has(method)) return false
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  return length !== '0' || encoding !== undefined
}

function countBody(admission: Admission, reply: FastifyReply, payload: RequestPayload): void {
  let arrived = 0
  let taken = 0
  const release = (): void => {
    payload.off('data', count)
    admission.giveBodyBytes(taken)
    taken = 0
  }
  const count = (piece: Buffer): void => {
    // Refused, or nobody reads it: Fastify drops the rest.
    if (reply.sent) {
      release()
      return
    }
    arrived += piece.length + PIECE_BYTES
    const more = Math.max(0, arrived - BODY_FREE_BYTES) - taken
    if (more === 0 || admission.takeBodyBytes(more)) {
      taken += more
      return
    }
    release()
    admission.refuse('bodies')
    refuseBody(reply, payload)
  }
  payload.on('data', count)
  payload.once('end', release)
  // Of a body that never ends.
  payload.once('close', release)
}

/**
 * The answer is sent whole, but it does not end, and so the connection does not, before the rest of
 * the body was read and dropped: a close with unread bytes would reset the connection, and the
 * client would never see why. The request's own time limit holds.
 */
function refuseBody(reply: FastifyReply, payload: RequestPayload): void {
  reply.hijack()
  sayBusy(reply.raw)
  payload.once('end', () => reply.raw.end())
  // Fastify's reader lets go of what it has; its own answer finds the reply taken.
  if (payload.listenerCount('error') > 0) payload.emit('error', new CairnError('overloaded', BUSY))
}

function sayBusy(response: ServerResponse): void {
  response.writeHead(503, {
    'content-type': 'text/plain;charset=UTF-8',
    'content-length': Buffer.byteLength(BUSY),
    'retry-after': '1',
    connection: 'close',
  })
  response.write(BUSY)
}
