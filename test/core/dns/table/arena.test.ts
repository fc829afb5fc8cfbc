import { describe, expect, test } from 'vitest'
import { Arena } from '../../../../src/core/dns/table/arena.ts'
import { ARENA_START, HEADER, readerSlot } from '../../../../src/core/dns/table/layout.ts'
import { createTable, dropReader, Reader } from '../../../../src/core/dns/table/memory.ts'

const SIZES = [0, 1, 8, 9, 100, 247, 248, 249, 312, 313, 504, 505, 1000, 4000, 65_000]

describe('blocks', () => {
  test('do not overlap, are zeroed when asked for, aligned, and little larger than asked', () => {
    const memory = createTable(1 << 20, 1, 2)
    const arena = new Arena(memory)
    const blocks = SIZES.map((bytes) => ({ bytes, at: arena.allocateZeroed(bytes) }))
    for (const { bytes, at } of blocks) {
      expect(at % 8).toBe(0)
      expect(at).toBeGreaterThanOrEqual(ARENA_START + 8)
      expect(memory.bytes.subarray(at, at + bytes).every((octet) => octet === 0)).toBe(true)
      memory.bytes.fill(0xff, at, at + bytes)
    }
    const ordered = blocks.toSorted((a, b) => a.at - b.at)
    for (const [i, { bytes, at }] of ordered.entries()) {
      const next = ordered[i + 1]
      // Eight octets before each block say how large it is.
      if (next !== undefined) expect(next.at - 8).toBeGreaterThanOrEqual(at + bytes)
    }
    const asked = SIZES.reduce((sum, bytes) => sum + bytes + 8, 0)
    expect(arena.usedBytes).toBeLessThanOrEqual(asked * (1 + 1 / 16) + SIZES.length * 32)
  })

  test('are kept for a reader that entered before the epochs came round', () => {
    const memory = createTable(1 << 20, 1, 2)
    memory.view.setInt32(HEADER.EPOCH, 0x7fff_fffe, true)
    const arena = new Arena(memory)
    const reader = new Reader(memory, 7)
    const first = arena.allocate(100)
    reader.enter()
    arena.retire(first)
    for (let i = 0; i < 5; i++) arena.reclaim()
    expect(memory.view.getInt32(HEADER.EPOCH, true)).toBeLessThan(0)
    expect(arena.waiting).toBe(1)
    reader.leave()
    arena.reclaim()
    expect(arena.waiting).toBe(0)
  })

  test('come back, once the last reader has left', () => {
    const memory = createTable(1 << 20, 1, 2)
    const arena = new Arena(memory)
    const reader = new Reader(memory, 7)
    const first = arena.allocate(100)
    memory.bytes.fill(9, first, first + 100)
    reader.enter()
    arena.retire(first)
    arena.reclaim()
    expect(arena.allocate(100)).not.toBe(first)
    reader.leave()
    reader.enter()
    arena.reclaim()
    expect(arena.waiting).toBe(0)
    expect(arena.allocateZeroed(100)).toBe(first)
    expect(memory.bytes.subarray(first, first + 100).every((octet) => octet === 0)).toBe(true)
  })

  test('a reader that came later does not keep them', () => {
    const memory = createTable(1 << 20, 1, 2)
    const arena = new Arena(memory)
    const [early, late] = [new Reader(memory, 0), new Reader(memory, 1)]
    const first = arena.allocate(40)
    early.enter()
    arena.retire(first)
    arena.reclaim()
    late.enter()
    early.leave()
    arena.reclaim()
    expect(arena.waiting).toBe(0)
  })

  test('wait in any number, and are freed a bounded number at a time', () => {
    const memory = createTable(1 << 20, 1, 2)
    const arena = new Arena(memory)
    const blocks = Array.from({ length: 2_000 }, () => arena.allocate(24))
    const reader = new Reader(memory, 0)
    reader.enter()
    for (const block of blocks) arena.retire(block)
    expect(arena.waiting).toBe(2_000)
    reader.leave()
    arena.reclaim()
    expect(arena.waiting).toBe(2_000 - 256)
    for (let i = 0; i < 8; i++) arena.reclaim()
    expect(arena.waiting).toBe(0)
    expect(arena.usedBytes).toBe(0)
  })
})

test('a full table says so, and serves again what is given back', () => {
  const memory = createTable(1 << 20, 1, 2)
  const arena = new Arena(memory)
  const blocks: number[] = []
  expect(() => {
    for (;;) blocks.push(arena.allocate(10_000))
  }).toThrow(/the DNS table is full/)
  expect(blocks.length).toBeGreaterThan(80)
  arena.retire(blocks[0] ?? 0)
  arena.reclaim()
  expect(arena.allocate(10_000)).toBe(blocks[0])
  expect(() => arena.allocate(10_000)).toThrow(/the DNS table is full/)
})

test('what a worker that ended was reading is free at once, and guards are not nested', () => {
  const memory = createTable(1 << 20, 1, 2)
  const arena = new Arena(memory)
  const dead = new Reader(memory, 3)
  dead.enter()
  expect(() => dead.enter()).toThrow(/left before/)
  const block = arena.allocate(1_000)
  arena.retire(block)
  arena.reclaim()
  expect(arena.waitingBytes).toBeGreaterThan(1_000)
  dropReader(memory, 3)
  arena.reclaim()
  expect([arena.waitingBytes, arena.usedBytes]).toEqual([0, 0])
})

test('an idle worker holds nothing back, however long it does not read', () => {
  const memory = createTable(1 << 20, 1, 2)
  const arena = new Arena(memory)
  const idle = new Reader(memory, 0)
  idle.enter()
  idle.leave()
  for (let i = 0; i < 10_000; i++) {
    arena.retire(arena.allocate(400))
    if (i % 10 === 0) arena.reclaim()
  }
  // Without another call to reclaim, too, the backlog has a bound.
  for (let i = 0; i < 10_000; i++) arena.retire(arena.allocate(400))
  expect(arena.waiting).toBeLessThan(400)
  expect(arena.reachedBytes).toBeLessThan(400_000)
})

test('readers may look at whole words: behind the last block there are some', () => {
  const memory = createTable(1 << 20, 1, 2)
  const arena = new Arena(memory)
  let last = 0
  expect(() => {
    for (;;) last = arena.allocate(100)
  }).toThrow(/full/)
  expect(memory.bytes.length - last).toBeGreaterThanOrEqual(100 + 64)
})

test('a worker that takes the place of a dead one holds nothing back', () => {
  const memory = createTable(1 << 20, 1, 2)
  const arena = new Arena(memory)
  const dead = new Reader(memory, 3)
  dead.enter()
  const successor = new Reader(memory, 3)
  arena.retire(arena.allocate(8))
  arena.reclaim()
  expect(arena.waiting).toBe(0)
  successor.enter()
  const slot = memory.view.getInt32(readerSlot(3), true)
  expect(slot).toBe(memory.view.getInt32(HEADER.EPOCH, true))
})
