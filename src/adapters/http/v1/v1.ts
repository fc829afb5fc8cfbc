import type { FastifyInstance } from 'fastify'
import { isAdmitted } from '../../../core/nacos/status.ts'
import * as texts from '../../../core/nacos/texts.ts'
import type { HttpFront } from '../front.ts'
import { sendText } from '../send.ts'
import { authRoutes } from './routes/auth.ts'
import { consoleRoutes } from './routes/console.ts'
import { instanceRoutes } from './routes/instance.ts'
import { operatorRoutes } from './routes/operator.ts'
import { serviceRoutes } from './routes/service.ts'

/** Nacos' Open API v1, as far as it is about naming. */
export function v1Routes(server: FastifyInstance, front: HttpFront): void {
  void server.register(
    (v1, _options, done) => {
      readBodiesAsText(v1)
      consoleRoutes(v1, front)
      authRoutes(v1)
      void v1.register(
        (ns, _nsOptions, nsDone) => {
          namingRoutes(ns, front)
          nsDone()
        },
        { prefix: '/ns' },
      )
      done()
    },
    { prefix: '/nacos/v1' },
  )
}

function namingRoutes(ns: FastifyInstance, front: HttpFront): void {
  ns.addHook('onRequest', (request, reply, done) => {
    const status = front.status()
    if (isAdmitted(status, request.method)) done()
    else sendText(reply, 503, texts.serverIs(status))
  })
  instanceRoutes(ns, front)
  serviceRoutes(ns, front)
  operatorRoutes(ns, front)
}

/** Every media type that is written on a body here means a form. */
const FORM = 'application/x-www-form-urlencoded'

/**
 * Bodies are forms whatever their Content-Type says: clients leave it out, or write `charset=utf8`
 * or nonsense, which Fastify would refuse with 415 before any parser sees it.
 */
function readBodiesAsText(v1: FastifyInstance): void {
  v1.removeAllContentTypeParsers()
  v1.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  v1.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    if (headers['content-type'] !== undefined) headers['content-type'] = FORM
    done()
  })
}
