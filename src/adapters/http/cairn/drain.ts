import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clusterOf, findInstance } from '../../../core/nacos/locate.ts'
import { parseInstanceAddress } from '../../../core/nacos/parse-instance.ts'
import {
  findService,
  groupedName,
  type Drain,
  type Instance,
  type ServiceRef,
} from '../../../core/registry/state.ts'
import { CairnError } from '../../../kernel/errors.ts'
import type { HttpFront } from '../front.ts'
import { paramsOf } from '../request.ts'
import { sendJson } from '../send.ts'

/** The parameters say which instance, as in Nacos' API: `serviceName`, `ip`, `port` and so on. */
export function drainRoutes(cairn: FastifyInstance, front: HttpFront): void {
  cairn.post('/instance/drain', (request, reply) => begin(front, request, reply))
  cairn.delete('/instance/drain', (request, reply) => undo(front, request, reply))
}

interface Located {
  readonly ref: ServiceRef
  readonly instance: Instance
}

function begin(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const found = locate(front, request)
  const drain = front.naming.drain(found.ref, found.instance.key)
  if (drain === undefined) throw missing()
  sendJson(reply, JSON.stringify({ ...who(found), ...whenOf(drain) }))
}

function undo(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const found = locate(front, request)
  const outcome = front.naming.undrain(found.ref, found.instance.key)
  if (outcome === 'no_instance') throw missing()
  sendJson(reply, JSON.stringify({ ...who(found), drain: outcome }))
}

function locate(front: HttpFront, request: FastifyRequest): Located {
  const address = parseInstanceAddress(paramsOf(request))
  const service = findService(front.naming.snapshot, address.ref)
  const instance = findInstance(service, address, clusterOf(service, address))
  if (instance === undefined) throw missing()
  return { ref: address.ref, instance }
}

function missing(): CairnError {
  return new CairnError('not_found', 'no such instance')
}

function who({ ref, instance }: Located): object {
  const { ip, port, cluster } = instance
  return { namespace: ref.namespace, service: groupedName(ref), ip, port, cluster }
}

function whenOf({ by, phase, outAt, clearAt }: Drain): object {
  return {
    drain: phase,
    by,
    outOfAnswersAt: new Date(outAt).toISOString(),
    clearOfCachesAt: new Date(clearAt).toISOString(),
  }
}
