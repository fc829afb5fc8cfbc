const UTF8 = new TextEncoder()

/** RDATA of a TXT record: character-strings of at most 255 octets; longer ones are cut. */
export function encodeStrings(strings: readonly string[]): Uint8Array {
  const parts = strings.map((text) => UTF8.encode(text).subarray(0, 255))
  const rdata = new Uint8Array(parts.reduce((sum, part) => sum + 1 + part.length, 0))
  let at = 0
  for (const part of parts) {
    rdata[at] = part.length
    rdata.set(part, at + 1)
    at += 1 + part.length
  }
  return rdata
}
