import { readKeyName, readSecret } from './kinds-transfer.ts'
import type { Settings } from './settings.ts'
import type { Mistake } from './toml.ts'

export interface KeysRead {
  readonly settings: Settings
  readonly mistakes: readonly Mistake[]
}

/** Adds the keys of `dns.tsig_keys_file`, and checks that every key that is named exists. */
export function addKeyFile(
  settings: Settings,
  readFile: (path: string) => string | undefined,
): KeysRead {
  const { tsigKeys, tsigKeysFile: path, secondaries } = settings.dns
  const keys = new Map<string, string>()
  const mistakes: Mistake[] = []
  for (const [name, secret] of tsigKeys) keys.set(readKeyName(name) ?? name, secret)
  if (path !== '') readKeys(path, readFile, keys, mistakes)
  for (const { key, text } of secondaries) {
    if (key === undefined || keys.has(key)) continue
    mistakes.push({ where: 'dns.secondaries', what: `"${text}": there is no key "${key}"` })
  }
  return { settings: { ...settings, dns: { ...settings.dns, tsigKeys: keys } }, mistakes }
}

/** A line is a name and a secret; `#` begins a comment. Nothing of a secret is ever told. */
function readKeys(
  path: string,
  readFile: (path: string) => string | undefined,
  keys: Map<string, string>,
  mistakes: Mistake[],
): void {
  const lines = open(path, readFile, mistakes).split('\n')
  for (const [i, line] of lines.entries()) {
    const [name = '', secret = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (name === '') continue
    const key = readKeyName(name)
    const where = `${path}:${i + 1}:1`
    if (key === undefined || readSecret(secret) === undefined || rest.length > 0) {
      mistakes.push({ where, what: 'expected the name of a key and its secret in base64' })
    } else if (keys.has(key)) {
      mistakes.push({ where, what: `the key "${key}" stands twice` })
    } else {
      keys.set(key, secret)
    }
  }
}

function open(
  path: string,
  readFile: (path: string) => string | undefined,
  mistakes: Mistake[],
): string {
  try {
    const text = readFile(path)
    if (text !== undefined) return text
    mistakes.push({ where: path, what: 'no such file (dns.tsig_keys_file)' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    mistakes.push({ where: path, what: `cannot be read: ${reason} (dns.tsig_keys_file)` })
  }
  return ''
}
