/** A source text in which some parts are blanked; lines keep their numbers. */
export interface Stripped {
  /** Without comments. */
  readonly code: string
  /** Without comments and without what stands in strings, templates and regular expressions. */
  readonly bare: string
}

/** After these a slash begins a regular expression, else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|void|yield|await))$/

type Part = 'code' | 'comment' | 'text'

/** A scanner, not a parser: enough to tell code from comments and strings in our own style. */
export function strip(source: string): Stripped {
  const scanner = new Scanner(source)
  const code: string[] = []
  const bare: string[] = []
  for (const [part, text] of scanner.parts()) {
    const blank = text.replace(/[^\n]/g, ' ')
    code.push(part === 'comment' ? blank : text)
    bare.push(part === 'code' ? text : blank)
  }
  return { code: code.join(''), bare: bare.join('') }
}

class Scanner {
  readonly #source: string
  #at = 0
  /** Depth of braces at which each open `${` of a template began. */
  readonly #templates: number[] = []
  #braces = 0
  #before = ''

  constructor(source: string) {
    this.#source = source
  }

  *parts(): Iterable<readonly [Part, string]> {
    while (this.#at < this.#source.length) {
      const [part, end] = this.#next()
      const text = this.#source.slice(this.#at, end)
      this.#at = end
      if (part !== 'comment' && text.trim() !== '') this.#before = (this.#before + text).slice(-20)
      yield [part, text]
    }
  }

  #next(): readonly [Part, number] {
    const two = this.#source.slice(this.#at, this.#at + 2)
    const char = two.charAt(0)
    if (two === '//') return ['comment', this.#find(/\n|$/g, this.#at)]
    if (two === '/*') return ['comment', this.#after(/\*\//g, this.#at + 2)]
    if (char === '"') return ['text', this.#after(/(?<!\\)(?:\\\\)*"/g, this.#at + 1)]
    if (char === "'") return ['text', this.#after(/(?<!\\)(?:\\\\)*'/g, this.#at + 1)]
    if (char === '`') return ['text', this.#template()]
    if (char === '/' && BEFORE_REGEX.test(this.#before.trim())) return ['text', this.#regex()]
    if (char === '{') this.#braces++
    if (char === '}') return this.#closeBrace()
    return ['code', this.#at + 1]
  }

  #closeBrace(): readonly [Part, number] {
    if (this.#templates.at(-1) === this.#braces) {
      this.#templates.pop()
      return ['text', this.#template()]
    }
    this.#braces--
    return ['code', this.#at + 1]
  }

  /** To the end of the template or past its next `${`. */
  #template(): number {
    for (let i = this.#at + 1; i < this.#source.length; i++) {
      if (this.#source[i] === '\\') i++
      else if (this.#source[i] === '`') return i + 1
      else if (this.#source.startsWith('${', i)) {
        this.#templates.push(this.#braces)
        return i + 2
      }
    }
    return this.#source.length
  }

  #regex(): number {
    let isClass = false
    for (let i = this.#at + 1; i < this.#source.length; i++) {
      const char = this.#source[i]
      if (char === '\\') i++
      else if (char === '[') isClass = true
      else if (char === ']') isClass = false
      else if (char === '\n' || (char === '/' && !isClass)) return i + 1
    }
    return this.#source.length
  }

  #find(pattern: RegExp, from: number): number {
    pattern.lastIndex = from
    return pattern.exec(this.#source)?.index ?? this.#source.length
  }

  #after(pattern: RegExp, from: number): number {
    pattern.lastIndex = from
    return pattern.exec(this.#source) === null ? this.#source.length : pattern.lastIndex
  }
}
