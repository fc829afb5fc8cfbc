import type { Registry } from 'prom-client'
import { readScalar } from '../../../core/dns/counters.ts'
import { pulledGauge, type Row } from './pulled.ts'
import type { DnsReading, TableReading } from './sources.ts'

type Read = () => DnsReading | undefined

/** The present state of DNS: workers, table and static zones. */
export function declareDnsState(registry: Registry, read: Read): void {
  declareWorkers(registry, read)
  declareTable(registry, () => read()?.table)
  pulledGauge(registry, {
    name: 'cairn_zone_records',
    help: 'Records of a static zone.',
    labelNames: ['zone'],
    rows: () => [...(read()?.zones ?? [])].map(({ zone, records }) => [{ zone }, records]),
  })
  pulledGauge(registry, {
    name: 'cairn_zone_errors',
    help: 'Errors in the last reading of a static zone; above 0 the one before is served.',
    labelNames: ['zone'],
    rows: () => [...(read()?.zones ?? [])].map(({ zone, errors }) => [{ zone }, errors]),
  })
}

function declareWorkers(registry: Registry, read: Read): void {
  const labelNames = ['worker']
  pulledGauge(registry, {
    name: 'cairn_dns_engine_info',
    help: 'What carries UDP: batches through node:ffi, or the sockets of Node.',
    labelNames: ['engine'],
    *rows() {
      const dns = read()
      if (dns !== undefined) yield [{ engine: dns.engine }, 1]
    },
  })
  pulledGauge(registry, {
    name: 'cairn_dns_tcp_connections',
    help: 'Connections that are open.',
    labelNames: ['proto'],
    *rows() {
      const workers = read()?.workers ?? []
      yield [{ proto: 'tcp' }, sum(readScalar(workers, 'tcp_connections'))]
      yield [{ proto: 'dot' }, sum(readScalar(workers, 'dot_connections'))]
      yield [{ proto: 'doh' }, sum(readScalar(workers, 'doh_connections'))]
    },
  })
  pulledGauge(registry, {
    name: 'cairn_dns_worker_serial_lag',
    help: 'Changes since a worker last said, four times a second, what serial it reads.',
    labelNames,
    rows: () => perWorker(read(), 'serial_seen', serialLag),
  })
  pulledGauge(registry, {
    name: 'cairn_dns_worker_age_seconds',
    help: 'Time since a worker last said that it is alive.',
    labelNames,
    rows: () => perWorker(read(), 'alive_ms', (dns, alive) => (dns.nowMs - alive) / 1_000),
  })
}

/** RFC 1982: serials are compared around the circle; "ahead" is a reading between two writes. */
function serialLag({ publishedSerial }: DnsReading, seen: number): number {
  const lag = (publishedSerial - seen) >>> 0
  return lag < 2 ** 31 ? lag : 0
}

/** A worker that has not written yet is left out: its zeros mean nothing. */
function* perWorker(
  dns: DnsReading | undefined,
  scalar: 'serial_seen' | 'alive_ms',
  value: (dns: DnsReading, slot: number) => number,
): Iterable<Row> {
  if (dns === undefined) return
  const alive = readScalar(dns.workers, 'alive_ms')
  for (const [worker, slot] of readScalar(dns.workers, scalar).entries()) {
    if (alive[worker] === 0) continue
    yield [{ worker: String(worker) }, Math.max(0, value(dns, slot))]
  }
}

function declareTable(registry: Registry, read: () => TableReading | undefined): void {
  pulledGauge(registry, {
    name: 'cairn_dns_table_bytes',
    help: 'Table of compiled answers: used, of that waiting to be freed; memory; address space.',
    labelNames: ['state'],
    rows: () => perState(read()),
  })
  const single = (name: string, help: string, value: (table: TableReading) => number): void => {
    pulledGauge(registry, { name, help, rows: () => one(read(), value) })
  }
  single('cairn_dns_names', 'Names in the table.', ({ names }) => names)
  single(
    'cairn_dns_index_load_ratio',
    'Share of the slots of the index that hold a name; 5/8 at most.',
    ({ names, nameSlots }) => names / nameSlots,
  )
  single(
    'cairn_dns_publish_backlog',
    'Services that changed and are not compiled yet.',
    ({ backlog }) => backlog,
  )
  single(
    'cairn_dns_publish_lag_seconds',
    'How long the change that is first in line waits to be compiled.',
    ({ lagSeconds }) => lagSeconds,
  )
  single(
    'cairn_dns_name_collisions',
    'Services that give way to another of the same name in DNS.',
    ({ collisions }) => collisions,
  )
  single(
    'cairn_dns_unpublished_instances',
    'Instances that DNS cannot show, such as those registered by host name.',
    ({ unpublishedInstances }) => unpublishedInstances,
  )
}

function perState(table: TableReading | undefined): readonly Row[] {
  if (table === undefined) return []
  return [
    [{ state: 'used' }, table.usedBytes],
    [{ state: 'waiting' }, table.waitingBytes],
    [{ state: 'touched' }, table.reachedBytes],
    [{ state: 'reserved' }, table.reservedBytes],
  ]
}

function one(
  table: TableReading | undefined,
  value: (table: TableReading) => number,
): readonly Row[] {
  return table === undefined ? [] : [[{}, value(table)]]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
