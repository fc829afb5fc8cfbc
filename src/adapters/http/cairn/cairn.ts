import type { FastifyInstance } from 'fastify'
import type { HttpFront } from '../front.ts'
import { answerCairnError } from './errors.ts'
import { dnsRoutes } from './dns.ts'
import { drainRoutes } from './drain.ts'

/** Cairn's own API: what Nacos has no word for. JSON out, parameters in the query or in a form. */
export function cairnRoutes(server: FastifyInstance, front: HttpFront): void {
  void server.register(
    (cairn, _options, done) => {
      cairn.removeAllContentTypeParsers()
      cairn.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) =>
        parsed(null, body),
      )
      cairn.setErrorHandler((error, request, reply) =>
        answerCairnError(front, error, request, reply),
      )
      dnsRoutes(cairn, front)
      drainRoutes(cairn, front)
      done()
    },
    { prefix: '/cairn/v1' },
  )
}
