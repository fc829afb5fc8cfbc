import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { encodeServerList } from '../../core/nacos/encode-operator.ts'
import type { HttpFront } from './front.ts'
import { paramsOf } from './request.ts'
import { sendJsonWith, sendText } from './send.ts'

/** What machines ask of a server that is not naming: is it alive, ready, and how does it do. */
export function probeRoutes(server: FastifyInstance, front: HttpFront): void {
  server.get('/livez', (_request, reply) => {
    const isLive = front.livez()
    sendText(reply, isLive ? 200 : 503, isLive ? 'ok' : 'not live')
  })
  server.get('/readyz', (request, reply) => readyz(front, request, reply))
  server.get('/metrics', (_request, reply) => metrics(front, reply))
  server.get('/nacos/actuator/health', (_request, reply) => {
    const { ready } = front.readiness()
    sendJsonWith(reply, ready ? 200 : 503, `{"status":"${ready ? 'UP' : 'OUT_OF_SERVICE'}"}`)
  })
  server.get('/nacos/serverlist', (_request, reply) => {
    sendText(reply, 200, encodeServerList([front.selfAddress]))
  })
}

function readyz(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const { ready, reasons } = front.readiness()
  const isVerbose = !ready || paramsOf(request).has('verbose')
  const lines = isVerbose ? reasons.map((reason) => `[-] ${reason}\n`).join('') : ''
  sendText(reply, ready ? 200 : 503, `${lines}${ready ? 'ok' : 'not ready'}`)
}

async function metrics(front: HttpFront, reply: FastifyReply): Promise<void> {
  const { contentType, body } = await front.metrics()
  await reply.header('content-type', contentType).send(body)
}
