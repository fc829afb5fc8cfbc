import { shorten, wrong, type Fields } from './fields.ts'
import { joinOctets, type RdataReader } from './wire.ts'

/** How types are called; handed in, for the types of this folder know each other only there. */
export interface TypeNames {
  typeNumber(text: string): number | undefined
  typeName(type: number): string
}

/** Octets of one window of 256 types. */
const WINDOW_BYTES = 32

/** All words that are left, as the types that exist at a name (RFC 4034 §4.1.2). */
export function takeTypes(fields: Fields, names: TypeNames): Uint8Array {
  const windows = new Map<number, Uint8Array>()
  while (fields.hasMore) {
    const { text } = fields.take('type')
    const type = names.typeNumber(text)
    if (type === undefined) throw wrong(`there is no record type "${shorten(text)}"`)
    const window = windows.get(type >> 8) ?? new Uint8Array(WINDOW_BYTES)
    windows.set(type >> 8, window)
    const at = (type & 0xff) >> 3
    window[at] = (window[at] ?? 0) | (0x80 >> (type & 7))
  }
  const sorted = [...windows].toSorted(([a], [b]) => a - b)
  return joinOctets(
    sorted.flatMap(([number, octets]) => {
      const length = octets.findLastIndex((octet) => octet !== 0) + 1
      return [[number, length], octets.subarray(0, length)]
    }),
  )
}

/** The types of all windows that are left. */
export function formatTypes(reader: RdataReader, names: TypeNames): readonly string[] {
  const types: string[] = []
  let before = -1
  while (reader.hasMore) {
    const window = reader.u8()
    const octets = reader.take(reader.u8())
    if (window <= before) throw wrong('windows of types are not in order')
    if (octets.length > WINDOW_BYTES || (octets.at(-1) ?? 0) === 0) {
      throw wrong('a window of types has 1 to 32 octets, the last one not zero')
    }
    before = window
    for (let bit = 0; bit < octets.length * 8; bit++) {
      if ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7)))
        types.push(names.typeName(window * 256 + bit))
    }
  }
  return types
}
