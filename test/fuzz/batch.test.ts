import { expect, test } from 'vitest'
import { worksHere } from '../adapters/dns/batch/works-here.ts'
import { BatchFuzz } from './batch-fuzz.ts'

// A new seed each time would make failures of others look like ours: `npm run fuzz:batch` draws one.
test.runIf(worksHere)(
  'the batched engine answers any packet as the complete path does',
  async () => {
    using fuzz = new BatchFuzz(20_261_120)
    await fuzz.open()
    await fuzz.run(20_000)
    const { answers, compared, faults } = fuzz.told
    expect(faults).toEqual([])
    expect(answers).toBeGreaterThan(12_000)
    expect(compared).toBeGreaterThan(8_000)
  },
)
