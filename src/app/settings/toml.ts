import { parse, TomlError } from 'smol-toml'
import { locate, type Places } from './locate.ts'

/** A TOML file that is well formed, with the place of each key. */
export interface TomlFile {
  readonly path: string
  readonly tables: Readonly<Record<string, unknown>>
  readonly places: Places
}

/** Where something is wrong, and what. */
export interface Mistake {
  /** `file:line:column`, an environment variable or a flag. */
  readonly where: string
  readonly what: string
}

/** Syntax alone; what the keys mean is the table's business. */
export function parseToml(path: string, text: string): TomlFile | Mistake {
  try {
    const tables = parse(text, { maxDepth: 16, unsafeKeyBehaviour: 'throw' })
    return { path, tables, places: locate(text) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [first = ''] = error.message.split('\n')
    const what = first.replace('Invalid TOML document: ', '')
    return { where: `${path}:${error.line}:${error.column}`, what }
  }
}
