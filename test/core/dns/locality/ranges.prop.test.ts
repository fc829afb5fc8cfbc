import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ranges, type Net } from '../../../../src/core/dns/locality/ranges.ts'

/** Small networks close together, so that they nest, touch and repeat. */
const net4: fc.Arbitrary<Net> = fc
  .record({
    octets: fc.tuple(fc.constantFrom(0, 10, 255), fc.nat(3), fc.constantFrom(0, 128), fc.nat(255)),
    bits: fc.integer({ min: 0, max: 32 }),
    value: fc.nat(5),
  })
  .map(({ octets, bits, value }) => ({ octets: Uint8Array.from(octets), bits, value }))

function toNumber(octets: Uint8Array): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

function isIn(address: number, { octets, bits }: Net): boolean {
  const size = 2 ** (32 - bits)
  return Math.floor(address / size) === Math.floor(toNumber(octets) / size)
}

/** The longest prefix that holds the address; of equal ones the last. */
function naive(nets: readonly Net[], address: number): Net | undefined {
  let best: Net | undefined
  for (const net of nets) {
    if (isIn(address, net) && (best === undefined || net.bits >= best.bits)) best = net
  }
  return best
}

test('the longest prefix wins, and the scope keeps others out', () => {
  const address = fc.tuple(fc.constantFrom(0, 10, 255), fc.nat(3), fc.nat(255), fc.nat(255))
  fc.assert(
    fc.property(fc.array(net4, { maxLength: 12 }), fc.array(address), (nets, addresses) => {
      const ranges = new Ranges(1, nets)
      for (const octets of addresses) {
        const number = toNumber(Uint8Array.from(octets))
        const best = naive(nets, number)
        expect(ranges.find(Uint32Array.of(number))).toBe(best?.value ?? -1)
        const { scope } = ranges
        expect(scope).toBeGreaterThanOrEqual(best?.bits ?? 0)
        // Every network that begins or ends inside of the scope would be answered otherwise.
        const size = 2 ** (32 - scope)
        const from = Math.floor(number / size) * size
        for (const probe of [from, from + size - 1, from + Math.floor(size / 3)]) {
          expect(naive(nets, probe)).toBe(best)
        }
      }
    }),
  )
})

/** An IPv6 address by its groups; those that are left out are 0. */
function octets(...groups: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => ((groups[i >> 1] ?? 0) >> (i & 1 ? 0 : 8)) & 255)
}

test('IPv6 is matched over all four words', () => {
  const ranges = new Ranges(4, [
    { octets: octets(0x2001, 0xdb8), bits: 32, value: 0 },
    { octets: octets(0x2001, 0xdb8, 1), bits: 48, value: 1 },
    { octets: octets(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9), bits: 128, value: 2 },
  ])
  const find = (...words: readonly number[]): readonly [number, number] => {
    return [ranges.find(Uint32Array.from(words)), ranges.scope]
  }
  expect(find(0x2001_0db8, 0x0001_0000, 0, 7)).toEqual([1, 48])
  expect(find(0x2001_0db8, 0x0002_0000, 0, 7)).toEqual([0, 47])
  expect(find(0x2001_0db8, 0, 0, 9)).toEqual([2, 128])
  expect(find(0x2001_0db8, 0, 0, 8)).toEqual([0, 128])
  expect(find(0x2001_0db9, 0, 0, 0)).toEqual([-1, 32])
  expect(new Ranges(4, []).find(Uint32Array.of(1, 2, 3, 4))).toBe(-1)
})
