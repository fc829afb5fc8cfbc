import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { Arena } from '../../../../src/core/dns/table/arena.ts'
import { ENTRY } from '../../../../src/core/dns/table/layout.ts'
import { createTable, type TableMemory } from '../../../../src/core/dns/table/memory.ts'
import { NameFinder, NameIndex } from '../../../../src/core/dns/table/name-index.ts'

const key = parseName('order-service.nacos.')
const keyView = new DataView(key.buffer)

/** Calls `during` once, at the first look at the place `at`. */
class WatchedView extends DataView<SharedArrayBuffer> {
  at = -1
  during: () => void = () => {}

  override getInt32(at: number, isLittle?: boolean): number {
    const value = super.getInt32(at, isLittle)
    if (at === this.at) {
      this.at = -1
      this.during()
    }
    return value
  }
}

function watched(memory: TableMemory): TableMemory & { readonly view: WatchedView } {
  return { ...memory, view: new WatchedView(memory.buffer) }
}

describe('a reader that meets the writer', () => {
  test.each([
    ['compares the hash', 0],
    ['compares the name', ENTRY.KEY],
  ])('finds the old block or none when the name goes while it %s', (_, offset) => {
    const memory = createTable(1 << 20, 1, 2)
    const index = new NameIndex(memory, new Arena(memory))
    index.put(key, 4096)
    const reading = watched(memory)
    const finder = new NameFinder(reading)
    const entry = index.finder.findEntry(
      keyView,
      0,
      key.length,
      finder.hash(keyView, 0, key.length),
    )
    const { slot } = index.finder
    reading.view.at = offset === ENTRY.KEY ? entry + offset : slot
    reading.view.during = () => index.remove(key)
    expect([0, 4096]).toContain(finder.find(keyView, 0, key.length))
    reading.view.at = -1
    expect(finder.find(keyView, 0, key.length)).toBe(index.get(key))
  })

  test('finds the old block when the index grows while it looks', () => {
    const memory = createTable(1 << 22, 1, 2)
    const index = new NameIndex(memory, new Arena(memory))
    index.put(key, 4096)
    const reading = watched(memory)
    const finder = new NameFinder(reading)
    index.get(key)
    reading.view.at = index.finder.slot
    reading.view.during = () => {
      for (let i = 0; i < 2000; i++) index.put(parseName(`n${i}.`), 8)
    }
    expect(finder.find(keyView, 0, key.length)).toBe(4096)
    expect(finder.find(keyView, 0, key.length)).toBe(4096)
  })
})

describe('the index', () => {
  test('gives back what a name pointed at before', () => {
    const memory = createTable(1 << 20, 1, 2)
    const index = new NameIndex(memory, new Arena(memory))
    expect(index.put(key, 64)).toBe(0)
    expect(index.put(key, 128)).toBe(64)
    expect(index.size).toBe(1)
    expect(index.remove(key)).toBe(128)
    expect(index.remove(key)).toBe(0)
    expect(index.get(key)).toBe(0)
    expect(index.size).toBe(0)
  })

  test('names come and go for ever without making it grow', () => {
    const memory = createTable(1 << 20, 3, 4)
    const arena = new Arena(memory)
    const index = new NameIndex(memory, arena)
    let most = 0
    for (let i = 0; i < 50_000; i++) {
      index.put(parseName(`name-${i}.`), 64)
      if (i >= 100) expect(index.remove(parseName(`name-${i - 100}.`))).toBe(64)
      arena.reclaim()
      if (i === 2_000) most = arena.usedBytes
    }
    expect(index.size).toBe(100)
    expect(arena.usedBytes).toBeLessThanOrEqual(most + 1024)
  })

  test('grows by one segment at a time, and holds all names', () => {
    const memory = createTable(1 << 25, 3, 4)
    const arena = new Arena(memory)
    const index = new NameIndex(memory, arena)
    const keys = Array.from({ length: 60_000 }, (_, i) => parseName(`name-${i}.`))
    let most = 0
    for (const [i, one] of keys.entries()) {
      const before = arena.usedBytes
      index.put(one, 8 + i * 8)
      most = Math.max(most, arena.usedBytes - before)
    }
    expect(index.slots).toBeGreaterThan(65_536)
    expect(index.slots).toBeLessThan(keys.length * 4)
    // Two segments of some 4 KiB, and sometimes a directory of 1 KiB.
    expect(most).toBeLessThan(16_384)
    for (const [i, one] of keys.entries()) if (i % 3 > 0) index.remove(one)
    for (const [i, one] of keys.entries()) expect(index.get(one)).toBe(i % 3 > 0 ? 0 : 8 + i * 8)
  })

  test('a segment that cannot be split for want of memory leaves all as it was', () => {
    const memory = createTable(1 << 20, 3, 4)
    const arena = new Arena(memory)
    const index = new NameIndex(memory, arena)
    const known: number[] = []
    for (let i = 0; i < 50_000; i++) {
      try {
        index.put(parseName(`name-${i}.`), 64)
        known.push(i)
      } catch (error) {
        expect(error).toMatchObject({ code: 'too_large' })
      }
      arena.reclaim()
    }
    expect(known.length).toBeGreaterThan(8_000)
    expect(index.size).toBe(known.length)
    for (const i of known) expect(index.get(parseName(`name-${i}.`))).toBe(64)
    const inUse = arena.usedBytes
    for (const i of known) index.remove(parseName(`name-${i}.`))
    for (let i = 0; arena.waiting > 0 && i < 1_000; i++) arena.reclaim()
    expect(arena.usedBytes).toBeLessThan(inUse / 2)
  })

  test('two tables with other seeds hash names in other ways', () => {
    const hashes = [1, 2].map((seed) => {
      const finder = new NameFinder(createTable(1 << 20, seed, 9))
      return finder.hash(keyView, 0, key.length)
    })
    expect(hashes[0]).not.toBe(hashes[1])
  })
})
