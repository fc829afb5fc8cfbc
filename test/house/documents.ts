import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The codes that the table in `src/kernel/README.md` documents, in its order. */
export function documentedCodes(root: string): readonly string[] {
  const text = readFileSync(join(root, 'src/kernel/README.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `(\w+)` \| \d{3} \|/gm)]
  return rows.map((row) => row[1] ?? '')
}

interface LintRules {
  readonly rules: Readonly<Record<string, unknown>>
  readonly overrides: readonly { readonly rules: Readonly<Record<string, unknown>> }[]
}

/** The limits that the linter keeps; the test holds that nobody loosens them. */
export function lintRules(root: string): LintRules {
  return JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as LintRules
}

/** Scripts that people and machines are told to run; each must be in `package.json`. */
export function namedScripts(root: string): readonly string[] {
  const documents = ['.ci/run', '.github/CONTRIBUTING.md', 'README.md', 'bench/README.md']
  const text = documents
    .filter((path) => existsSync(join(root, path)))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  const names = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? '')
  return [...new Set(names)]
}

export function scriptsOf(root: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  return Object.keys(manifest.scripts)
}

export function dependenciesOf(root: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  return Object.keys(manifest.dependencies)
}
