import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findService } from '../../../../core/registry/state.ts'
import { encodeService, encodeServicePage } from '../../../../core/nacos/encode-service.ts'
import {
  parseNewService,
  parseServicePageQuery,
  parseServiceRef,
  parseServiceUpdate,
} from '../../../../core/nacos/parse-service.ts'
import type { HttpFront } from '../../front.ts'
import { paramsOf } from '../../request.ts'
import { sendJson, sendOk } from '../../send.ts'
import * as errors from '../errors.ts'

export function serviceRoutes(ns: FastifyInstance, front: HttpFront): void {
  ns.post('/service', (request, reply) => create(front, request, reply))
  ns.put('/service', (request, reply) => update(front, request, reply))
  ns.delete('/service', (request, reply) => remove(front, request, reply))
  ns.get('/service', (request, reply) => show(front, request, reply))
  ns.get('/service/list', (request, reply) => {
    const query = parseServicePageQuery(paramsOf(request))
    sendJson(reply, encodeServicePage(front.naming.snapshot, query))
  })
}

function create(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  const ref = parseServiceRef(params)
  const outcome = front.naming.createService(ref, parseNewService(params, front.limits.metadata))
  if (outcome === 'created') sendOk(reply)
  else errors.refuse(reply, errors.serviceExists(ref))
}

function update(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const params = paramsOf(request)
  const ref = parseServiceRef(params)
  const outcome = front.naming.updateService(ref, parseServiceUpdate(params, front.limits.metadata))
  if (outcome === 'updated') sendOk(reply)
  else errors.refuse(reply, errors.serviceMissing(ref))
}

function remove(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const ref = parseServiceRef(paramsOf(request))
  const outcome = front.naming.deleteService(ref)
  if (outcome === 'deleted') sendOk(reply)
  else if (outcome === 'not_found') errors.refuse(reply, errors.serviceMissing(ref))
  else errors.refuse(reply, errors.serviceNotEmpty(ref))
}

function show(front: HttpFront, request: FastifyRequest, reply: FastifyReply): void {
  const ref = parseServiceRef(paramsOf(request))
  const service = findService(front.naming.snapshot, ref)
  if (service === undefined) errors.refuse(reply, errors.serviceIsNotFound(ref))
  else sendJson(reply, encodeService(service))
}
