import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { Arena } from '../../../../src/core/dns/table/arena.ts'
import { createTable, Reader } from '../../../../src/core/dns/table/memory.ts'
import { NameIndex } from '../../../../src/core/dns/table/name-index.ts'

type Step =
  | { readonly kind: 'put'; readonly name: number; readonly bytes: number }
  | { readonly kind: 'remove'; readonly name: number }
  | { readonly kind: 'reclaim' }
  | { readonly kind: 'enter' | 'leave'; readonly reader: number }

const READERS = 3
const name = fc.nat(40)
const reader = fc.nat(READERS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), name, bytes: sizes() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reclaim' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('enter', 'leave'), reader }) },
)

function sizes(): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 8, max: 300 }), fc.integer({ min: 300, max: 5_000 }))
}

const KEYS = Array.from({ length: 41 }, (_, i) => parseName(`name-${i}.example.`))

interface Held {
  readonly block: number
  readonly bytes: number
  readonly mark: number
}

/** The table beside a Map, and readers that keep what they saw when they entered. */
class Model {
  readonly #memory = createTable(1 << 22, 5, 6)
  readonly #arena = new Arena(this.#memory)
  readonly #index = new NameIndex(this.#memory, this.#arena)
  readonly #readers = Array.from({ length: READERS }, (_, i) => new Reader(this.#memory, i))
  readonly #names = new Map<number, Held>()
  readonly #seen = new Map<number, readonly Held[]>()
  #marks = 0

  run(one: Step): void {
    switch (one.kind) {
      case 'put':
        return this.#put(one.name, one.bytes)
      case 'remove':
        return this.#remove(one.name)
      case 'reclaim':
        return this.#arena.reclaim()
      case 'enter':
        if (this.#seen.has(one.reader)) this.#readers[one.reader]?.leave()
        this.#readers[one.reader]?.enter()
        // A reader finds only what is live when it enters, or later; the former is the harder.
        this.#seen.set(one.reader, [...this.#names.values()])
        return
      default:
        this.#readers[one.reader]?.leave()
        this.#seen.delete(one.reader)
    }
  }

  check(): void {
    expect(this.#index.size).toBe(this.#names.size)
    for (const [i, key] of KEYS.entries()) {
      expect(this.#index.get(key)).toBe(this.#names.get(i)?.block ?? 0)
    }
    for (const held of [...this.#names.values(), ...[...this.#seen.values()].flat()]) {
      const bytes = this.#memory.bytes.subarray(held.block, held.block + held.bytes)
      expect(bytes.every((octet) => octet === held.mark)).toBe(true)
    }
  }

  /** Everything goes; what remains in use is the index alone. */
  clear(): number {
    for (const i of KEYS.keys()) this.#remove(i)
    for (const [i, one] of this.#readers.entries()) {
      one.leave()
      this.#seen.delete(i)
    }
    while (this.#arena.waiting > 0) this.#arena.reclaim()
    return this.#arena.usedBytes
  }

  #put(i: number, bytes: number): void {
    const block = this.#arena.allocate(bytes)
    const mark = (this.#marks++ % 255) + 1
    this.#memory.bytes.fill(mark, block, block + bytes)
    const old = this.#index.put(KEYS[i] ?? new Uint8Array(1), block)
    if (old !== 0) this.#arena.retire(old)
    this.#names.set(i, { block, bytes, mark })
  }

  #remove(i: number): void {
    const old = this.#index.remove(KEYS[i] ?? new Uint8Array(1))
    if (old !== 0) this.#arena.retire(old)
    this.#names.delete(i)
  }
}

test('no block is reused while a reader may see it, and none is lost', () => {
  const empty = new Model().clear()
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
      const model = new Model()
      for (const one of steps) {
        model.run(one)
        model.check()
      }
      expect(model.clear()).toBe(empty)
    }),
    { numRuns: 60 },
  )
})
