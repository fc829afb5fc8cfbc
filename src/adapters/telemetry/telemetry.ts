import type { Telemetry } from '../../engine/ports.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** The port: events go to the log, counts to the metrics. */
export function createTelemetry(
  log: Pick<Log, 'event'>,
  metrics: Pick<Metrics, 'count'>,
): Telemetry {
  return {
    event: (level, name, facts) => log.event(level, name, facts),
    count: (counter, label, by) => metrics.count(counter, label, by),
  }
}
