import { RCODES_TOLD, TYPES_TOLD } from './protocol.ts'

/**
 * The counters of one DNS worker: slots of one Float64Array in shared memory, written by that
 * worker alone and read by the main thread at scrape. A slot costs some 6 ns; a float holds whole
 * numbers exactly up to 2^53, and a torn read is impossible for an aligned 64-bit word.
 */

/** Plain UDP and TCP, DNS over TLS, DNS over HTTPS. */
export const PROTOS: readonly ['udp', 'tcp', 'dot', 'doh'] = ['udp', 'tcp', 'dot', 'doh']
/** An index in `PROTOS`. */
export type Proto = 0 | 1 | 2 | 3
/** Those with connections. */
export type StreamProto = Exclude<(typeof PROTOS)[number], 'udp'>

/** Upper bounds, as CoreDNS users know them; the last bucket (+Inf) is implied. */
export const SIZE_BUCKETS: readonly number[] = [
  0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3,
]

/** Seconds: 1 µs × 2^n. */
export const DURATION_BUCKETS: readonly number[] = Array.from(
  { length: 18 },
  (_, i) => 1e-6 * 2 ** i,
)

/** Seconds that an upstream's answer took; stubs give up after 5 s. */
export const FORWARD_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]

/** Scalar slots. `drop_*`: queries that get no answer, by cause. */
export const SCALARS = [
  'drop_short',
  'drop_response',
  'drop_source',
  'drop_send',
  'drop_rate',
  'drop_overload',
  'drop_buffer',
  'truncated',
  'no_data',
  'fail_open',
  'tcp_connections',
  'tcp_accepted',
  'tcp_refused',
  'tcp_timeouts',
  'dot_connections',
  'dot_accepted',
  'dot_refused',
  'dot_timeouts',
  'doh_connections',
  'doh_accepted',
  'doh_refused',
  'doh_timeouts',
  'rate_slipped',
  'stranger_cut',
  'cookie_client_only',
  'cookie_valid',
  'cookie_unknown',
  'axfr_refused',
  'ixfr_refused',
  'tsig_badsig',
  'tsig_badkey',
  'tsig_badtime',
  'cache_hits',
  'cache_misses',
  'cache_stale',
  'cache_prefetches',
  'cache_evictions',
  'cache_entries',
  'cache_bytes',
  'forward_udp',
  'forward_tcp',
  'forward_timeouts',
  'forward_failures',
  'forward_discarded',
  'forward_shed',
  'forward_in_flight',
  'forward_queued',
  'forward_looping',
  'area_local',
  'area_beyond',
  'area_none',
  'ecs_used',
  'ecs_opt_out',
  'ecs_untrusted',
  'ecs_malformed',
  'log_lost',
  'serial_seen',
  'alive_ms',
] as const
export type Scalar = (typeof SCALARS)[number]

const RESPONSES = 0
const PER_PROTO = TYPES_TOLD.length * RCODES_TOLD.length
const REQUEST_SIZE = RESPONSES + PROTOS.length * PER_PROTO
/** A histogram: its buckets, +Inf, and the sum. */
const SIZE_SLOTS = SIZE_BUCKETS.length + 2
const RESPONSE_SIZE = REQUEST_SIZE + PROTOS.length * SIZE_SLOTS
const DURATION = RESPONSE_SIZE + PROTOS.length * SIZE_SLOTS
const DURATION_SLOTS = DURATION_BUCKETS.length + 2
const FORWARD = DURATION + PROTOS.length * DURATION_SLOTS
const SCALAR = FORWARD + FORWARD_BUCKETS.length + 2

/** Slots per worker. */
export const COUNTER_SLOTS: number = SCALAR + SCALARS.length

/** Looked up for each packet that is dropped, so not by a search through the list. */
const SCALAR_SLOTS: ReadonlyMap<string, number> = new Map(
  SCALARS.map((name, i) => [name, SCALAR + i]),
)

export function scalarSlot(name: Scalar): number {
  return SCALAR_SLOTS.get(name) ?? SCALAR
}

