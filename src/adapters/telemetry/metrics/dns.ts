import { Histogram, type Registry } from 'prom-client'
import {
  DURATION_BUCKETS,
  readHistogram,
  readResponses,
  readScalar,
  SIZE_BUCKETS,
  type HistogramName,
  type Scalar,
  type StreamProto,
} from '../../../core/dns/counters.ts'
import { pulledCounter, pulledHistogram, type Distribution, type Row } from './pulled.ts'
import type { DnsReading } from './sources.ts'

type Read = () => DnsReading | undefined

/** What the DNS workers count. Gives the hook for the time from a commit to its answers. */
export function declareDnsMetrics(registry: Registry, read: Read): (seconds: number) => void {
  declareResponses(registry, read)
  declareDistributions(registry, read)
  declareConnections(registry, read)
  for (const [scalar, name, help] of TOTALS) {
    const rows = (): readonly Row[] => ofAll(read, scalar)
    pulledCounter(registry, { name, help, rows })
  }
  return declarePublishDelay(registry)
}

function declareResponses(registry: Registry, read: Read): void {
  pulledCounter(registry, {
    name: 'cairn_dns_responses_total',
    help: 'Answers sent, by transport, type asked and rcode.',
    labelNames: ['proto', 'type', 'rcode'],
    *rows() {
      for (const [proto, type, rcode, count] of readResponses(read()?.workers ?? [])) {
        yield [{ proto, type, rcode }, count]
      }
    },
  })
  pulledCounter(registry, {
    name: 'cairn_dns_dropped_total',
    help: 'Packets that got no answer, by cause.',
    labelNames: ['cause'],
    rows: () => CAUSES.flatMap(([cause, scalar]) => ofAll(read, scalar, { cause })),
  })
}

/** Why there is no answer: too short to be a query, an answer itself, a source that cannot be
 * answered (port 0), the kernel refused to send, the client's network had its share, the query
 * waited while the worker stood still, or the kernel had no room for it (told by the batched engine
 * alone). */
const CAUSES: readonly (readonly [string, Scalar])[] = [
  ['short', 'drop_short'],
  ['response', 'drop_response'],
  ['source', 'drop_source'],
  ['send', 'drop_send'],
  ['rate', 'drop_rate'],
  ['overload', 'drop_overload'],
  ['buffer', 'drop_buffer'],
]

/** DNS over TCP, TLS and HTTPS. */
function declareConnections(registry: Registry, read: Read): void {
  for (const [part, name, help] of CONNECTIONS) {
    pulledCounter(registry, {
      name,
      help,
      labelNames: ['proto'],
      rows: () => STREAMS.flatMap((proto) => ofAll(read, `${proto}_${part}`, { proto })),
    })
  }
  pulledCounter(registry, {
    name: 'cairn_dns_cookies_total',
    help: 'Answers to queries with a cookie: the client only, a good or an unknown server cookie.',
    labelNames: ['state'],
    rows: () => COOKIES.flatMap(([state, scalar]) => ofAll(read, scalar, { state })),
  })
}

const STREAMS: readonly StreamProto[] = ['tcp', 'dot', 'doh']

const CONNECTIONS = [
  ['accepted', 'cairn_dns_tcp_accepted_total', 'Connections accepted.'],
  ['refused', 'cairn_dns_tcp_refused_total', 'Connections closed at once: at a limit.'],
  ['timeouts', 'cairn_dns_tcp_timeouts_total', 'Connections closed for being silent or slow.'],
] as const

const COOKIES: readonly (readonly [string, Scalar])[] = [
  ['client_only', 'cookie_client_only'],
  ['valid', 'cookie_valid'],
  ['unknown', 'cookie_unknown'],
]

const TOTALS: readonly (readonly [Scalar, name: string, help: string])[] = [
  ['truncated', 'cairn_dns_truncated_total', 'Answers over UDP cut with TC=1.'],
  ['no_data', 'cairn_dns_no_data_total', 'Answers that the name exists, but not the type.'],
  [
    'fail_open',
    'cairn_dns_fail_open_total',
    'Answers with unhealthy instances because none was healthy.',
  ],
  ['rate_slipped', 'cairn_dns_rate_slipped_total', 'Answers cut empty by the rate limit.'],
  [
    'stranger_cut',
    'cairn_dns_stranger_cut_total',
    'Answers to strangers over UDP cut empty for being too long by their question.',
  ],
]

/** The sum over all workers; nothing before DNS is up. */
function ofAll(read: Read, scalar: Scalar, labels: Row[0] = {}): readonly Row[] {
  const dns = read()
  if (dns === undefined) return []
  return [[labels, readScalar(dns.workers, scalar).reduce((sum, count) => sum + count, 0)]]
}

function declareDistributions(registry: Registry, read: Read): void {
  const labelNames = ['proto']
  const rows = (name: HistogramName) => (): readonly Distribution[] =>
    readHistogram(read()?.workers ?? [], name).map(({ proto, counts, sum }) => ({
      labels: { proto },
      counts,
      sum,
    }))
  const sizes = { bounds: SIZE_BUCKETS, labelNames }
  const requests = { name: 'cairn_dns_request_size_bytes', help: 'Size of queries.' }
  pulledHistogram(registry, { ...requests, ...sizes, rows: rows('request_size') })
  const responses = { name: 'cairn_dns_response_size_bytes', help: 'Size of answers.' }
  pulledHistogram(registry, { ...responses, ...sizes, rows: rows('response_size') })
  pulledHistogram(registry, {
    name: 'cairn_dns_request_duration_seconds',
    help: 'Time from reading a query to handing its answer to the kernel.',
    bounds: DURATION_BUCKETS,
    labelNames,
    rows: rows('duration'),
  })
}

function declarePublishDelay(registry: Registry): (seconds: number) => void {
  const delay = new Histogram({
    name: 'cairn_dns_publish_delay_seconds',
    help: 'Time from a change of the registry to its answers being in the table.',
    buckets: [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.05, 0.25, 1],
    registers: [registry],
  })
  return (seconds) => delay.observe(seconds)
}
