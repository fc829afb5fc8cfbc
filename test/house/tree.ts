import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { strip } from './strip.ts'

export interface SourceFile {
  /** From the root of the project, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly code: string
  readonly bare: string
}

/** All our programs under some folders of a root; packages that were installed are not ours. */
export function readSources(root: string, folders: readonly string[]): readonly SourceFile[] {
  return listFiles(root, folders)
    .filter((path) => /\.(?:ts|mts|cts|js|mjs|cjs)$/.test(path))
    .map((path) => readSource(root, path))
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, ...strip(text) }
}

export function listFiles(root: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true })
    return entries.flatMap((entry) => {
      if (entry.name === 'node_modules') return []
      const path = relative(root, join(root, folder, entry.name))
      return entry.isDirectory() ? listFiles(root, [path]) : [path]
    })
  })
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
