import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { millis, type Millis } from '../../../../kernel/ids.ts'
import { DEFAULT_CLUSTER, instanceKey } from '../../../../core/registry/ids.ts'
import { DEFAULT_TIMES } from '../../../../core/registry/lease-times.ts'
import { inClusters } from '../../../../core/registry/select.ts'
import { findService, groupedName, type ServiceRef } from '../../../../core/registry/state.ts'
import { isStrictUpdater } from '../../../../core/nacos/agent.ts'
import { encodeBeat } from '../../../../core/nacos/encode-beat.ts'
import { encodeInstance, hostJson } from '../../../../core/nacos/encode-instance.ts'
import { encodeList } from '../../../../core/nacos/encode-list.ts'
import { clusterOf, findInstance, keyToDelete } from '../../../../core/nacos/locate.ts'
import { instanceOfBeat, isFull, parseBeat, type Beat } from '../../../../core/nacos/parse-beat.ts'
import {
  parseInstance,
  parseInstanceAddress,
  parseInstanceQuery,
  parsePatch,
  type ParsedInstance,
} from '../../../../core/nacos/parse-instance.ts'
import { parseListQuery, parseServiceRef } from '../../../../core/nacos/parse-service.ts'
import type { HttpFront } from '../../front.ts'
import { agentOf, paramsOf } from '../../request.ts'
import { sendJson, sendOk } from '../../send.ts'
import * as errors from '../errors.ts'

export function instanceRoutes(ns: FastifyInstance, front: HttpFront): void {
  const orderedWall = createOrderedWall(front)
  ns.post('/instance', (request, reply) => register(front, request, reply))
  ns.put('/instance', (request, reply) => update(front, request, reply))
  ns.patch('/instance', (request, reply) => patch(front, request, reply))
  ns.delete('/instance', (request, reply) => deregister(front, request, reply))
  ns.get('/instance', (request, reply) => show(front, request, reply))
  ns.get('/instance/list', (request, reply) => {
    const query = parseListQuery(paramsOf(request))
    sendJson(reply, encodeList(find(front, query.ref), query, orderedWall()))
  })
  ns.put('/instance/beat', (request, reply) => beat(front, request, reply))
  ns.post('/instance/beat', (request, reply) => beat(front, request, reply))
}

function register(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  front.naming.register(parseServiceRef(params), parseInstance(params, front.limits.metadata))
  sendOk(reply)
}

function update(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  const ref = parseServiceRef(params)
  const instance = parseInstance(params, front.limits.metadata)
  const refusal = isStrictUpdater(agentOf(request)) ? missing(front, ref, instance) : undefined
  if (refusal !== undefined) return errors.refuse(reply, refusal)
  front.naming.register(ref, instance)
  sendOk(reply)
}

function missing(
  front: HttpFront,
  ref: ServiceRef,
  instance: ParsedInstance,
): errors.Refusal | undefined {
  const service = find(front, ref)
  if (service === undefined) return errors.updateOfMissingService(ref)
  const key = instanceKey(instance.kind, instance.ip, instance.port, instance.cluster)
  if (service.instances.get(key) !== undefined) return undefined
  const json = hostJson({ ...instance, key }, groupedName(ref), instance.healthy)
  return errors.updateOfMissingInstance(json)
}

function patch(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  const address = parseInstanceAddress(params)
  const changes = parsePatch(params, front.limits.metadata)
  const cluster = address.cluster ?? DEFAULT_CLUSTER
  const known = findInstance(find(front, address.ref), address, cluster)
  if (known === undefined) return errors.refuse(reply, errors.PATCH_OF_MISSING)
  front.naming.patch(address.ref, known.key, changes)
  sendOk(reply)
}

/** An unknown instance is no error. */
function deregister(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const address = parseInstanceAddress(paramsOf(request))
  front.naming.deregister(address.ref, keyToDelete(find(front, address.ref), address))
  sendOk(reply)
}

function show(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const address = parseInstanceQuery(paramsOf(request))
  const service = find(front, address.ref)
  if (service === undefined) return errors.refuse(reply, errors.noService(address.ref))
  const cluster = address.cluster ?? DEFAULT_CLUSTER
  const known = findInstance(service, address, cluster)
  if (known !== undefined) return sendJson(reply, encodeInstance(address.ref, known))
  const isEmpty = inClusters(service.instances.list, new Set([cluster])).length === 0
  const refusal = isEmpty ? errors.noIpsInCluster(cluster, address.ref) : errors.NO_MATCHED_IP
  errors.refuse(reply, refusal)
}

/** A known instance only renews its lease; what a full beat says is read when it is unknown. */
function beat(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const said = parseBeat(paramsOf(request))
  const service = find(front, said.ref)
  const cluster = clusterOf(service, said)
  const known = findInstance(service, said, cluster)
  if (known !== undefined) {
    front.naming.lightBeat(said.ref, known.key)
    sendJson(reply, encodeBeat('known', known.times.intervalMs))
  } else if (isFull(said)) sendJson(reply, registerByBeat(front, said, cluster))
  else sendJson(reply, encodeBeat('unknown', DEFAULT_TIMES.intervalMs))
}

function registerByBeat(front: HttpFront, said: Beat, cluster: ParsedInstance['cluster']): string {
  const instance = instanceOfBeat(said, cluster, front.limits.metadata)
  front.naming.fullBeat(said.ref, instance)
  return encodeBeat('known', instance.times.intervalMs)
}

function find(front: HttpFront, ref: ServiceRef): ReturnType<typeof findService> {
  return findService(front.naming.snapshot, ref)
}

/** Wall time that never runs backwards: clients take an answer that does for outdated. */
function createOrderedWall(front: HttpFront): () => Millis {
  let last = 0
  return () => {
    last = Math.max(last, Math.trunc(front.clock.wall()))
    return millis(last)
  }
}
