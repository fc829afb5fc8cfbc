import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  collectDefaultMetrics,
  Summary,
  type MetricObjectWithValues,
  type MetricValueWithName,
  type Registry,
} from 'prom-client'
import { pulledCounter, pulledGauge } from './pulled.ts'
import type { MetricSources } from './sources.ts'

/** The process itself: its runtime, its memory, its event loop, its log. */
export function declareProcessMetrics(registry: Registry, sources: MetricSources): void {
  declareNodeMetrics(registry)
  registry.registerMetric(new EventLoopDelay())
  pulledGauge(registry, {
    name: 'cairn_build_info',
    help: 'The version of Cairn and of its runtime; always 1.',
    labelNames: ['version', 'node'],
    rows: () => [[sources.build, 1]],
  })
  pulledCounter(registry, {
    name: 'cairn_log_dropped_total',
    help: 'Lines of the log lost because they were not read fast enough.',
    rows: () => [[{}, sources.log().droppedLines]],
  })
}

/** `process_*` and `nodejs_*` under the names that published dashboards know. */
function declareNodeMetrics(registry: Registry): void {
  // The delay monitor and the utilization timer of the package wake the process 100 and 10 times a
  // second for metrics that ours replaces; they cannot be switched off, only slowed down.
  const slow = { eventLoopMonitoringPrecision: 1_000, eventLoopUtilizationTimeout: 1_000 }
  collectDefaultMetrics({ register: registry, ...slow })
  for (const { name } of registry.getMetricsAsArray()) {
    if (isReplaced(name)) registry.removeSingleMetric(name)
  }
}

function isReplaced(name: string): boolean {
  if (name.startsWith('nodejs_eventloop_')) return true
  // Gauges with the names of counters: promtool refuses them.
  return /^nodejs_active_\w+_total$/.test(name)
}

/** How often the delay is measured; each measurement contains one such wait. */
const RESOLUTION_MS = 10
const DELAY = {
  name: 'cairn_eventloop_delay_seconds',
  help: 'How late the event loop of the main thread was, since the scrape before.',
}
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99, 1]

type Told = MetricObjectWithValues<MetricValueWithName<string>>

/**
 * How late the event loop was. The quantiles are those since the scrape before; sum and count go on
 * for ever. Node keeps the distribution, so nothing is observed here.
 */
class EventLoopDelay extends Summary<string> {
  readonly #monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #count = 0
  #sumSeconds = 0

  constructor() {
    super({ ...DELAY, registers: [] })
    this.#monitor.enable()
  }

  override get(): Promise<Told> {
    const monitor = this.#monitor
    if (monitor.count > 0) {
      this.#count += monitor.count
      this.#sumSeconds += lateness(monitor.mean) * monitor.count
    }
    const values = QUANTILES.map((quantile) => ({
      labels: { quantile },
      value: monitor.count > 0 ? lateness(monitor.percentile(quantile * 100)) : 0,
    }))
    monitor.reset()
    return Promise.resolve(this.#tell(values))
  }

  #tell(quantiles: readonly MetricValueWithName<string>[]): Told {
    const { name } = DELAY
    const values = [
      ...quantiles,
      { metricName: `${name}_sum`, labels: {}, value: this.#sumSeconds },
      { metricName: `${name}_count`, labels: {}, value: this.#count },
    ]
    return { ...DELAY, type: 'summary', aggregator: 'omit', collect: () => undefined, values }
  }
}

/** Node measures in ns from one wake-up to the next. */
function lateness(ns: number): number {
  return Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3)
}
