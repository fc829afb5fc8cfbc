import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyHttpOptions,
  type RawServerDefault,
} from 'fastify'
import * as texts from '../../core/nacos/texts.ts'
import { countBodies } from './body-budget.ts'
import { cairnRoutes } from './cairn/cairn.ts'
import { answerClientError } from './client-error.ts'
import type { HttpFront } from './front.ts'
import { probeRoutes } from './probes.ts'
import { pathOf } from './request.ts'
import { sendSpringError } from './spring-error.ts'
import { answerError } from './v1/errors.ts'
import { v1Routes } from './v1/v1.ts'

/** How often Node looks for requests that take too long; ms. */
const CHECK_MS = 2_000

const NAMING = '/nacos/v1/ns/'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** One HTTP server, not yet listening. A member that listens on several addresses has several. */
export function createHttpServer(front: HttpFront): FastifyInstance {
  const server = fastify(optionsOf(front))
  guardConnections(server, front)
  countBodies(server, front)
  addHooks(server, front)
  server.setErrorHandler((error, request, reply) => answerError(front, error, request, reply))
  server.setNotFoundHandler((request, reply) => answerUnknown(front, request, reply))
  probeRoutes(server, front)
  v1Routes(server, front)
  cairnRoutes(server, front)
  return server
}

/** Node closes what is above the maximum of this server; the doorkeeper counts all servers. */
function guardConnections({ server }: FastifyInstance, { admission }: HttpFront): void {
  server.maxConnections = admission.limits.connectionsMax
  server.on('drop', () => admission.refuse('connections'))
  server.on('connection', (socket) => admission.admit(socket))
}

/** Under naming, real Nacos answers 501, also for a known path with another verb. */
function answerUnknown(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const path = pathOf(request.url)
  if (path.startsWith(NAMING)) {
    sendSpringError(front, request, reply, 501, texts.noSuchApi(request.method, path))
  } else sendSpringError(front, request, reply, 404, 'No message available')
}

/** No logger: requests carry tokens in their URLs and are never logged. */
function optionsOf(front: HttpFront): FastifyHttpOptions<RawServerDefault> {
  const { limits } = front
  return {
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionTimeout: limits.stillMs,
    // A request that is under way is answered before its connection closes.
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersMs),
    },
    routerOptions: {
      ignoreDuplicateSlashes: true,
      ignoreTrailingSlash: true,
      // Nacos' rules of reading a query are not Fastify's: see core/nacos/params.ts.
      querystringParser: () => NO_QUERY,
    },
    frameworkErrors: (_error, request, reply) => {
      sendSpringError(front, request, reply, 400, 'the path is not a valid URL')
    },
    clientErrorHandler: (error, socket) => answerClientError(front, error, socket),
  }
}

const NO_QUERY: Readonly<Record<string, unknown>> = Object.freeze({})

function addHooks(server: FastifyInstance, front: HttpFront): void {
  server.addHook('onRequest', (_request, reply, done) => {
    void reply
      .header('content-security-policy', "script-src 'self'")
      .header('x-content-type-options', 'nosniff')
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    front.observe(routeOf(request), methodOf(request), reply.statusCode, secondsOf(reply))
    done()
  })
}

/** The template that matched, never the URL. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unmatched'
}

function methodOf(request: FastifyRequest): string {
  return METHODS.has(request.method) ? request.method : 'OTHER'
}

function secondsOf(reply: FastifyReply): number {
  return reply.elapsedTime / 1_000
}
