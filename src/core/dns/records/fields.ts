import { CairnError } from '../../../kernel/errors.ts'
import { parseName, unescapeText } from '../name.ts'
import { parseSeconds } from './seconds.ts'

/** One word of a master file: escapes still in it, quotes already gone. */
export interface Token {
  readonly text: string
  readonly isQuoted: boolean
  /** Which file, where it is not the zone's own. */
  readonly file?: string | undefined
  /** Both count from 1; columns are characters. */
  readonly line: number
  readonly column: number
}

/** Octets of one character-string, without its length octet (RFC 1035 §3.3). */
const STRING_MAX = 255

/** Walks over the words of one entry and reads each as what the grammar asks for. */
export class Fields {
  readonly #tokens: readonly Token[]
  #at: number

  constructor(tokens: readonly Token[], at = 0) {
    this.#tokens = tokens
    this.#at = at
  }

  /** The word taken last: where a mistake is. */
  get last(): Token | undefined {
    return this.#tokens[Math.max(0, this.#at - 1)]
  }

  get hasMore(): boolean {
    return this.#at < this.#tokens.length
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  take(what: string): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw wrong(`${what} is missing`)
    this.#at++
    return token
  }

  /** Undefined when the word is another one, which is then not taken. */
  takeIf(text: string): Token | undefined {
    const token = this.peek()
    return token?.text === text && !token.isQuoted ? this.take(text) : undefined
  }

  end(): void {
    if (this.hasMore) throw wrong(`unexpected "${shorten(this.take('nothing').text)}" at the end`)
  }

  name(what: string, origin: Uint8Array): Uint8Array {
    return parseName(this.take(what).text, origin)
  }

  whole(what: string, max: number): number {
    const { text } = this.take(what)
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value <= max) return value
    throw wrong(`${what} must be a whole number of 0 to ${max}, got "${shorten(text)}"`)
  }

  /** Seconds, or units as in `1h30m`. */
  seconds(what: string): number {
    const { text } = this.take(what)
    const value = parseSeconds(text)
    if (value !== undefined) return value
    throw wrong(`${what} must be seconds or a duration like 1h30m, got "${shorten(text)}"`)
  }

  /** The octets of a word, escapes resolved. */
  octets(what: string): number[] {
    return unescapeText(this.take(what).text).map((octet) => octet & 0xff)
  }

  /** A character-string with its length octet in front. */
  characterString(what: string): number[] {
    const octets = this.octets(what)
    if (octets.length > STRING_MAX) {
      throw wrong(`${what} is ${octets.length} octets long, at most ${STRING_MAX} are possible`)
    }
    return [octets.length, ...octets]
  }
}

/** Texts come from outside: what is told back of them is bounded. */
export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

export function wrong(message: string): CairnError {
  return new CairnError('invalid_argument', message)
}
