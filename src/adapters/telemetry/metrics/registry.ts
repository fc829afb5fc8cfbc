import { Counter, type Registry } from 'prom-client'
import type { Counter as Counted } from '../../../engine/ports.ts'
import { pulledGauge, type Row } from './pulled.ts'
import type { RegistryReading } from './sources.ts'

/** Namespaces told apart; clients make namespaces, so their number has no other bound. */
const NAMESPACES_MAX = 1_000
/** No namespace can have this id: parentheses are not allowed in one. */
const OTHERS = '(others)'

/** Every event of the registry, so that each series is there before it first happens. */
const REASONS = [
  'instance_registered',
  'instance_updated',
  'instance_beat',
  'instance_recovered',
  'instance_silent',
  'instance_deregistered',
  'instance_expired',
  'instance_draining',
  'instance_drained',
  'instance_undrained',
  'service_put',
  'service_removed',
]

/** The `count` of the `Telemetry` port. */
export type Count = (counter: Counted, label: string, by: number) => void

export function declareRegistryMetrics(registry: Registry, read: () => RegistryReading): Count {
  pulledGauge(registry, {
    name: 'cairn_services',
    help: 'Services that are registered.',
    labelNames: ['namespace'],
    rows: () => foldServices(read().services),
  })
  pulledGauge(registry, {
    name: 'cairn_instances',
    help: 'Instances that are registered, by state: healthy, unhealthy or disabled.',
    labelNames: ['namespace', 'state', 'kind'],
    rows: () => foldInstances(read().instances),
  })
  pulledGauge(registry, {
    name: 'cairn_leases',
    help: 'Ephemeral instances whose beats are awaited.',
    rows: () => [[{}, read().leases]],
  })
  pulledGauge(registry, {
    name: 'cairn_draining_instances',
    help: 'Instances that leave the answers: answered with a short TTL for the last time.',
    rows: () => [[{}, read().draining]],
  })
  return declareCounters(registry)
}

function declareCounters(registry: Registry): Count {
  const registers = [registry]
  const changes = new Counter({
    name: 'cairn_registry_changes_total',
    help: 'Changes of the registry, by what happened.',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of REASONS) changes.inc({ reason }, 0)
  const looks = new Counter({
    name: 'cairn_lease_looks_total',
    help: 'Leases that were looked at because they might have expired.',
    registers,
  })
  const stalled = new Counter({
    name: 'cairn_lease_stalled_seconds_total',
    help: 'Time in which this process stood still, and which leases were given back.',
    registers,
  })
  return (counter, label, by) => {
    if (counter === 'registry_changes') changes.inc({ reason: label }, by)
    else if (counter === 'expiry_looks') looks.inc(by)
    else stalled.inc(by / 1_000)
  }
}

function* foldServices(rows: RegistryReading['services']): Iterable<Row> {
  let told = 0
  let others = 0
  for (const [namespace, count] of rows) {
    if (told++ < NAMESPACES_MAX) yield [{ namespace }, count]
    else others += count
  }
  if (others > 0) yield [{ namespace: OTHERS }, others]
}

function foldInstances(rows: RegistryReading['instances']): Iterable<Row> {
  const told = new Set<string>()
  const sums = new Map<string, Row>()
  for (const [id, kind, state, count] of rows) {
    if (told.size < NAMESPACES_MAX) told.add(id)
    const namespace = told.has(id) ? id : OTHERS
    const key = `${namespace}\n${kind}\n${state}`
    sums.set(key, [{ namespace, state, kind }, (sums.get(key)?.[1] ?? 0) + count])
  }
  return sums.values()
}
