import { describe, expect, test } from 'vitest'
import { DEFAULT_TIMES, parseLeaseTimes } from '../../../src/core/registry/lease-times.ts'

const INTERVAL = 'preserved.heart.beat.interval'
const TIMEOUT = 'preserved.heart.beat.timeout'
const REMOVE = 'preserved.ip.delete.timeout'

describe('lease times', () => {
  test('are 5, 15 and 30 seconds, one object shared by all who say nothing', () => {
    expect(DEFAULT_TIMES).toEqual({ intervalMs: 5_000, unhealthyMs: 15_000, removeMs: 30_000 })
    expect(parseLeaseTimes(new Map())).toBe(DEFAULT_TIMES)
    expect(parseLeaseTimes(new Map([[TIMEOUT, '15000']]))).toBe(DEFAULT_TIMES)
  })

  test.each([
    [{ [INTERVAL]: '1000', [TIMEOUT]: '3000', [REMOVE]: '6000' }, [1_000, 3_000, 6_000]],
    [{ [INTERVAL]: '3000' }, [3_000, 15_000, 30_000]],
    [{ [REMOVE]: '10000' }, [5_000, 15_000, 10_000]],
    [{ [TIMEOUT]: '9'.repeat(30) }, [5_000, 999_999_999_999, 30_000]],
  ])('are read from preserved metadata: %j', (metadata, [intervalMs, unhealthyMs, removeMs]) => {
    const times = parseLeaseTimes(new Map(Object.entries(metadata)))
    expect(times).toEqual({ intervalMs, unhealthyMs, removeMs })
  })

  test.each(['', 'fast', '1.5', '-1', '1e3', ' 1'])('count as absent when written %j', (text) => {
    expect(parseLeaseTimes(new Map([[INTERVAL, text]]))).toBe(DEFAULT_TIMES)
  })

  test.each([
    { [INTERVAL]: '16000' },
    { [TIMEOUT]: '4000' },
    { [REMOVE]: '4999' },
    { [INTERVAL]: '1000', [TIMEOUT]: '999' },
  ])('are refused when a client would expire between two beats: %j', (metadata) => {
    expect(() => parseLeaseTimes(new Map(Object.entries(metadata)))).toThrow(
      "'heart beat interval' must less than",
    )
  })
})
