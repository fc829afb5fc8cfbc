import type { Kind, Raw } from './kinds.ts'
import { checkTogether } from './check.ts'
import { spellings } from './list.ts'
import { didYouMean, closest } from './suggest.ts'
import { describeSettings, type Remarks } from './table.ts'
import type { HostFacts, Settings } from './settings.ts'
import type { Mistake, TomlFile } from './toml.ts'

/** One use of a flag: `key` is the setting, `written` is what stood on the command line. */
export interface Flag {
  readonly key: string
  readonly written: string
  readonly text: string
}

export type Env = Readonly<Record<string, string | undefined>>

/** Where values come from, the weakest first. */
export interface Sources {
  readonly file: TomlFile | undefined
  readonly env: Env
  readonly flags: readonly Flag[]
}

/** One effective setting, for `--print-config`. */
export interface Effective {
  readonly key: string
  /** As TOML. */
  readonly shown: string
  readonly isSecret: boolean
  /** `default`, `file:line:column`, `CAIRN_…` or `--…`. */
  readonly origin: string
}

export interface SettingsRead {
  readonly settings: Settings
  readonly rows: readonly Effective[]
  /** Empty when `settings` may be used. */
  readonly mistakes: readonly Mistake[]
}

/** Defaults < file < environment < flags. Every source is checked, also where it is overruled. */
export function readSettings(sources: Sources, host: HostFacts): SettingsRead {
  const reader = new Reader(sources)
  const settings = describeSettings((...row) => reader.take(...row), host)
  const mistakes = [...reader.mistakes, ...reader.unknownKeys(), ...reader.unknownVariables()]
  if (mistakes.length === 0) mistakes.push(...checkTogether(settings, reader.rows))
  return { settings: deepFreeze(settings), rows: reader.rows, mistakes: inOrder(mistakes) }
}

/** As they stand in the file, line 9 before line 10. */
function inOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  const { compare } = new Intl.Collator('en', { numeric: true })
  return mistakes.toSorted((a, b) => compare(a.where, b.where))
}

interface Candidate {
  readonly where: string
  readonly raw: Raw
}

class Reader {
  readonly #sources: Sources
  readonly rows: Effective[] = []
  readonly mistakes: Mistake[] = []

  constructor(sources: Sources) {
    this.#sources = sources
  }

  take<T>(key: string, kind: Kind<T>, byDefault: T, remarks: Remarks): T {
    let value = byDefault
    let origin = 'default'
    for (const { where, raw } of this.#candidates(key, kind)) {
      const parsed = kind.parse(raw)
      if (parsed.ok) [value, origin] = [parsed.value, where]
      else this.mistakes.push({ where, what: `${key}: ${hide(parsed.problem, remarks)}` })
    }
    const isSecret = remarks.secret ?? false
    this.rows.push({ key, shown: kind.show(value), isSecret, origin })
    return value
  }

  #candidates<T>(key: string, kind: Kind<T>): readonly Candidate[] {
    return [this.#inFile(key), this.#inEnv(key), this.#inFlags(key, kind)].filter(
      (candidate) => candidate !== undefined,
    )
  }

  #inFile(key: string): Candidate | undefined {
    const { file } = this.#sources
    const [section = '', leaf = ''] = key.split('.')
    const value = tableAt(file?.tables, section)?.[leaf]
    if (file === undefined || value === undefined) return undefined
    return { where: placeOf(file, key, 'value'), raw: { form: 'toml', value } }
  }

  /** An empty variable counts as not set, as is the custom with environments. */
  #inEnv(key: string): Candidate | undefined {
    const { env: where } = spellings(key)
    const text = this.#sources.env[where]
    return text === undefined || text === '' ? undefined : { where, raw: { form: 'text', text } }
  }

  /** The last flag wins; flags of a list add up. */
  #inFlags<T>(key: string, kind: Kind<T>): Candidate | undefined {
    const uses = this.#sources.flags.filter((flag) => flag.key === key)
    const last = uses.at(-1)
    if (last === undefined) return undefined
    const text = kind.arity === 'many' ? uses.map((use) => use.text).join(',') : last.text
    return { where: last.written, raw: { form: 'text', text } }
  }

  *unknownKeys(): Iterable<Mistake> {
    const { file } = this.#sources
    if (file === undefined) return
    const keys = this.rows.map(({ key }) => key)
    const sections = new Set(keys.map((key) => key.slice(0, key.indexOf('.'))))
    for (const [section, value] of Object.entries(file.tables)) {
      const table = tableAt(file.tables, section)
      const where = placeOf(file, section, 'key')
      if (table === undefined) yield { where, what: notATable(section, value, keys) }
      else if (sections.has(section)) yield* unknownIn(file, section, keys)
      else yield { where, what: `${section}: unknown section${didYouMean(section, sections)}` }
    }
  }

  /** Ours by its section, or so close to one of ours that it must be a slip. */
  *unknownVariables(): Iterable<Mistake> {
    const known = this.rows.map(({ key }) => spellings(key).env)
    const prefixes = this.rows.map(({ key }) => `CAIRN_${key.split('.')[0]?.toUpperCase()}_`)
    for (const where of Object.keys(this.#sources.env)) {
      if (!where.startsWith('CAIRN_') || known.includes(where)) continue
      const isOurs = prefixes.some((prefix) => where.startsWith(prefix))
      const guess = closest(where, known, 2)
      if (!isOurs && guess === undefined) continue
      yield { where, what: `unknown variable${didYouMean(where, known)}` }
    }
  }
}

function* unknownIn(file: TomlFile, section: string, keys: readonly string[]): Iterable<Mistake> {
  for (const leaf of Object.keys(tableAt(file.tables, section) ?? {})) {
    const key = `${section}.${leaf}`
    if (keys.includes(key)) continue
    yield { where: placeOf(file, key, 'key'), what: `${key}: unknown key${didYouMean(key, keys)}` }
  }
}

function notATable(section: string, value: unknown, keys: readonly string[]): string {
  if (Array.isArray(value)) return `${section}: expected one table, got an array`
  const homes = keys.filter((key) => key.endsWith(`.${section}`))
  const hint = homes.length === 0 ? '' : `, did you mean ${homes.slice(0, 3).join(' or ')}?`
  return `${section}: a key outside of any section${hint}`
}

function tableAt(
  tables: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = tables !== undefined && Object.hasOwn(tables, name) ? tables[name] : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return { ...value }
}

function placeOf(file: TomlFile, path: string, part: 'key' | 'value'): string {
  const place = file.places.get(path)
  if (place === undefined) return file.path
  const { line, column } = part === 'key' ? place : place.value
  return `${file.path}:${line}:${column}`
}

/** What was written for a secret does not belong into an error message. */
function hide(problem: string, { secret }: Remarks): string {
  return secret === true ? 'not a valid value' : problem
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
