import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { adviseHugePages } from '../../../../src/adapters/dns/batch/huge-pages.ts'

const SETTING = '/sys/kernel/mm/transparent_hugepage/enabled'

/** Whether this system gives large pages to who asks. */
function hasHugePages(): boolean {
  try {
    return !readFileSync(SETTING, 'utf8').includes('[never]')
  } catch {
    return false
  }
}

test('large pages are asked for where the system has them, and what is in memory stays', () => {
  const buffer = new SharedArrayBuffer(1 << 24)
  const octets = new Uint8Array(buffer)
  octets[5_000_000] = 42
  if (hasHugePages()) expect(adviseHugePages(buffer)).toBe(true)
  octets[9_000_000] = 43
  expect([octets[5_000_000], octets[9_000_000], octets[9_000_001]]).toEqual([42, 43, 0])
})

test('memory too small for a large page is left as it is', () => {
  expect(adviseHugePages(new SharedArrayBuffer(1 << 20))).toBe(false)
})
