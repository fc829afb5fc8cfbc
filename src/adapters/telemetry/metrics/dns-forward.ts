import type { Registry } from 'prom-client'
import {
  FORWARD_BUCKETS,
  readForward,
  readScalar,
  type Scalar,
} from '../../../core/dns/counters.ts'
import { pulledCounter, pulledGauge, pulledHistogram, type Row } from './pulled.ts'
import type { DnsReading } from './sources.ts'

type Read = () => DnsReading | undefined

/** Names that are not ours: what was asked of upstreams, and what was known. */
export function declareDnsForward(registry: Registry, read: Read): void {
  pulledCounter(registry, {
    name: 'cairn_dns_forward_queries_total',
    help: 'Queries sent to upstreams, by transport.',
    labelNames: ['proto'],
    rows: () => [
      ...summed(read, 'forward_udp', { proto: 'udp' }),
      ...summed(read, 'forward_tcp', { proto: 'tcp' }),
    ],
  })
  for (const [scalar, name, help] of TOTALS) {
    pulledCounter(registry, { name, help, rows: () => summed(read, scalar) })
  }
  for (const [scalar, name, help] of GAUGES) {
    pulledGauge(registry, { name, help, rows: () => summed(read, scalar) })
  }
  pulledGauge(registry, {
    name: 'cairn_dns_forward_looping',
    help: 'Upstreams left out because they are this server, or ask it in turn.',
    // Each worker finds the same ones.
    rows: () => ofWorkers(read, 'forward_looping', (counts) => Math.max(0, ...counts)),
  })
  pulledHistogram(registry, {
    name: 'cairn_dns_forward_duration_seconds',
    help: 'Time from a question to what upstreams said of it, retries included.',
    bounds: FORWARD_BUCKETS,
    rows: () => [{ labels: {}, ...readForward(read()?.workers ?? []) }],
  })
}

type Declared = readonly (readonly [Scalar, name: string, help: string])[]

const TOTALS: Declared = [
  [
    'forward_timeouts',
    'cairn_dns_forward_timeouts_total',
    'Tries that brought no answer in their time.',
  ],
  [
    'forward_failures',
    'cairn_dns_forward_failures_total',
    'Questions that no upstream answered usefully.',
  ],
  [
    'forward_discarded',
    'cairn_dns_forward_discarded_total',
    'Packets from upstreams that were not the answer: stray, broken or forged.',
  ],
  [
    'forward_shed',
    'cairn_dns_forward_shed_total',
    'Questions refused because too many were on their way or waited.',
  ],
  ['cache_hits', 'cairn_dns_cache_hits_total', 'Answers from the cache.'],
  ['cache_misses', 'cairn_dns_cache_misses_total', 'Questions that the cache did not know.'],
  [
    'cache_stale',
    'cairn_dns_cache_stale_total',
    'Answers that had run out, given because no upstream answered.',
  ],
  [
    'cache_prefetches',
    'cairn_dns_cache_prefetches_total',
    'Popular answers asked for again before they ran out.',
  ],
  ['cache_evictions', 'cairn_dns_cache_evictions_total', 'Answers given up for want of room.'],
]

const GAUGES: Declared = [
  ['cache_entries', 'cairn_dns_cache_entries', 'Answers in the caches of all workers.'],
  ['cache_bytes', 'cairn_dns_cache_bytes', 'Memory of the caches of all workers.'],
  ['forward_in_flight', 'cairn_dns_forward_in_flight', 'Questions that upstreams are being asked.'],
  ['forward_queued', 'cairn_dns_forward_queued', 'Questions that wait for their turn.'],
]

function summed(read: Read, scalar: Scalar, labels: Row[0] = {}): readonly Row[] {
  return ofWorkers(read, scalar, sum, labels)
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

/** Nothing before DNS is up. */
function ofWorkers(
  read: Read,
  scalar: Scalar,
  join: (counts: readonly number[]) => number,
  labels: Row[0] = {},
): readonly Row[] {
  const dns = read()
  return dns === undefined ? [] : [[labels, join(readScalar(dns.workers, scalar))]]
}
