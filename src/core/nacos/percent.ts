const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * Decodes one name or value of a query or a form: `+` is a blank, `%xx` a byte of UTF-8. A stray
 * `%` stays what it is: Go clients of 1.x send forms that they never encoded.
 */
export function decodeFormText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return decodeLeniently(spaced)
  }
}

/** In one pass over the bytes: a regular expression would recurse on megabytes of `%80`. */
function decodeLeniently(text: string): string {
  const bytes = encoder.encode(text)
  let to = 0
  for (let from = 0; from < bytes.length; from++) {
    const byte = escapedByte(bytes, from)
    bytes[to++] = byte < 0 ? (bytes[from] ?? 0) : byte
    if (byte >= 0) from += 2
  }
  return decoder.decode(bytes.subarray(0, to))
}

/** The byte that `%xx` at `at` stands for, or −1. */
function escapedByte(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x25) return -1
  const high = hexDigit(bytes[at + 1])
  const low = hexDigit(bytes[at + 2])
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
