import type { Millis } from '../kernel/ids.ts'
import type { ServiceRef, Snapshot } from '../core/registry/state.ts'

/** Time. The simulator's moves only when it says so. */
export interface Clock {
  /** Monotonic; the origin means nothing. */
  now(): Millis
  /** Since 1970-01-01 UTC; for what people and Nacos clients read, never for deadlines. */
  wall(): Millis
  after(delayMs: Millis, run: () => void): Disposable
  every(periodMs: Millis, run: () => void): Disposable
}

/** Where compiled answers go. Called once per commit with the services that it touched. */
export interface ZonePublisher {
  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

export type Facts = Readonly<Record<string, string | number | boolean>>

/** `registry_changes` is counted by reason, `expiry_looks` and `stalled_ms` under one label. */
export type Counter = 'registry_changes' | 'expiry_looks' | 'stalled_ms'

export interface Telemetry {
  /** One line of the log; `name` is a snake_case constant, facts are fields. */
  event(level: Level, name: string, facts: Facts): void
  count(counter: Counter, label: string, by: number): void
}

/** Everything that a member touches of the world. */
export interface Ports {
  readonly clock: Clock
  readonly zones: ZonePublisher
  readonly telemetry: Telemetry
}
