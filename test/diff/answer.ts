/** An answer as it is compared: without order, compression and case. */
export interface Answer {
  readonly rcode: number
  readonly aa: boolean
  readonly tc: boolean
  readonly ra: boolean
  readonly answer: readonly string[]
  readonly authority: readonly string[]
}

/** Types whose data have names that servers compress: where the names start, and how many. */
const NAMES: ReadonlyMap<number, readonly [at: number, count: number]> = new Map([
  [2, [0, 1]],
  [5, [0, 1]],
  [6, [0, 2]],
  [12, [0, 1]],
  [15, [2, 1]],
  [17, [0, 2]],
  [33, [6, 1]],
  [39, [0, 1]],
])

export function readAnswer(bytes: Uint8Array): Answer {
  const reader = new Reader(bytes)
  const flags = reader.u16(2)
  const counts = [4, 6, 8].map((at) => reader.u16(at))
  reader.at = 12
  for (let i = 0; i < (counts[0] ?? 0); i++) {
    reader.name()
    reader.at += 4
  }
  const section = (count = 0): readonly string[] =>
    Array.from({ length: count }, () => reader.record()).toSorted()
  return {
    rcode: flags & 15,
    aa: (flags & 0x400) !== 0,
    tc: (flags & 0x200) !== 0,
    ra: (flags & 0x80) !== 0,
    answer: section(counts[1]),
    authority: section(counts[2]),
  }
}

/** A wire name, spelled as in answers. */
export function readName(wire: Uint8Array): string {
  return new Reader(wire).name()
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  u16(at: number): number {
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0)
  }

  /** The name at `at`, without compression, lower-cased: one character per octet. */
  name(): string {
    let text = ''
    let at = this.at
    let end = -1
    for (let size = this.#bytes[at] ?? 0; size > 0; size = this.#bytes[at] ?? 0) {
      if (size >= 0xc0) {
        if (end < 0) end = at + 2
        at = this.u16(at) & 0x3fff
        continue
      }
      for (let i = at + 1; i <= at + size; i++) text += spell(this.#bytes[i] ?? 0)
      text += '.'
      at += 1 + size
    }
    this.at = end < 0 ? at + 1 : end
    return text === '' ? '.' : text
  }

  record(): string {
    const owner = this.name()
    const type = this.u16(this.at)
    const ttl = this.u16(this.at + 4) * 65_536 + this.u16(this.at + 6)
    const end = this.at + 10 + this.u16(this.at + 8)
    this.at += 10
    const [namesAt, count] = NAMES.get(type) ?? [end - this.at, 0]
    const parts = [this.#hex(this.at + namesAt)]
    for (let i = 0; i < count; i++) parts.push(this.name())
    parts.push(this.#hex(end))
    return `${owner} ${ttl} ${type} ${parts.filter((part) => part !== '').join(' ')}`
  }

  #hex(end: number): string {
    const hex = Buffer.from(this.#bytes.subarray(this.at, end)).toString('hex')
    this.at = end
    return hex
  }
}

function spell(octet: number): string {
  const lower = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
  const character = String.fromCharCode(lower)
  return /[\w*-]/.test(character) ? character : `\\${String(lower).padStart(3, '0')}`
}
