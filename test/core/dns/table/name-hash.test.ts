import { expect, test } from 'vitest'
import { foldName } from '../../../../src/core/dns/table/name-hash.ts'

test.each([0, 1, 2, 3])(
  'capital letters are folded and nothing else, %i octets into a word',
  (by) => {
    const all = Uint8Array.from({ length: 264 }, (_, i) => (i - by) & 255)
    const key = new Uint8Array(264)
    foldName(new DataView(all.buffer), 0, new DataView(key.buffer), 264)
    expect([...key]).toEqual([...all].map((octet) => (isCapital(octet) ? octet + 32 : octet)))
  },
)

function isCapital(octet: number): boolean {
  return octet >= 0x41 && octet <= 0x5a
}

test('a name that does not fill its last word is copied whole', () => {
  const name = Uint8Array.of(3, 0x41, 0x62, 0x5a, 0, 0, 0x41, 0)
  const key = new Uint8Array(8)
  foldName(new DataView(name.buffer), 0, new DataView(key.buffer), 5)
  expect([...key.subarray(0, 5)]).toEqual([3, 0x61, 0x62, 0x7a, 0])
})
