import type { Token } from '../records/fields.ts'
import type { Findings, Place } from './state.ts'

/** One entry of a master file: a line, or several held together by parentheses. */
export interface Entry {
  readonly tokens: readonly Token[]
  /** The line begins with white space: the owner is that of the entry before. */
  readonly isOwnerBlank: boolean
}

/**
 * Cuts a master file into entries (RFC 1035 §5.1): comments, parentheses, quotes, escapes. One pass
 * and no look-back: linear in the text. An entry with a mistake is told of and left out.
 */
export function* tokenize(text: string, errors: Findings, file?: string): Generator<Entry> {
  const scanner = new Scanner(text, errors, file)
  for (let entry = scanner.next(); entry !== undefined; entry = scanner.next()) {
    if (entry.tokens.length > 0) yield entry
  }
}

class Scanner {
  readonly #text: string
  readonly #errors: Findings
  /** Told with every place, unless it is the zone's own file. */
  readonly #file: string | undefined
  #at: number
  #line = 1
  #lineStart: number
  #tokens: Token[] = []
  #openings: Place[] = []
  #isBroken = false

  constructor(text: string, errors: Findings, file: string | undefined) {
    this.#text = text
    this.#errors = errors
    this.#file = file
    this.#at = text.startsWith('\uFEFF') ? 1 : 0
    this.#lineStart = this.#at
  }

  /** Undefined at the end of the text; without tokens for a line that says nothing. */
  next(): Entry | undefined {
    if (this.#at >= this.#text.length) return undefined
    this.#tokens = []
    this.#openings = []
    this.#isBroken = false
    const first = this.#text.charAt(this.#at)
    while (this.#step());
    const open = this.#openings.at(-1)
    if (open !== undefined) this.#fail(open, 'parenthesis is never closed')
    return { tokens: this.#isBroken ? [] : this.#tokens, isOwnerBlank: isSpace(first) }
  }

  /** Takes one thing of the text; false when the entry is over. */
  #step(): boolean {
    const character = this.#text.charAt(this.#at)
    switch (character) {
      case '':
        return false
      case '\n':
        this.#newLine()
        return this.#openings.length > 0
      case ' ':
      case '\t':
      case '\r':
        this.#at++
        return true
      case ';':
        this.#at = this.#endOfLine()
        return true
      case '(':
      case ')':
        this.#parenthesis(character)
        return true
      case '"':
        this.#quoted()
        return true
      default:
        this.#word()
        return true
    }
  }

  #newLine(): void {
    this.#at++
    this.#line++
    this.#lineStart = this.#at
  }

  #parenthesis(character: string): void {
    const place = this.#place()
    this.#at++
    if (character === '(') this.#openings.push(place)
    else if (this.#openings.pop() === undefined) this.#fail(place, 'parenthesis closes nothing')
  }

  #word(): void {
    const start = this.#at
    while (this.#at < this.#text.length && !ENDS_WORD.has(this.#text.charAt(this.#at))) this.#skip()
    this.#push(start, this.#at, false)
  }

  #quoted(): void {
    const place = this.#place()
    const start = ++this.#at
    for (;;) {
      const character = this.#text.charAt(this.#at)
      if (character === '' || character === '\n') {
        this.#fail(place, 'quote is not closed on its line')
        return
      }
      if (character === '"') break
      this.#skip()
    }
    this.#push(start, this.#at, true)
    this.#at++
  }

  /** One character, or a backslash with the character that it takes its meaning from. */
  #skip(): void {
    const isEscape = this.#text.charAt(this.#at) === '\\'
    this.#at++
    if (isEscape && this.#at < this.#text.length && this.#text.charAt(this.#at) !== '\n') this.#at++
  }

  #push(start: number, end: number, isQuoted: boolean): void {
    this.#tokens.push({
      text: this.#text.slice(start, end),
      isQuoted,
      file: this.#file,
      line: this.#line,
      column: start - this.#lineStart + (isQuoted ? 0 : 1),
    })
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#at)
    return end === -1 ? this.#text.length : end
  }

  #place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 }
  }

  #fail(place: Place, message: string): void {
    this.#isBroken = true
    this.#errors.add(place, message)
  }
}

const ENDS_WORD: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', ';', '(', ')', '"'])

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t'
}
