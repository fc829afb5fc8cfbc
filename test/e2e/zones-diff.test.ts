import { expect, test } from 'vitest'
import { runComparison } from '../diff/run.ts'
import { missingPrograms } from '../diff/servers.ts'

const missing = missingPrograms()
if (missing.length > 0) {
  console.warn(`not installed, so nothing is compared: ${missing.join(' ')}`)
}

// The long run is `npm run diff:zones`; what may differ is listed in test/diff/allowed.ts.
test.skipIf(missing.length > 0)('Knot and NSD answer as we do', { timeout: 60_000 }, async () => {
  const { wrong, asked } = await runComparison({ hosts: 400, names: 900, seed: 3 })
  expect(wrong).toEqual([])
  expect(asked).toBeGreaterThan(20_000)
})
