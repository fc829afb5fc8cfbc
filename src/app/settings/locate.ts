/** Where a key stands and where its value begins; both count from 1. */
interface Place {
  readonly line: number
  readonly column: number
  readonly value: { readonly line: number; readonly column: number }
}

/** Places by the dotted path of the key; of parts with dots inside, too. */
export type Places = ReadonlyMap<string, Place>

/**
 * Finds the keys of a TOML text that a parser has accepted: only what separates keys from values
 * is understood, so no second opinion on the syntax can arise. Text that is not TOML ends the
 * search early and is no error.
 */
export function locate(text: string): Places {
  return new Locator(text).run()
}

class Locator {
  readonly #text: string
  readonly #places = new Map<string, Place>()
  readonly #lineStarts: readonly number[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  }

  run(): Places {
    let section: readonly string[] = []
    for (this.#skip(/[\s]|#[^\n]*/y); this.#at < this.#text.length; this.#skip(/[\s]|#[^\n]*/y)) {
      const before = this.#at
      if (this.#text[this.#at] === '[') section = this.#header()
      else this.#pair(section)
      if (this.#at === before) break
    }
    return this.#places
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): readonly string[] {
    this.#skip(/[[ \t]/y)
    const start = this.#at
    const path = this.#key()
    this.#skip(/[\] \t]/y)
    this.#note(path, start, start)
    return path
  }

  /** `a.b = value`, in a table or an inline table. */
  #pair(section: readonly string[]): void {
    const start = this.#at
    const path = [...section, ...this.#key()]
    this.#skip(/[= \t]/y)
    this.#note(path, start, this.#at)
    this.#value(path)
  }

  #key(): readonly string[] {
    const parts: string[] = []
    for (;;) {
      const part = this.#take(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w-]+/y)
      if (part === undefined) return parts
      parts.push(unquote(part))
      if (this.#take(/[ \t]*\.[ \t]*/y) === undefined) return parts
    }
  }

  #value(path: readonly string[]): void {
    const opener = this.#text[this.#at]
    if (opener === '[') this.#bracketed(']', () => this.#value(path))
    else if (opener === '{') this.#bracketed('}', () => this.#pair(path))
    else
      this.#take(
        /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\n]+/y,
      )
  }

  #bracketed(closer: string, part: () => void): void {
    this.#at++
    for (;;) {
      this.#skip(/[\s,]|#[^\n]*/y)
      const before = this.#at
      if (this.#text[this.#at] === closer) {
        this.#at++
        return
      }
      part()
      if (this.#at === before) return
    }
  }

  #note(path: readonly string[], key: number, value: number): void {
    const name = path.join('.')
    if (this.#places.has(name)) return
    this.#places.set(name, { ...this.#position(key), value: this.#position(value) })
  }

  #position(offset: number): { readonly line: number; readonly column: number } {
    // The last line that starts at or before the offset; files are small, keys are few.
    const line = this.#lineStarts.findLastIndex((start) => start <= offset)
    return { line: line + 1, column: offset - (this.#lineStarts[line] ?? 0) + 1 }
  }

  #skip(pattern: RegExp): void {
    while (this.#take(pattern) !== undefined);
  }

  /** What a sticky pattern finds here, or undefined. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }
}

/** A key with escapes stays as written: it is none of ours, only its place is told. */
function unquote(part: string): string {
  const isPlain = part.startsWith("'") || (part.startsWith('"') && !part.includes('\\'))
  return isPlain ? part.slice(1, -1) : part
}
