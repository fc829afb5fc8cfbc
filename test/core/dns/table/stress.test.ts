import { expect, test } from 'vitest'
import { stress } from './stress.ts'

const PLAIN = { ms: 1_500, readers: 2, isGuarded: true, killEveryMs: 0, seed: 1 }

test('readers that check every octet never see a torn block while a writer churns', async () => {
  const { torn, looks, found, writes, waitingBytes } = await stress(PLAIN)
  expect({ torn, waitingBytes }).toEqual({ torn: 0, waitingBytes: 0 })
  expect(found).toBeGreaterThan(1_000)
  expect(looks).toBeGreaterThan(found)
  expect(writes).toBeGreaterThan(1_000)
}, 60_000)

test('that check finds torn blocks where readers hold no guard', async () => {
  const { torn } = await stress({ ...PLAIN, ms: 20_000, isGuarded: false })
  expect(torn).toBeGreaterThan(0)
}, 60_000)

test('readers that are ended in the middle hold nothing back and harm nobody', async () => {
  const { torn, waitingBytes, kills } = await stress({ ...PLAIN, killEveryMs: 250 })
  expect({ torn, waitingBytes }).toEqual({ torn: 0, waitingBytes: 0 })
  expect(kills).toBeGreaterThan(0)
}, 60_000)
