import type { FastifyReply, FastifyRequest } from 'fastify'
import { CairnError, type ErrorCode } from '../../../kernel/errors.ts'
import { quote } from '../../../core/nacos/json.ts'
import type { HttpFront } from '../front.ts'
import { sendJsonWith } from '../send.ts'

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  conflict: 409,
  too_large: 413,
  overloaded: 503,
  not_leader: 503,
  unavailable: 503,
  timeout: 504,
  internal: 500,
}

/** Characters of a message; it may quote what the client sent. */
const MESSAGE_MAX = 500

function sendError(reply: FastifyReply, code: ErrorCode, message: string): void {
  const told = message.trim().slice(0, MESSAGE_MAX)
  sendJsonWith(reply, STATUS[code], `{"code":${quote(code)},"message":${quote(told)}}`)
}

export function answerCairnError(
  front: HttpFront,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (error instanceof CairnError) {
    sendError(reply, error.code, error.message)
    return
  }
  const isFault = typeof error === 'object' && error !== null && 'statusCode' in error
  if (isFault && error.statusCode === 413) sendError(reply, 'too_large', 'the body is too long')
  else if (isFault && typeof error.statusCode === 'number' && error.statusCode < 500) {
    sendError(reply, 'invalid_argument', 'the request body could not be read')
  } else {
    front.fault(error, request.routeOptions.url ?? 'unmatched')
    sendError(reply, 'internal', 'internal error')
  }
}
