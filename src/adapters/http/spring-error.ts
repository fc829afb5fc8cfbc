import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpFront } from './front.ts'
import { pathOf } from './request.ts'
import { sendJsonWith } from './send.ts'

/** The JSON that Spring writes where no controller answered; Nacos users and scanners know it. */
export function sendSpringError(
  front: Pick<HttpFront, 'clock'>,
  request: Pick<FastifyRequest, 'url'>,
  reply: FastifyReply,
  status: number,
  message: string,
): void {
  const error = {
    // Spring writes the zone as +0000.
    timestamp: new Date(front.clock.wall()).toISOString().replace('Z', '+0000'),
    status,
    error: STATUS_CODES[status] ?? 'Error',
    message,
    path: pathOf(request.url),
  }
  sendJsonWith(reply, status, JSON.stringify(error))
}
