import type { Message } from '../answer/message.ts'

const UTF8 = new TextEncoder()
const DAY_MS = 86_400_000

/** A word of ours in wire form, made once. */
export function word(text: string): Uint8Array {
  return UTF8.encode(text)
}

/** Writes character-strings into a message, number by number; allocates nothing. */
export class TextWriter {
  readonly #message: Message
  #openedAt = 0

  constructor(message: Message) {
    this.#message = message
  }

  /** Begins a string with these octets. What is written until `close` must fit 255. */
  open(octets: Uint8Array): this {
    this.#openedAt = this.#message.at
    this.#message.u8(0)
    return this.put(octets)
  }

  close(): void {
    const message = this.#message
    const at = this.#openedAt
    message.view.setUint8(message.start + at, message.at - at - 1)
  }

  put(octets: Uint8Array): this {
    for (let i = 0; i < octets.length; i++) this.#message.u8(octets[i] ?? 0)
    return this
  }

  char(code: number): this {
    this.#message.u8(code)
    return this
  }

  /** A whole number below 2^31, with at least so many digits. */
  decimal(value: number, digits = 1): this {
    let unit = 10 ** (digits - 1)
    while (unit * 10 <= value) unit *= 10
    for (let rest = value; unit >= 1; unit /= 10) {
      const digit = Math.floor(rest / unit)
      this.#message.u8(0x30 + digit)
      rest -= digit * unit
    }
    return this
  }

  /** A weight or a share: up to three decimals. */
  fraction(value: number): this {
    const thousandths = Math.round(value * 1000)
    this.decimal(Math.floor(thousandths / 1000))
    let rest = thousandths % 1000
    if (rest === 0) return this
    this.char(0x2e)
    for (let unit = 100; rest > 0; unit /= 10) {
      this.char(0x30 + Math.floor(rest / unit))
      rest %= unit
    }
    return this
  }

  v4(address: number): this {
    for (let shift = 24; shift >= 0; shift -= 8) {
      this.decimal((address >>> shift) & 255)
      if (shift > 0) this.char(0x2e)
    }
    return this
  }

  /** Four words as eight groups. */
  v6(words: Uint32Array): this {
    for (let group = 0; group < 8; group++) {
      const value = ((words[group >> 1] ?? 0) >>> (group & 1 ? 0 : 16)) & 0xffff
      if (group > 0) this.char(0x3a)
      let shift = 12
      while (shift > 0 && value >>> shift === 0) shift -= 4
      for (; shift >= 0; shift -= 4) {
        const digit = (value >>> shift) & 15
        this.char(digit < 10 ? 0x30 + digit : 0x57 + digit)
      }
    }
    return this
  }

  /** The octets of a counted text in the table. */
  counted(table: DataView, at: number): this {
    const length = table.getUint8(at)
    for (let i = 1; i <= length; i++) this.#message.u8(table.getUint8(at + i))
    return this
  }

  /** `2026-11-20T10:00:00Z`, of milliseconds since 1970. */
  time(ms: number): this {
    const days = Math.floor(ms / DAY_MS)
    // Days from civil, backwards (Howard Hinnant): eras of 400 years that begin on March 1st.
    const z = days + 719_468
    const era = Math.floor(z / 146_097)
    const ofEra = z - era * 146_097
    const leaps =
      Math.floor(ofEra / 1460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096)
    const yearOfEra = Math.floor((ofEra - leaps) / 365)
    const before = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
    const ofYear = ofEra - before
    const shifted = Math.floor((5 * ofYear + 2) / 153)
    const month = shifted < 10 ? shifted + 3 : shifted - 9
    const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    this.decimal(year, 4).char(0x2d).decimal(month, 2).char(0x2d)
    this.decimal(ofYear - Math.floor((153 * shifted + 2) / 5) + 1, 2).char(0x54)
    const seconds = Math.floor((ms - days * DAY_MS) / 1000)
    this.decimal(Math.floor(seconds / 3600), 2).char(0x3a)
    return this.decimal(Math.floor(seconds / 60) % 60, 2)
      .char(0x3a)
      .decimal(seconds % 60, 2)
      .char(0x5a)
  }
}
