import type { Registry } from 'prom-client'
import { readScalar, type Scalar } from '../../../core/dns/counters.ts'
import { pulledCounter, pulledGauge, type Row } from './pulled.ts'
import type { DnsReading } from './sources.ts'

type Read = () => DnsReading | undefined

/** Zone transfers: the workers refuse, the main thread sends and notifies. */
export function declareDnsTransfer(registry: Registry, read: Read): void {
  pulledCounter(registry, {
    name: 'cairn_dns_transfers_total',
    help: 'Zone transfers that ended, by kind and result.',
    labelNames: ['kind', 'result'],
    *rows() {
      const dns = read()
      yield [{ kind: 'axfr', result: 'refused' }, sum(dns, 'axfr_refused')]
      yield [{ kind: 'ixfr', result: 'refused' }, sum(dns, 'ixfr_refused')]
      for (const [kind, result, count] of dns?.transfer?.transfers ?? []) {
        yield [{ kind, result }, count]
      }
    },
  })
  pulledCounter(registry, {
    name: 'cairn_dns_tsig_failures_total',
    help: 'Questions whose signature was not believed, by the error of RFC 8945.',
    labelNames: ['error'],
    rows: () => TSIG_ERRORS.map(([error, scalar]): Row => [{ error }, sum(read(), scalar)]),
  })
  pulledCounter(registry, {
    name: 'cairn_dns_transfer_bytes_total',
    help: 'Octets of zone transfers handed to the workers.',
    rows: () => [[{}, read()?.transfer?.bytes ?? 0]],
  })
  pulledGauge(registry, {
    name: 'cairn_dns_transfers_running',
    help: 'Zone transfers being made.',
    rows: () => [[{}, read()?.transfer?.running ?? 0]],
  })
  declareChanges(registry, read)
}

function declareChanges(registry: Registry, read: Read): void {
  pulledCounter(registry, {
    name: 'cairn_dns_notifies_total',
    help: 'NOTIFYs sent to secondaries, and what came of them.',
    labelNames: ['result'],
    *rows() {
      for (const [result, count] of read()?.transfer?.notifies ?? []) yield [{ result }, count]
    },
  })
  pulledGauge(registry, {
    name: 'cairn_dns_journal_entries',
    help: 'Changes kept for IXFR, all zones together.',
    rows: () => [[{}, read()?.transfer?.journal.entries ?? 0]],
  })
  pulledGauge(registry, {
    name: 'cairn_dns_journal_bytes',
    help: 'Memory of the changes kept for IXFR.',
    rows: () => [[{}, read()?.transfer?.journal.bytes ?? 0]],
  })
}

const TSIG_ERRORS: readonly (readonly [string, Scalar])[] = [
  ['badsig', 'tsig_badsig'],
  ['badkey', 'tsig_badkey'],
  ['badtime', 'tsig_badtime'],
]

function sum(dns: DnsReading | undefined, scalar: Scalar): number {
  return readScalar(dns?.workers ?? [], scalar).reduce((total, one) => total + one, 0)
}
