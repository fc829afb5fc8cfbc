import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { FreeBlocks } from '../../../../src/core/dns/table/free-blocks.ts'
import { ARENA_START } from '../../../../src/core/dns/table/layout.ts'
import { createTable, type TableMemory } from '../../../../src/core/dns/table/memory.ts'

const BYTES = 1 << 20

interface Taken {
  readonly at: number
  readonly bytes: number
  readonly mark: number
}

const sizes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 400, max: 9_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9_000, max: 300_000 }) },
)
/** Takes so much, or gives back the one at this place of all. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ take: sizes }) },
  { weight: 4, arbitrary: fc.record({ give: fc.nat(1_000_000) }) },
)

test('blocks never overlap, and all that is given back is one again', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 300 }), (steps) => {
      const memory = createTable(BYTES, 1, 2)
      const blocks = new FreeBlocks(memory)
      const taken: Taken[] = []
      for (const [i, one] of steps.entries()) {
        if ('take' in one) take(memory, blocks, taken, one.take, (i % 255) + 1)
        else if (taken.length > 0) give(memory, blocks, taken, one.give % taken.length)
      }
      while (taken.length > 0) give(memory, blocks, taken, 0)
      expect(blocks.take(BYTES - ARENA_START - 100_000)).toBe(ARENA_START + 8)
    }),
    { numRuns: 150 },
  )
})

function take(
  memory: TableMemory,
  blocks: FreeBlocks,
  taken: Taken[],
  ...[bytes, mark]: readonly [number, number]
): void {
  try {
    const at = blocks.take(bytes)
    expect(at % 8).toBe(0)
    expect(at + blocks.sizeOf(at) - 8).toBeLessThanOrEqual(BYTES - 64)
    memory.bytes.fill(mark, at, at + bytes)
    taken.push({ at, bytes, mark })
  } catch (error) {
    expect(error).toMatchObject({ code: 'too_large' })
  }
}

function give(memory: TableMemory, blocks: FreeBlocks, taken: Taken[], i: number): void {
  const [one] = taken.splice(i, 1)
  if (one === undefined) return
  const octets = memory.bytes.subarray(one.at, one.at + one.bytes)
  expect(octets.every((octet) => octet === one.mark)).toBe(true)
  blocks.give(one.at)
}

test('sizes that drift for long leave no crumbs: a quarter more than the most ever in use', () => {
  const blocks = new FreeBlocks(createTable(1 << 26, 1, 2))
  const rng = new SeededRng(5)
  const live = Array.from({ length: 1_000 }, () => 0)
  let inUse = 0
  let most = 0
  for (let i = 0; i < 300_000; i++) {
    const slot = rng.u32() % live.length
    const old = live[slot] ?? 0
    if (old !== 0) {
      inUse -= blocks.sizeOf(old)
      blocks.give(old)
    }
    // The usual size is another one every 30,000 steps: 200 octets up to 20 KB.
    const usual = [20, 2, 8, 100, 4, 40, 1, 60, 10, 25][Math.floor(i / 30_000)] ?? 1
    const at = blocks.take(1 + (rng.u32() % (usual * 200)))
    live[slot] = at
    inUse += blocks.sizeOf(at)
    most = Math.max(most, inUse)
  }
  expect(blocks.reachedBytes).toBeLessThan(most * 1.25)
})

test('what no table could hold is too large, in the largest table, too', () => {
  const blocks = new FreeBlocks(createTable(2047 * BYTES, 1, 2))
  for (const bytes of [2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 40]) {
    expect(() => blocks.take(bytes)).toThrow(/full/)
  }
  // All of it can be had, in large pieces.
  const [first, second] = [blocks.take(1_024 * BYTES - 8), blocks.take(960 * BYTES - 8)]
  expect(second).toBe(first + blocks.sizeOf(first))
  expect(() => blocks.take(64 * BYTES)).toThrow(/full/)
  blocks.give(first)
  blocks.give(second)
  expect(blocks.take(1_000 * BYTES)).toBe(first)
})

test('a block that is given back twice ends the process: it would be handed out twice', () => {
  const blocks = new FreeBlocks(createTable(BYTES, 1, 2))
  const first = blocks.take(100)
  blocks.take(100)
  blocks.give(first)
  expect(() => blocks.give(first)).toThrow(/was taken/)
})
