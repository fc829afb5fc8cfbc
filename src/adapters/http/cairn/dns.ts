import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Explained, Explanation, Question } from '../../../core/dns/explain/explainer.ts'
import { REASON_TEXT } from '../../../core/dns/explain/reason-text.ts'
import { TYPE } from '../../../core/dns/protocol.ts'
import { optional, parseFlag, parseInteger, required } from '../../../core/nacos/params.ts'
import { CairnError } from '../../../kernel/errors.ts'
import type { HttpFront } from '../front.ts'
import { paramsOf } from '../request.ts'
import { sendJson } from '../send.ts'

/** Instances told at once, unless fewer or more are asked for. */
const LIMIT_DEFAULT = 1_000
const LIMIT_MAX = 10_000

export function dnsRoutes(cairn: FastifyInstance, front: HttpFront): void {
  cairn.get('/dns/explain', (request, reply) => explain(front, request, reply))
}

function explain(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  const question: Question = {
    name: required(params, 'name'),
    type: parseType(optional(params, 'type') || 'A'),
    client: optional(params, 'client') || request.ip,
    isTcp: parseFlag(optional(params, 'tcp'), false),
  }
  const limit = parseLimit(optional(params, 'limit'))
  const told = front.explain(question)
  sendJson(reply, JSON.stringify(encode(question, told, limit)))
}

function parseType(text: string): Question['type'] {
  const type = text.toUpperCase()
  if (type === 'A' || type === 'AAAA' || type === 'SRV') return type
  throw new CairnError('invalid_argument', `type must be A, AAAA or SRV, got ${text}`)
}

function parseLimit(text: string): number {
  const limit = text === '' ? LIMIT_DEFAULT : parseInteger(text)
  if (limit >= 0 && limit <= LIMIT_MAX) return limit
  throw new CairnError('invalid_argument', `limit must be 0…${LIMIT_MAX}, got ${text}`)
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(TYPE).map(([name, number]) => [number, name]),
)

function encode(question: Question, told: Explanation, limit: number): object {
  const instances = [...told.instances]
  const { name, rcode, isTruncated, serial, answers, service, decided } = told
  return {
    name,
    type: question.type,
    client: question.client,
    rcode,
    truncated: isTruncated,
    serial,
    answer: answers.map(({ type, ttl, data }) => {
      return { type: TYPE_NAMES.get(type) ?? `TYPE${type}`, ttl, data }
    }),
    service,
    decided: decided === undefined ? undefined : { ...decided, answered: answers.length },
    in: instances.filter(({ isIn }) => isIn).length,
    out: instances.filter(({ isIn }) => !isIn).length,
    instances: instances.slice(0, limit).map(encodeInstance),
  }
}

function encodeInstance({ host, port, cluster, weight, isIn, reason, since }: Explained): object {
  return {
    host,
    port,
    cluster,
    weight,
    in: isIn,
    reason,
    text: REASON_TEXT[reason],
    since: new Date(since).toISOString(),
  }
}
