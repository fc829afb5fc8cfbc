import type { FastifyReply, FastifyRequest } from 'fastify'
import { CairnError, type ErrorCode } from '../../../kernel/errors.ts'
import { groupedName, type ServiceRef } from '../../../core/registry/state.ts'
import * as texts from '../../../core/nacos/texts.ts'
import type { HttpFront } from '../front.ts'
import { sendText } from '../send.ts'

/** The HTTP status of each code in v1, where the body is the plain message. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 403,
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

/** Characters of a message that are sent: some quote what the client sent, up to 10 MiB. */
const MESSAGE_MAX = 1_024

/** Whatever a handler threw, as the plain text of v1. Causes and stacks stay here. */
export function answerError(
  front: HttpFront,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (error instanceof CairnError) {
    sendText(reply, STATUS[error.code], error.message.slice(0, MESSAGE_MAX))
    return
  }
  const status = frameworkStatus(error)
  if (status === 413) sendTooLarge(front, reply)
  else if (status < 500) sendText(reply, status, 'the request body could not be read')
  else {
    front.fault(error, request.routeOptions.url ?? 'unmatched')
    sendText(reply, 500, 'caused: internal error;')
  }
}

/** The status of an error that Fastify or Node made of a client's fault; 500 for all else. */
function frameworkStatus(error: unknown): number {
  const isFault = typeof error === 'object' && error !== null && 'statusCode' in error
  const status = isFault ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

/**
 * The connection stays open and the rest of the body is read and dropped, until `requestMs`: a
 * close with unread bytes would reset it, and the client would never see why.
 */
function sendTooLarge(front: HttpFront, reply: FastifyReply): void {
  void reply.removeHeader('connection')
  sendText(reply, 413, `the request body exceeds ${front.limits.bodyBytesMax} bytes`)
}

/** A refusal that is no fault but an outcome: the status is Nacos' oddity of that route. */
export interface Refusal {
  readonly status: number
  readonly text: string
}

export function refuse(reply: FastifyReply, { status, text }: Refusal): void {
  sendText(reply, status, text)
}

/** PUT /instance by a strict client. */
export function updateOfMissingService(ref: ServiceRef): Refusal {
  return { status: 400, text: texts.serviceMissingForUpdate(ref.namespace, groupedName(ref)) }
}

export function updateOfMissingInstance(instanceJson: string): Refusal {
  return { status: 400, text: texts.instanceMissingForUpdate(instanceJson) }
}

/** PATCH /instance. */
export const PATCH_OF_MISSING: Refusal = { status: 400, text: texts.INSTANCE_NOT_FOUND }

/** GET /instance. */
export function noService(ref: ServiceRef): Refusal {
  return { status: 404, text: texts.noService(groupedName(ref)) }
}

export function noIpsInCluster(cluster: string, ref: ServiceRef): Refusal {
  return { status: 404, text: texts.noIpsInCluster(cluster, groupedName(ref)) }
}

export const NO_MATCHED_IP: Refusal = { status: 404, text: texts.NO_MATCHED_IP }

/** POST /service. */
export function serviceExists(ref: ServiceRef): Refusal {
  return { status: 400, text: texts.serviceExists(groupedName(ref)) }
}

/** PUT and DELETE /service. */
export function serviceMissing(ref: ServiceRef): Refusal {
  return { status: 400, text: texts.serviceMissing(groupedName(ref)) }
}

export function serviceNotEmpty(ref: ServiceRef): Refusal {
  return { status: 400, text: texts.serviceNotEmpty(groupedName(ref)) }
}

/** GET /service. */
export function serviceIsNotFound(ref: ServiceRef): Refusal {
  return { status: 404, text: texts.serviceIsNotFound(groupedName(ref)) }
}