/** One answer: `typeIndex` and `rcodeIndex` point into `TYPES_TOLD` and `RCODES_TOLD`. */
export function countResponse(
  slots: Float64Array,
  proto: Proto,
  typeIndex: number,
  rcodeIndex: number,
): void {
  const slot = RESPONSES + proto * PER_PROTO + typeIndex * RCODES_TOLD.length + rcodeIndex
  slots[slot] = (slots[slot] ?? 0) + 1
}

export function observeSizes(
  slots: Float64Array,
  proto: Proto,
  requestBytes: number,
  responseBytes: number,
): void {
  observe(slots, REQUEST_SIZE + proto * SIZE_SLOTS, SIZE_BUCKETS, requestBytes)
  observe(slots, RESPONSE_SIZE + proto * SIZE_SLOTS, SIZE_BUCKETS, responseBytes)
}

/** `count` answers that took `seconds` each. */
export function observeDurations(
  slots: Float64Array,
  proto: Proto,
  seconds: number,
  count: number,
): void {
  observe(slots, DURATION + proto * DURATION_SLOTS, DURATION_BUCKETS, seconds, count)
}

export function observeForward(slots: Float64Array, seconds: number): void {
  observe(slots, FORWARD, FORWARD_BUCKETS, seconds)
}

function observe(
  slots: Float64Array,
  base: number,
  bounds: readonly number[],
  value: number,
  count: number = 1,
): void {
  let i = 0
  while (i < bounds.length && value > (bounds[i] ?? 0)) i++
  slots[base + i] = (slots[base + i] ?? 0) + count
  const sum = base + bounds.length + 1
  slots[sum] = (slots[sum] ?? 0) + value * count
}

export interface HistogramRow {
  readonly proto: (typeof PROTOS)[number]
  /** Not cumulated; one more than the bounds, the last one is +Inf. */
  readonly counts: readonly number[]
  readonly sum: number
}

/** `[proto, type, rcode, count]` for every count that is not zero, over all workers. */
export function* readResponses(
  workers: readonly Float64Array[],
): Iterable<readonly [string, string, string, number]> {
  for (const [p, proto] of PROTOS.entries()) {
    for (const [t, type] of TYPES_TOLD.entries()) {
      for (const [r, rcode] of RCODES_TOLD.entries()) {
        const slot = RESPONSES + p * PER_PROTO + t * RCODES_TOLD.length + r
        const count = sumSlot(workers, slot)
        if (count > 0) yield [proto, type, rcode, count]
      }
    }
  }
}

export type HistogramName = 'request_size' | 'response_size' | 'duration'

export function readHistogram(
  workers: readonly Float64Array[],
  name: HistogramName,
): readonly HistogramRow[] {
  const bounds = name === 'duration' ? DURATION_BUCKETS : SIZE_BUCKETS
  const base = { request_size: REQUEST_SIZE, response_size: RESPONSE_SIZE, duration: DURATION }[
    name
  ]
  const width = bounds.length + 2
  return PROTOS.map((proto, p) => {
    const start = base + p * width
    const counts = Array.from({ length: bounds.length + 1 }, (_, i) => sumSlot(workers, start + i))
    return { proto, counts, sum: sumSlot(workers, start + width - 1) }
  })
}

/** How long upstreams took; buckets as in `HistogramRow`. */
export function readForward(workers: readonly Float64Array[]): Omit<HistogramRow, 'proto'> {
  const buckets = FORWARD_BUCKETS.length + 1
  const counts = Array.from({ length: buckets }, (_, i) => sumSlot(workers, FORWARD + i))
  return { counts, sum: sumSlot(workers, FORWARD + buckets) }
}

/** A scalar per worker, in the order of the workers. */
export function readScalar(workers: readonly Float64Array[], name: Scalar): readonly number[] {
  const slot = scalarSlot(name)
  return workers.map((slots) => slots[slot] ?? 0)
}

function sumSlot(workers: readonly Float64Array[], slot: number): number {
  let sum = 0
  for (const slots of workers) sum += slots[slot] ?? 0
  return sum
}
