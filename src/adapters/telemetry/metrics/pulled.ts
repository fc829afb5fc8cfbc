import {
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValueWithName,
  type Registry,
} from 'prom-client'

type Labels = Readonly<Record<string, string>>
export type Row = readonly [labels: Labels, value: number]

interface Declared {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

/** A metric whose values are kept elsewhere and read at scrape. */
export interface Pulled extends Declared {
  readonly rows: () => Iterable<Row>
}

export function pulledGauge(registry: Registry, { rows, ...declared }: Pulled): void {
  const gauge: Gauge<string> = new Gauge<string>({
    ...declared,
    registers: [registry],
    collect() {
      gauge.reset()
      for (const [labels, value] of rows()) gauge.set({ ...labels }, value)
    },
  })
}

/** The source counts; here the count is only told. */
export function pulledCounter(registry: Registry, { rows, ...declared }: Pulled): void {
  const counter: Counter<string> = new Counter<string>({
    ...declared,
    registers: [registry],
    collect() {
      counter.reset()
      for (const [labels, value] of rows()) counter.inc({ ...labels }, value)
    },
  })
}

export interface Distribution {
  readonly labels: Labels
  /** Not cumulated; one more than the bounds, the last one is +Inf. */
  readonly counts: readonly number[]
  readonly sum: number
}

export interface PulledDistribution extends Declared {
  readonly bounds: readonly number[]
  readonly rows: () => Iterable<Distribution>
}

export function pulledHistogram(registry: Registry, pulled: PulledDistribution): void {
  registry.registerMetric(new PulledHistogram(pulled))
}

type Told = MetricObjectWithValues<MetricValueWithName<string>>

/**
 * A histogram whose buckets are kept elsewhere. The package has no way to set buckets, and to
 * observe each event again would cost what the shared counters save.
 */
class PulledHistogram extends Histogram<string> {
  readonly #pulled: PulledDistribution

  constructor(pulled: PulledDistribution) {
    const { name, help, labelNames = [] } = pulled
    super({ name, help, labelNames, registers: [] })
    this.#pulled = pulled
  }

  override get(): Promise<Told> {
    return Promise.resolve(tell(this.#pulled))
  }

  /** What the registry calls for the text format; not in the package's types, see its test. */
  getForPromString(): Promise<Told> {
    return this.get()
  }
}

function tell({ name, help, bounds, rows }: PulledDistribution): Told {
  const values: MetricValueWithName<string>[] = []
  for (const { labels, counts, sum } of rows()) {
    let total = 0
    for (const [i, count] of counts.entries()) {
      total += count
      const le = bounds[i] ?? '+Inf'
      values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: total })
    }
    values.push(
      { metricName: `${name}_sum`, labels: { ...labels }, value: sum },
      { metricName: `${name}_count`, labels: { ...labels }, value: total },
    )
  }
  return { name, help, type: 'histogram', aggregator: 'sum', collect: () => undefined, values }
}
