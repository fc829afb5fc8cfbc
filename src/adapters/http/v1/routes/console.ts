import type { FastifyInstance } from 'fastify'
import { encodeServerState } from '../../../../core/nacos/encode-operator.ts'
import type { HttpFront } from '../../front.ts'
import { sendJson, sendText } from '../../send.ts'

export function consoleRoutes(v1: FastifyInstance, front: HttpFront): void {
  v1.get('/console/server/state', (_request, reply) => {
    sendJson(reply, encodeServerState(front.selfAddress, front.version))
  })
  v1.get('/console/health/liveness', (_request, reply) => {
    const isLive = front.livez()
    sendText(reply, isLive ? 200 : 500, isLive ? 'OK' : 'Naming is not alive')
  })
  v1.get('/console/health/readiness', (_request, reply) => {
    const { ready } = front.readiness()
    sendText(reply, ready ? 200 : 500, ready ? 'OK' : 'Naming is not in readiness')
  })
}
