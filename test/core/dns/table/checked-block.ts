import { parseName } from '../../../../src/core/dns/name.ts'
import type { Arena } from '../../../../src/core/dns/table/arena.ts'
import type { TableMemory } from '../../../../src/core/dns/table/memory.ts'

/** Blocks that say whether they are whole: count of words, name, then words, then their sum. */

const FIRST = 3
const WORDS_MAX = 2_000

export function keyOf(n: number): Uint8Array {
  return parseName(`name-${n}.example.`)
}

/** A block of the name `n` with `words` words in all, at least 4. */
export function writeBlock(memory: TableMemory, arena: Arena, n: number, words: number): number {
  const block = arena.allocate(words * 4)
  const at = block >> 2
  memory.words[at] = words
  memory.words[at + 1] = n
  // Each block has other words, and so has a reused one.
  memory.words[at + 2] = block ^ (words * 0x9e37_79b1)
  let sum = memory.words[at + 2] ?? 0
  for (let i = FIRST; i < words - 1; i++) {
    const word = Math.imul(sum ^ i, 0x85eb_ca6b)
    memory.words[at + i] = word
    sum = (sum + word) | 0
  }
  memory.words[at + words - 1] = sum ^ n
  return block
}

export function isWhole(memory: TableMemory, block: number, n: number): boolean {
  const at = block >> 2
  const words = memory.words[at] ?? 0
  if (words < FIRST + 1 || words > WORDS_MAX || memory.words[at + 1] !== n) return false
  let sum = memory.words[at + 2] ?? 0
  for (let i = FIRST; i < words - 1; i++) sum = (sum + (memory.words[at + i] ?? 0)) | 0
  return memory.words[at + words - 1] === (sum ^ n)
}
