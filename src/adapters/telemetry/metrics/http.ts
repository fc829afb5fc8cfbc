import { Counter, Histogram, type Registry } from 'prom-client'
import { pulledCounter, pulledGauge } from './pulled.ts'
import type { MetricSources } from './sources.ts'

/** `route` is the template of the route, never the path that was asked for. */
export type ObserveHttp = (route: string, method: string, status: number, seconds: number) => void

/** Node accepts some 35 methods; those without a route of ours are one label. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export function declareHttpMetrics(registry: Registry, read: MetricSources['http']): ObserveHttp {
  declareAdmission(registry, read)
  const requests = new Counter({
    name: 'cairn_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['route', 'method', 'code'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'cairn_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: [5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [registry],
  })
  return (route, method, status, seconds) => {
    const told = METHODS.has(method) ? method : 'other'
    requests.inc({ route, method: told, code: status })
    duration.observe({ route }, seconds)
  }
}

function declareAdmission(registry: Registry, read: MetricSources['http']): void {
  pulledGauge(registry, {
    name: 'cairn_http_connections',
    help: 'Open HTTP connections.',
    rows: () => [[{}, read().connections]],
  })
  pulledCounter(registry, {
    name: 'cairn_http_refused_total',
    help: 'HTTP connections and request bodies refused because there were too many.',
    labelNames: ['cause'],
    rows: () => [...read().refused].map(([cause, count]) => [{ cause }, count] as const),
  })
}
