import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EMPTY_NAMES, PURE, REAL_TIME, WORLDLY_GLOBALS } from './rooms.ts'
import { lineOf, listFiles, readSources, type SourceFile } from './tree.ts'

const OURS = ['src', 'test', 'bench']
const FILE_LINES_MAX = 400
const LINE_CHARS_MAX = 100

/**
 * Time, chance and the world are handed in: `kernel`, `core` and `engine` reach for none of them.
 */
export function checkGlobals(root: string): readonly string[] {
  const word = new RegExp(String.raw`(?<![.\w$#])(${WORLDLY_GLOBALS.join('|')})\b(?!\??:)`, 'g')
  const chance = /\b(Math\s*\.\s*random)\b/g
  const files = readSources(root, ['src']).filter(isPure)
  return [word, chance].flatMap((pattern) =>
    files.flatMap((file) => faults(file, file.bare, pattern, (name) => `reaches for ${name}`)),
  )
}

export function checkLimits(root: string): readonly string[] {
  return readSources(root, OURS).flatMap((file) => {
    const lines = file.text.replace(/\n$/, '').split('\n')
    const long = lines.findIndex((line) => line.length > LINE_CHARS_MAX && !isData(file, line))
    const found: string[] = []
    if (lines.length > FILE_LINES_MAX) found.push(`${file.path} has ${lines.length} lines`)
    if (long >= 0)
      found.push(`${file.path}:${long + 1} is longer than ${LINE_CHARS_MAX} characters`)
    return found
  })
}

/** The formatter breaks what it can; what is left in tests is text that a test compares. */
function isData({ path }: SourceFile, line: string): boolean {
  return !path.startsWith('src/') && /['"`]/.test(line)
}

/** kebab-case, named after what is inside; no barrels but the one of the published client. */
export function checkNames(root: string): readonly string[] {
  const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*\.(?:ts|mts|js|mjs)$/
  return readSources(root, OURS).flatMap(({ path }) => {
    const words = path.split('/').flatMap((part) => part.split(/[-.]/))
    const stem = basename(path).split('.')[0] ?? ''
    const empty = stem === 'base' ? stem : words.find((word) => EMPTY_NAMES.includes(word))
    const found: string[] = []
    if (!kebab.test(basename(path))) found.push(`${path} is not in kebab-case`)
    if (empty !== undefined) found.push(`${path} is named "${empty}", which says nothing`)
    if (stem === 'index' && path !== 'src/client/index.ts') found.push(`${path} is a barrel`)
    return found
  })
}

export function checkExports(root: string): readonly string[] {
  const pattern = /\bexport\s+default\b|\bas\s+default\b/g
  return readSources(root, ['src']).flatMap((file) =>
    faults(file, file.bare, pattern, () => 'has a default export'),
  )
}

/** A promise to come back names the issue that keeps it. */
export function checkMarkers(root: string): readonly string[] {
  const pattern = /\b(TO[D]O|FIX[M]E|X[X]X)\b(?!.*#\d)/g
  return readSources(root, OURS).flatMap((file) =>
    faults(file, file.text, pattern, (name) => `has a ${name} without an issue number`),
  )
}

/** Tests wait for what they wait for, never for time to pass. */
export function checkSleeps(root: string): readonly string[] {
  const patterns = [
    /\bnode:timers\/promises\b/g,
    /\bAtomics\s*\.\s*wait\b/g,
    /\bsleep\s*\(/g,
    /new Promise(?:<\w+>)?\(\s*\(?\w*\)?\s*=>\s*\{?\s*setTimeout\(\s*\w+\s*,/g,
    /\bsetTimeout\(\s*(?:resolve|done|res|r)\s*,/g,
  ]
  const exempt = [...REAL_TIME, 'test/house']
  const files = readSources(root, ['test']).filter(
    ({ path }) => !exempt.some((prefix) => path.startsWith(prefix)),
  )
  return files.flatMap((file) =>
    patterns.flatMap((pattern) => faults(file, file.code, pattern, () => 'sleeps')),
  )
}

/** Each folder with code tells what it is and what it promises. */
export function checkReadmes(root: string): readonly string[] {
  const folders = new Set(readSources(root, ['src']).map(({ path }) => dirname(path)))
  return [...folders]
    .filter((folder) => !isExplained(root, folder))
    .map((folder) => `${folder} has no README.md`)
}

/** A folder inside an explained part (`adapters/http/v1`) may be explained there. */
function isExplained(root: string, folder: string): boolean {
  const depth = folder.split('/').length
  if (existsSync(join(root, folder, 'README.md'))) return true
  return depth > 3 && isExplained(root, dirname(folder))
}

/** Relative links of our documents lead somewhere. */
export function checkLinks(root: string): readonly string[] {
  const documents = [...listFiles(root, OURS), '.github/CONTRIBUTING.md', 'README.md']
  return documents
    .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? '')
      return links
        .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)))
        .map((link) => `${path} leads to ${link}, which is not there`)
    })
}

function isPure({ path }: SourceFile): boolean {
  return PURE.some((room) => path.startsWith(room))
}

function faults(
  file: SourceFile,
  text: string,
  pattern: RegExp,
  say: (what: string) => string,
): readonly string[] {
  return [...text.matchAll(pattern)].map(
    (match) => `${file.path}:${lineOf(text, match.index)} ${say(match[1] ?? '')}`,
  )
}
