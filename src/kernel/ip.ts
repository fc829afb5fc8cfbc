/** True for a dotted quad without leading zeros ("010" means 8 to some programs: refused). */
export function isIPv4(text: string): boolean {
  return parseIPv4(text) !== undefined
}

/** The four octets as an unsigned 32-bit number, or undefined. */
export function parseIPv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let value = 0
  for (let i = 1; i <= 4; i++) {
    const part = match[i] ?? ''
    const octet = Number(part)
    if (octet > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    value = value * 256 + octet
  }
  return value
}

/** The sixteen octets of an IPv6 literal (RFC 4291 §2.2), or undefined. No zone ids. */
export function parseIPv6(text: string): Uint8Array | undefined {
  const groups = splitIPv6(text)
  if (groups === undefined) return undefined
  const bytes = new Uint8Array(16)
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8
    bytes[2 * i + 1] = group & 0xff
  }
  return bytes
}

/** Sixteen octets as text (RFC 5952), which is how the system shows addresses, too. */
export function formatIPv6(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  )
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return `::ffff:${bytes.subarray(12, 16).join('.')}`
  const { from, count } = longestZeros(groups)
  // One group of zeros is not worth the "::" (RFC 5952 §4.2.2).
  if (count < 2) return showGroups(groups)
  return `${showGroups(groups.slice(0, from))}::${showGroups(groups.slice(from + count))}`
}

function showGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}

/** The longest run of zeros, the first of equals. */
function longestZeros(groups: readonly number[]): { from: number; count: number } {
  let longest = { from: 0, count: 0 }
  let count = 0
  for (const [i, group] of groups.entries()) {
    count = group === 0 ? count + 1 : 0
    if (count > longest.count) longest = { from: i + 1 - count, count }
  }
  return longest
}

function splitIPv6(text: string): number[] | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1) return missing === 0 ? head : undefined
  // "::" stands for at least one group of zeros.
  return missing >= 1 ? [...head, ...Array<number>(missing).fill(0), ...tail] : undefined
}

function parseGroups(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = mayEndInIPv4 && i === parts.length - 1 ? parseIPv4(part) : undefined
      if (v4 === undefined) return undefined
      groups.push(Math.floor(v4 / 65_536), v4 % 65_536)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}
