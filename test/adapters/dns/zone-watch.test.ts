import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ZoneWatch } from '../../../src/adapters/dns/zone-watch.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-watch-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('a round that fails is told, and the next ones go on', async () => {
  const faults: unknown[] = []
  const told: string[] = []
  using watch = new ZoneWatch({
    directory,
    includedBy: () => [],
    onChange: async (files) => {
      told.push(...files)
      if (told.length === 1) throw new TypeError('no such thing')
    },
    onFault: (error) => faults.push(error),
  })
  await watch.start()
  writeFileSync(join(directory, 'z.test.zone'), '')
  await vi.waitFor(() => expect(told).toEqual(['z.test.zone', 'z.test.zone']), 5_000)
  expect(faults).toEqual([new TypeError('no such thing')])
})
