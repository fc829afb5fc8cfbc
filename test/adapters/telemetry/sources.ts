import { COUNTER_SLOTS, scalarSlot } from '../../../src/core/dns/counters.ts'
import type { DnsReading, MetricSources } from '../../../src/adapters/telemetry/metrics/sources.ts'

/** One worker that is alive since 1 s and 2 changes behind. */
export function aWorker(): Float64Array {
  const slots = new Float64Array(COUNTER_SLOTS)
  slots[scalarSlot('alive_ms')] = 9_000
  slots[scalarSlot('serial_seen')] = 40
  return slots
}

export function aReading(workers: readonly Float64Array[]): DnsReading {
  return {
    engine: 'batch',
    workers,
    nowMs: 10_000,
    publishedSerial: 42,
    table: {
      usedBytes: 4_096,
      waitingBytes: 512,
      reachedBytes: 8_192,
      nameSlots: 14,
      backlog: 3,
      lagSeconds: 0.25,
      reservedBytes: 65_536,
      names: 7,
      collisions: 1,
      unpublishedInstances: 2,
    },
    zones: [{ zone: 'example.test.', records: 12, errors: 0 }],
    transfer: {
      transfers: [['axfr', 'full', 3]],
      running: 1,
      bytes: 48_000,
      notifies: [['sent', 4]],
      journal: { entries: 5, bytes: 6_000 },
    },
  }
}

export function someSources(changes: Partial<MetricSources> = {}): MetricSources {
  return {
    build: { version: '0.1.0', node: '26.10.0' },
    registry: () => ({
      services: [['public', 2]],
      instances: [
        ['public', 'ephemeral', 'healthy', 3],
        ['public', 'persistent', 'disabled', 1],
      ],
      leases: 3,
      draining: 1,
    }),
    dns: () => aReading([aWorker(), aWorker()]),
    http: () => ({
      connections: 17,
      refused: [
        ['connections', 1],
        ['client', 2],
        ['bodies', 3],
      ],
    }),
    log: () => ({ droppedLines: 0 }),
    ...changes,
  }
}
