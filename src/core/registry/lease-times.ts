import { CairnError } from '../../kernel/errors.ts'
import { millis } from '../../kernel/ids.ts'
import type { LeaseTimes, Metadata } from './state.ts'

/** Nacos' constants: a beat every 5 s, unhealthy after 15 s of silence, removed after 30 s. */
export const DEFAULT_TIMES: LeaseTimes = {
  intervalMs: millis(5_000),
  unhealthyMs: millis(15_000),
  removeMs: millis(30_000),
}

const INTERVAL = 'preserved.heart.beat.interval'
const UNHEALTHY = 'preserved.heart.beat.timeout'
const REMOVE = 'preserved.ip.delete.timeout'

/** Reads Nacos' preserved metadata keys; a value that is not decimal digits counts as absent. */
export function parseLeaseTimes(metadata: Metadata): LeaseTimes {
  const intervalMs = read(metadata, INTERVAL) ?? DEFAULT_TIMES.intervalMs
  const unhealthyMs = read(metadata, UNHEALTHY) ?? DEFAULT_TIMES.unhealthyMs
  const removeMs = read(metadata, REMOVE) ?? DEFAULT_TIMES.removeMs
  if (
    intervalMs === DEFAULT_TIMES.intervalMs &&
    unhealthyMs === DEFAULT_TIMES.unhealthyMs &&
    removeMs === DEFAULT_TIMES.removeMs
  ) {
    return DEFAULT_TIMES
  }
  if (unhealthyMs < intervalMs || removeMs < intervalMs) {
    throw new CairnError(
      'invalid_argument',
      "Instance 'heart beat interval' must less than 'heart beat timeout' and 'ip delete timeout'.",
    )
  }
  return { intervalMs, unhealthyMs, removeMs }
}

function read(metadata: Metadata, key: string): LeaseTimes['intervalMs'] | undefined {
  const text = metadata.get(key)
  // Twelve digits are some 30 years: longer ones are treated as that, not as infinity.
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  return millis(Math.min(Number(text), 999_999_999_999))
}
