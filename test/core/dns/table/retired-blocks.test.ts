import { expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { RetiredBlocks } from '../../../../src/core/dns/table/retired-blocks.ts'

test('what came first goes first, however many wait and wherever the ring begins', () => {
  const retired = new RetiredBlocks()
  const rng = new SeededRng(1)
  let came = 0
  let went = 0
  for (let i = 0; i < 50_000; i++) {
    // Two thirds come at first, a third at last.
    if (rng.u32() % 3 < (i < 20_000 ? 2 : 1)) retired.push(++came * 8, came)
    else if (retired.count > 0) {
      went++
      expect([retired.offset, retired.epoch]).toEqual([went * 8, went])
      retired.shift()
    }
    if (retired.count !== came - went) throw new Error(`${retired.count} of ${came - went}`)
  }
  expect(came).toBeGreaterThan(10_000)
  expect(retired.count).toBe(came - went)
})
