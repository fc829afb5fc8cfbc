import type { Registry } from 'prom-client'
import { readScalar, type Scalar } from '../../../core/dns/counters.ts'
import { pulledCounter, type Row } from './pulled.ts'
import type { DnsReading } from './sources.ts'

type Read = () => DnsReading | undefined

/** Where answers came from, whose word on that was believed, and what the query log lost. */
export function declareDnsLocality(registry: Registry, read: Read): void {
  pulledCounter(registry, {
    name: 'cairn_dns_locality_total',
    help: 'Answers to clients with a cluster: from it, from beyond it, or none (mode only).',
    labelNames: ['area'],
    rows: () => AREAS.map(([area, scalar]): Row => [{ area }, sumOf(read, scalar)]),
  })
  pulledCounter(registry, {
    name: 'cairn_dns_ecs_total',
    help: 'Queries with EDNS Client Subnet, by what became of it.',
    labelNames: ['outcome'],
    rows: () => OUTCOMES.map(([outcome, scalar]): Row => [{ outcome }, sumOf(read, scalar)]),
  })
  pulledCounter(registry, {
    name: 'cairn_dns_log_lost_total',
    help: 'Sampled answers that were not logged, for the log was behind.',
    rows: () => [[{}, sumOf(read, 'log_lost')]],
  })
}

const AREAS: readonly (readonly [string, Scalar])[] = [
  ['local', 'area_local'],
  ['beyond', 'area_beyond'],
  ['none', 'area_none'],
]

const OUTCOMES: readonly (readonly [string, Scalar])[] = [
  ['used', 'ecs_used'],
  ['opt_out', 'ecs_opt_out'],
  ['untrusted', 'ecs_untrusted'],
  ['malformed', 'ecs_malformed'],
]

function sumOf(read: Read, scalar: Scalar): number {
  return readScalar(read()?.workers ?? [], scalar).reduce((sum, count) => sum + count, 0)
}
