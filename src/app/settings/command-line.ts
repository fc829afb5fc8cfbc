import { parseArgs } from 'node:util'
import type { Listed } from './list.ts'
import type { Flag } from './read.ts'
import { didYouMean } from './suggest.ts'

const SWITCHES = ['help', 'version', 'check-config', 'print-config'] as const
type Switch = (typeof SWITCHES)[number]

/** What the command line says, before any value is looked at. */
export interface Line {
  readonly command: string
  readonly switches: ReadonlySet<Switch>
  readonly config: string | undefined
  readonly flags: readonly Flag[]
  readonly mistakes: readonly string[]
}

const COMMANDS: readonly string[] = ['server', 'settings']

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

/** All mistakes are collected, none is thrown. */
export function readLine(argv: readonly string[], table: readonly Listed[]): Line {
  return new LineReader(argv, table).read()
}

class LineReader {
  readonly #tokens: readonly Token[]
  /** Every spelling of a flag, without dashes. */
  readonly #settings = new Map<string, Listed>()
  readonly #switches = new Set<Switch>()
  readonly #flags: Flag[] = []
  readonly #mistakes: string[] = []
  #config: string | undefined
  #command: string | undefined

  constructor(argv: readonly string[], table: readonly Listed[]) {
    for (const row of table) {
      for (const name of [row.flag, row.key, row.short]) {
        if (name !== undefined) this.#settings.set(name, row)
      }
    }
    this.#tokens = tokenize(argv, this.#settings)
  }

  read(): Line {
    for (const [i, token] of this.#tokens.entries()) {
      if (token.kind === 'option') this.#option(token, this.#tokens[i + 1])
      else if (token.kind === 'positional') this.#positional(token, this.#tokens[i - 1])
    }
    return {
      command: this.#command ?? 'server',
      switches: this.#switches,
      config: this.#config,
      flags: this.#flags,
      mistakes: this.#mistakes,
    }
  }

  #option(token: OptionToken, next: Token | undefined): void {
    const isSwitch = SWITCHES.find((name) => name === token.name)
    if (isSwitch !== undefined) this.#switches.add(isSwitch)
    else if (token.name === 'config') this.#setConfig(token)
    else this.#setting(token, next)
  }

  #setConfig({ value }: OptionToken): void {
    if (value === undefined || value === '') this.#mistakes.push('--config needs a file')
    else this.#config = value
  }

  #setting(token: OptionToken, next: Token | undefined): void {
    const { rawName: written, value } = token
    const row = this.#settings.get(token.name)
    const denied = token.name.startsWith('no-')
      ? this.#settings.get(token.name.slice(3))
      : undefined
    if (row?.arity === 'switch') {
      const text = value ?? (isBooleanWord(token, next) ? next.value : 'true')
      this.#flags.push({ key: row.key, written, text })
    } else if (row !== undefined && value !== undefined) {
      this.#flags.push({ key: row.key, written, text: value })
    } else if (row !== undefined) {
      this.#mistakes.push(`${written} needs a value: ${row.expects}`)
    } else if (denied?.arity === 'switch' && value === undefined) {
      this.#flags.push({ key: denied.key, written, text: 'false' })
    } else {
      this.#mistakes.push(`unknown flag ${written}${this.#flagLike(token.name)}`)
    }
  }

  #flagLike(name: string): string {
    const known = [...this.#settings.values()].map((row) => row.flag)
    const guess = didYouMean(name, [...SWITCHES, 'config', 'listen', ...known])
    return guess.replace('did you mean ', 'did you mean --').replaceAll(' or ', ' or --')
  }

  #positional(token: Extract<Token, { kind: 'positional' }>, before: Token | undefined): void {
    if (before?.kind === 'option' && this.#isAnswered(before, token)) return
    const { value } = token
    if (!COMMANDS.includes(value)) {
      this.#mistakes.push(`unknown command ${value}${didYouMean(value, COMMANDS)}`)
    } else if (this.#command !== undefined && this.#command !== value) {
      this.#mistakes.push(`one command at a time: ${this.#command} or ${value}`)
    } else {
      this.#command = value
    }
  }

  /** `--dns.fail-open false`: the word belongs to the flag before it. */
  #isAnswered(before: OptionToken, token: Token): boolean {
    return this.#settings.get(before.name)?.arity === 'switch' && isBooleanWord(before, token)
  }
}

function isBooleanWord(
  option: OptionToken,
  next: Token | undefined,
): next is Extract<Token, { kind: 'positional' }> {
  if (option.value !== undefined || next?.kind !== 'positional') return false
  return next.value === 'true' || next.value === 'false'
}

function tokenize(
  argv: readonly string[],
  settings: ReadonlyMap<string, Listed>,
): readonly Token[] {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'V' },
    'check-config': { type: 'boolean' },
    'print-config': { type: 'boolean' },
    config: { type: 'string', short: 'c' },
  }
  for (const [name, { arity }] of settings) {
    options[name] = { type: arity === 'switch' ? 'boolean' : 'string' }
  }
  const args = [...argv]
  // Not strict: all mistakes are told at once, with our own words.
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens
}
