import { Registry } from 'prom-client'
import { declareDnsForward } from './metrics/dns-forward.ts'
import { declareDnsLocality } from './metrics/dns-locality.ts'
import { declareDnsState } from './metrics/dns-state.ts'
import { declareDnsTransfer } from './metrics/dns-transfer.ts'
import { declareDnsMetrics } from './metrics/dns.ts'
import { declareHttpMetrics, type ObserveHttp } from './metrics/http.ts'
import { declareProcessMetrics } from './metrics/process.ts'
import { declareRegistryMetrics, type Count } from './metrics/registry.ts'
import type { MetricSources } from './metrics/sources.ts'

/** All metrics of one process. Make it once: the runtime's own metrics cannot be stopped. */
export interface Metrics {
  /** For the `Telemetry` port. */
  readonly count: Count
  readonly observeHttp: ObserveHttp
  /** Seconds from a commit to its answers being in the table. */
  readonly observePublishDelay: (seconds: number) => void
  render(): Promise<Exposition>
}

interface Exposition {
  readonly contentType: string
  readonly body: string
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const count = declareRegistryMetrics(registry, () => sources.registry())
  const observePublishDelay = declareDnsMetrics(registry, () => sources.dns())
  declareDnsState(registry, () => sources.dns())
  declareDnsForward(registry, () => sources.dns())
  declareDnsTransfer(registry, () => sources.dns())
  declareDnsLocality(registry, () => sources.dns())
  const observeHttp = declareHttpMetrics(registry, () => sources.http())
  declareProcessMetrics(registry, sources)
  return {
    count,
    observeHttp,
    observePublishDelay,
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
