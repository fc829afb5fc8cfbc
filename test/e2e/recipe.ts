import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const READMES = ['../../src/adapters/dns/README.md', '../../README.md']
/** What the recipes say of Cairn. */
const ADDRESS = /\b10\.0\.0\.53\b/g
const PORT = /\b5300\b/g

/** What `recipe-programs.sh` unpacks; a machine of its own has it below /usr and /etc. */
export const UNPACKED: string = fileURLToPath(
  new URL('../../.cache/recipe-programs', import.meta.url),
)

/** The block under that marker, with Cairn where it is. */
export function recipe(name: string, address: string, port: number): string {
  const block = new RegExp(`<!-- recipe:${name} -->\n\`\`\`\\w*\n([^]*?)\n\`\`\``)
  const all = READMES.map((path) => readFileSync(new URL(path, import.meta.url), 'utf8'))
  const [, text] = block.exec(all.join('\n')) ?? []
  if (text === undefined) throw new Error(`no recipe ${name}`)
  return `${text.replaceAll(ADDRESS, address).replaceAll(PORT, String(port))}\n`
}

/** Debian keeps servers where not everybody looks. */
export function hasServer(name: string, ...args: readonly string[]): boolean {
  return spawnSync(`/usr/sbin/${name}`, args).error === undefined
}

const BUILT = `${UNPACKED}/usr/bin/coredns`
export const COREDNS: string = existsSync(BUILT) ? BUILT : 'coredns'
export const HAS_COREDNS: boolean = spawnSync(COREDNS, ['-version']).error === undefined

/** `path`: below /usr, as the recipe's machine will see it. */
export function hasProgram(path: string): boolean {
  return existsSync(path) || existsSync(UNPACKED + path)
}
