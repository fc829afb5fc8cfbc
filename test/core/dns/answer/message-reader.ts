/** Messages as a test reads them: strict, independent of the code under test. */

export interface ReadRecord {
  readonly owner: string
  readonly type: number
  readonly class: number
  readonly ttl: number
  /** Readable for the common types, else hex. */
  readonly data: string
}

export interface ReadMessage {
  readonly id: number
  readonly flags: number
  readonly opcode: number
  readonly rcode: number
  readonly isAuthoritative: boolean
  readonly isTruncated: boolean
  readonly question: { readonly name: string; readonly type: number; readonly class: number }[]
  readonly answers: readonly ReadRecord[]
  readonly authorities: readonly ReadRecord[]
  /** Without the OPT. */
  readonly additionals: readonly ReadRecord[]
  readonly opt: ReadOpt | undefined
  readonly length: number
}

interface ReadOpt {
  readonly udpSize: number
  readonly version: number
  readonly flags: number
  readonly options: ReadonlyMap<number, string>
}

/** Throws on anything that is not exactly one well-formed message. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const reader = new Reader(bytes)
  const flags = reader.view.getUint16(2)
  const counts = [4, 6, 8, 10].map((at) => reader.view.getUint16(at))
  reader.at = 12
  const question = Array.from({ length: counts[0] ?? 0 }, () => ({
    name: reader.name(),
    type: reader.u16(),
    class: reader.u16(),
  }))
  let opt: ReadOpt | undefined
  let upper = 0
  const sections = counts.slice(1).map((count) => {
    const records: ReadRecord[] = []
    for (let i = 0; i < count; i++) {
      const record = reader.record()
      if ('options' in record) {
        if (opt !== undefined) throw new Error('two OPT records')
        opt = record
        upper = record.upper
      } else records.push(record)
    }
    return records
  })
  if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} octets too many`)
  return {
    id: reader.view.getUint16(0),
    flags,
    opcode: (flags >> 11) & 15,
    rcode: (flags & 15) | (upper << 4),
    isAuthoritative: (flags & 0x400) !== 0,
    isTruncated: (flags & 0x200) !== 0,
    question,
    answers: sections[0] ?? [],
    authorities: sections[1] ?? [],
    additionals: sections[2] ?? [],
    opt,
    length: bytes.length,
  }
}

class Reader {
  at = 0
  readonly view: DataView
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u16(): number {
    this.at += 2
    return this.view.getUint16(this.at - 2)
  }

  /** Dotted, case kept; octets that are no letters, digits, `-` or `_` as `\DDD`. */
  name(): string {
    let text = ''
    let at = this.at
    let end = -1
    for (let jumps = 0; ;) {
      const size = this.view.getUint8(at)
      if (size >= 0xc0) {
        const target = this.view.getUint16(at) & 0x3fff
        if (target >= at || ++jumps > 16) throw new Error('a pointer that does not go back')
        if (end < 0) end = at + 2
        at = target
        continue
      }
      if (size > 63) throw new Error('a label of an unknown kind')
      at++
      if (size === 0) break
      for (let i = at; i < at + size; i++) text += spell(this.view.getUint8(i))
      text += '.'
      at += size
    }
    this.at = end < 0 ? at : end
    return text === '' ? '.' : text
  }

  record(): ReadRecord | (ReadOpt & { readonly upper: number }) {
    const owner = this.name()
    const type = this.u16()
    const recordClass = this.u16()
    const ttl = this.view.getUint32(this.at)
    this.at += 4
    const length = this.u16()
    const start = this.at
    const end = start + length
    if (end > this.#bytes.length) throw new Error('a record beyond the end')
    if (type === 41) {
      if (owner !== '.') throw new Error('an OPT that the root does not own')
      return this.#opt(recordClass, ttl, end)
    }
    const data = this.#data(type, end)
    if (this.at !== end) throw new Error(`data of type ${type} has another length than it says`)
    return { owner, type, class: recordClass, ttl, data }
  }

  #opt(udpSize: number, ttl: number, end: number): ReadOpt & { readonly upper: number } {
    const options = new Map<number, string>()
    while (this.at < end) {
      const code = this.u16()
      const length = this.u16()
      options.set(code, this.#hex(this.at + length))
    }
    if (this.at !== end) throw new Error('an option beyond the end')
    const parts = { upper: ttl >>> 24, version: (ttl >> 16) & 255, flags: ttl & 0xffff }
    return { udpSize, ...parts, options }
  }

  #data(type: number, end: number): string {
    if (type === 1) return Array.from({ length: 4 }, () => this.view.getUint8(this.at++)).join('.')
    if (type === 28) {
      return Array.from({ length: 8 }, () => this.u16().toString(16)).join(':')
    }
    if (type === 2 || type === 5 || type === 12) return this.name()
    if (type === 15) return `${this.u16()} ${this.name()}`
    if (type === 33) return `${this.u16()} ${this.u16()} ${this.u16()} ${this.name()}`
    if (type === 6) {
      const names = `${this.name()} ${this.name()}`
      const times = Array.from({ length: 5 }, () => {
        this.at += 4
        return this.view.getUint32(this.at - 4)
      })
      return `${names} ${times.join(' ')}`
    }
    return type === 16 ? this.#texts(end) : this.#hex(end)
  }

  #texts(end: number): string {
    const texts: string[] = []
    while (this.at < end) {
      const length = this.view.getUint8(this.at)
      const from = this.at + 1
      if (from + length > end) throw new Error('a text beyond the end')
      texts.push(new TextDecoder().decode(this.#bytes.slice(from, from + length)))
      this.at = from + length
    }
    return texts.join('|')
  }

  #hex(end: number): string {
    const hex = Buffer.from(this.#bytes.subarray(this.at, end)).toString('hex')
    this.at = end
    return hex
  }
}

function spell(octet: number): string {
  const character = String.fromCharCode(octet)
  return /[\w-]/.test(character) ? character : `\\${String(octet).padStart(3, '0')}`
}
