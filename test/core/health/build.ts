import { millis } from '../../../src/kernel/ids.ts'
import type { LeaseTimes } from '../../../src/core/registry/state.ts'

export function times(intervalMs: number, unhealthyMs: number, removeMs: number): LeaseTimes {
  return {
    intervalMs: millis(intervalMs),
    unhealthyMs: millis(unhealthyMs),
    removeMs: millis(removeMs),
  }
}
