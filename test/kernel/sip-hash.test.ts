import { expect, test } from 'vitest'
import { SipHash } from '../../src/kernel/sip-hash.ts'

/** `vectors_sip64` of the reference implementation: key and input count up from 0. */
const VECTORS: readonly (readonly [length: number, hash: string])[] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [15, 'e545be4961ca29a1'],
]

test.each(VECTORS)('%i octets hash as the paper has it', (length, expected) => {
  const sip = new SipHash(Uint8Array.from({ length: 16 }, (_, i) => i))
  const input = Uint8Array.from({ length }, (_, i) => i)
  sip.hash(new DataView(input.buffer), 0, length)
  const output = Buffer.alloc(8)
  output.writeInt32LE(sip.low, 0)
  output.writeInt32LE(sip.high, 4)
  expect(output.toString('hex')).toBe(expected)
})
