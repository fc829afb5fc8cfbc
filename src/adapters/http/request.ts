import type { FastifyRequest } from 'fastify'
import { parseParams, type Params } from '../../core/nacos/params.ts'

/** Query and form of a request as one; the form was left as text by `v1/v1.ts`. */
export function paramsOf(request: FastifyRequest): Params {
  const { body } = request
  return parseParams(queryOf(request.url), typeof body === 'string' ? body : '')
}

/** Some clients leave out User-Agent; then Client-Version says who they are. */
export function agentOf(request: FastifyRequest): string {
  const { headers } = request
  const version = headers['client-version']
  return headers['user-agent'] ?? (typeof version === 'string' ? version : '')
}

/** The path without query, with single slashes. */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  return (end === -1 ? url : url.slice(0, end)).replace(/\/{2,}/g, '/')
}

/** Node's parser has refused raw bytes above ASCII here, as Tomcat does: the text is all ASCII. */
function queryOf(url: string): string {
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}
