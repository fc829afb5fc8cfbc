import { posix } from 'node:path'
import { NODE_MODULES, PACKAGES, ROOMS } from './rooms.ts'
import { lineOf, readSources, type SourceFile } from './tree.ts'

interface Import {
  readonly from: string
  readonly line: number
  readonly isTypeOnly: boolean
}

const STATEMENT = /\b(?:import|export)\b(\s+type\b)?[^;'"`()]*?\bfrom\s*(['"])([^'"]+)\2/g
const BARE_IMPORT = /\bimport\s*(['"])([^'"]+)\1/g
const CALL = /\b(?:import|require|import\.meta\.resolve)\s*\(\s*(?:(['"`])([^'"`$]+)\1)?/g
/** A worker's entry; other files that are reached this way are data. */
const WORKER = /\bnew\s+URL\(\s*(['"`])([^'"`]+\.(?:ts|js|mjs))\1\s*,\s*import\.meta\.url/g

/** Every import of `src/` against the table of rooms; one line per fault. */
export function checkImports(root: string): readonly string[] {
  return readSources(root, ['src']).flatMap((file) => {
    const room = roomOf(file.path)
    if (room === undefined) return [`${file.path} stands in no room of the table`]
    return importsOf(file).flatMap((one) => {
      const fault = faultOf(file.path, room, one)
      return fault === undefined ? [] : [`${file.path}:${one.line} ${fault}`]
    })
  })
}

/** What stands in the table and nowhere else, and the other way round. */
export function checkPackages(dependencies: readonly string[]): readonly string[] {
  const rows = Object.keys(PACKAGES)
  return [
    ...dependencies.filter((name) => !rows.includes(name)).map((name) => `${name} has no room`),
    ...rows
      .filter((name) => !dependencies.includes(name))
      .map((name) => `${name} is not installed`),
  ]
}

function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = []
  const add = (index: number, from: string, isTypeOnly: boolean): void => {
    // What stands inside a string or a template is no import.
    if (file.bare[index] === ' ') return
    found.push({ from, line: lineOf(file.text, index), isTypeOnly })
  }
  for (const match of file.code.matchAll(STATEMENT)) {
    add(match.index, match[3] ?? '', match[1] !== undefined)
  }
  for (const match of file.code.matchAll(BARE_IMPORT)) add(match.index, match[2] ?? '', false)
  for (const match of file.code.matchAll(CALL)) add(match.index, match[2] ?? '(computed)', false)
  for (const match of file.code.matchAll(WORKER)) add(match.index, match[2] ?? '', false)
  return found
}

function faultOf(path: string, room: string, { from, isTypeOnly }: Import): string | undefined {
  if (from === '(computed)') return 'imports what only the running program knows'
  if (from.startsWith('node:')) return mayUseNode(path, from) ? undefined : `may not import ${from}`
  if (!from.startsWith('.')) {
    return mayUsePackage(path, packageOf(from)) ? undefined : `may not import ${from}`
  }
  const target = posix.join(posix.dirname(path), from)
  if (!/\.(?:ts|js|json)$/.test(target)) return `imports ${from} without its extension`
  const { imports = [], types = [] } = ROOMS[room] ?? {}
  const allowed = [room, ...imports, ...(isTypeOnly ? types : [])]
  const isAllowed = allowed.some((prefix) => target.startsWith(prefix))
  return isAllowed ? undefined : `may not import ${isTypeOnly ? 'the types of ' : ''}${target}`
}

function roomOf(path: string): string | undefined {
  const rooms = Object.keys(ROOMS).filter((prefix) => path.startsWith(prefix))
  return rooms.reduce<string | undefined>((a, b) => (a && a.length > b.length ? a : b), undefined)
}

function mayUseNode(path: string, module: string): boolean {
  const rows = Object.entries(NODE_MODULES).filter(([prefix]) => path.startsWith(prefix))
  return rows.some(([, modules]) => modules === 'all' || modules.includes(module))
}

function mayUsePackage(path: string, name: string): boolean {
  const home = PACKAGES[name]
  return home !== undefined && path.startsWith(home)
}

function packageOf(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')
}
