import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { encodeOpenLogin, OPEN_TOKEN } from '../../../../core/nacos/encode-operator.ts'
import { optional } from '../../../../core/nacos/params.ts'
import { paramsOf } from '../../request.ts'
import { sendJson } from '../../send.ts'

/**
 * Login while auth is off. It must be there: clients that were given credentials log in at start
 * and would try again every 5 s. Both paths, always.
 */
export function authRoutes(v1: FastifyInstance): void {
  v1.post('/auth/login', login)
  v1.post('/auth/users/login', login)
}

function login(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('authorization', `Bearer ${OPEN_TOKEN}`)
  sendJson(reply, encodeOpenLogin(optional(paramsOf(request), 'username')))
}
