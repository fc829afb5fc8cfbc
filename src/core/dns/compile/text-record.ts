const UTF8 = new TextEncoder()
const STRING_MAX = 255

/** RDATA of a TXT record: character-strings of at most 255 octets; longer ones are cut. */
export function encodeStrings(strings: readonly string[]): Uint8Array {
  const rdata = new Uint8Array(strings.reduce((sum, text) => sum + 1 + text.length, 0))
  let at = 0
  for (const text of strings) {
    if (text.length > STRING_MAX) return encodeAny(strings)
    rdata[at++] = text.length
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i)
      // Nearly all are ASCII, and a loop is several times faster than the encoder.
      if (char > 0x7f) return encodeAny(strings)
      rdata[at++] = char
    }
  }
  return rdata
}

function encodeAny(strings: readonly string[]): Uint8Array {
  const parts = strings.map((text) => UTF8.encode(text).subarray(0, STRING_MAX))
  const rdata = new Uint8Array(parts.reduce((sum, part) => sum + 1 + part.length, 0))
  let at = 0
  for (const part of parts) {
    rdata[at] = part.length
    rdata.set(part, at + 1)
    at += 1 + part.length
  }
  return rdata
}
