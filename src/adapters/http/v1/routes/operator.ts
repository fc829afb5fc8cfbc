import type { FastifyInstance } from 'fastify'
import {
  encodeMetrics,
  encodeServerHealth,
  encodeServers,
  SWITCHES,
} from '../../../../core/nacos/encode-operator.ts'
import type { HttpFront } from '../../front.ts'
import { sendJson } from '../../send.ts'

/** `ops` is Nacos' own alias of `operator`. */
export function operatorRoutes(ns: FastifyInstance, front: HttpFront): void {
  for (const base of ['/operator', '/ops']) {
    ns.get(`${base}/metrics`, (_request, reply) => {
      sendJson(reply, encodeMetrics(front.status(), front.counts()))
    })
    ns.get(`${base}/switches`, (_request, reply) => sendJson(reply, SWITCHES))
    ns.get(`${base}/servers`, (_request, reply) => {
      sendJson(reply, encodeServers(front.selfAddress, front.status(), front.clock.wall()))
    })
  }
  ns.get('/health/server', (_request, reply) => {
    sendJson(reply, encodeServerHealth(front.counts().services, front.selfAddress))
  })
}
