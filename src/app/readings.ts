import type { DnsFront } from '../adapters/dns/front.ts'
import type { TablePublisher } from '../adapters/dns/publisher.ts'
import type { ZoneFiles } from '../adapters/dns/zone-files.ts'
import type { DnsReading, RegistryReading } from '../adapters/telemetry/metrics/sources.ts'
import type { ZoneTable } from '../core/dns/compile/zone-table.ts'
import type { Transfers } from './dns-transfer.ts'
import type { Member } from '../engine/member.ts'

/** What a scrape tells of the registry: counts that are kept, nothing is scanned. */
export function readRegistry(member: Member | undefined): RegistryReading {
  if (member === undefined) return { services: [], instances: [], leases: 0, draining: 0 }
  const { namespaces } = member.naming.snapshot
  return {
    services: [...namespaces].map(([id, { serviceCount }]) => [id, serviceCount] as const),
    instances: member.registry.tally.rows(),
    leases: member.health.leaseCount,
    draining: member.drains.leavingCount,
  }
}

interface DnsParts {
  readonly publisher?: TablePublisher
  readonly member?: Member
  readonly dns?: DnsFront
  readonly zones?: ZoneFiles
  readonly transfers?: Transfers | undefined
}

/** What a scrape tells of DNS; undefined until the workers run. */
export function readDns(table: ZoneTable, parts: DnsParts): DnsReading | undefined {
  const { member, dns, zones, publisher } = parts
  if (dns === undefined || member === undefined) return undefined
  return {
    engine: dns.engine,
    workers: dns.counters,
    nowMs: performance.timeOrigin + performance.now(),
    publishedSerial: table.serial,
    table: {
      usedBytes: table.usedBytes,
      waitingBytes: table.waitingBytes,
      reachedBytes: table.reachedBytes,
      reservedBytes: table.reservedBytes,
      nameSlots: table.nameSlots,
      backlog: publisher?.backlog ?? 0,
      lagSeconds: publisher?.lagSeconds() ?? 0,
      names: table.nameCount,
      collisions: table.collisions,
      unpublishedInstances: table.unpublished,
    },
    zones: zones?.states ?? [],
    transfer: parts.transfers?.read(),
  }
}
