import { readLine } from './settings/command-line.ts'
import { listSettings, type Listed } from './settings/list.ts'
import { readSettings, type Effective, type Env } from './settings/read.ts'
import { addKeyFile } from './settings/key-file.ts'
import { showEffective, showMistakes, showTable } from './settings/show.ts'
import { parseToml, type Mistake, type TomlFile } from './settings/toml.ts'
import type { HostFacts, Settings } from './settings/settings.ts'

/** The world as the command line sees it; everything is handed in. */
export interface CliWorld {
  /** Without the interpreter and the script. */
  readonly argv: readonly string[]
  readonly env: Env
  readonly host: HostFacts
  readonly build: Build
  /** The text of a file, undefined when there is none; throws when it cannot be read. */
  readFile(path: string): string | undefined
}

export interface Build {
  readonly version: string
  /** Without the leading "v". */
  readonly node: string
  /** Such as `linux-x64`. */
  readonly platform: string
}

/** sysexits.h: EX_CONFIG. systemd does not restart a server that ends with it. */
const EXIT_BAD_SETTINGS = 78
const EXIT_WRONG_USAGE = 2

/** What is to be done; printing and ending is the caller's part. */
export type Command =
  | Runnable<'serve'>
  /** `--check-config`: the settings are good; the caller may check the zones before `text`. */
  | (Runnable<'check'> & { readonly text: string })
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'fail'; readonly text: string; readonly exitCode: number }

interface Runnable<Kind> {
  readonly kind: Kind
  readonly settings: Settings
  readonly rows: readonly Effective[]
  /** The file that was read, if any. */
  readonly file: string | undefined
}

const DEFAULT_FILE = '/etc/cairn/cairn.toml'

/** Reads the command line, the environment and the settings file into one command. */
export function readCommand(world: CliWorld): Command {
  const table = listSettings(world.host)
  const line = readLine(world.argv, table)
  if (line.switches.has('help')) return { kind: 'print', text: help(table) }
  if (line.switches.has('version')) return { kind: 'print', text: versionLine(world.build) }
  if (line.mistakes.length > 0) return wrongUsage(line.mistakes)
  const path = line.config ?? nonEmpty(world.env['CAIRN_CONFIG'])
  const file = openFile(world, path)
  if (file !== undefined && 'what' in file) return badSettings([file])
  const read = readSettings({ file, env: world.env, flags: line.flags }, world.host)
  if (read.mistakes.length > 0) return badSettings(read.mistakes)
  const { rows } = read
  const { settings, mistakes } = addKeyFile(read.settings, (path) => world.readFile(path))
  if (mistakes.length > 0) return badSettings(mistakes)
  if (line.command === 'settings' || line.switches.has('print-config')) {
    return { kind: 'print', text: showEffective(rows) }
  }
  const runnable = { settings, rows, file: file?.path }
  if (!line.switches.has('check-config')) return { kind: 'serve', ...runnable }
  return { kind: 'check', ...runnable, text: `settings ok (${file?.path ?? 'no file'})\n` }
}

function versionLine({ version, node, platform }: Build): string {
  return `cairn ${version} (node ${node}, ${platform})\n`
}

function wrongUsage(mistakes: readonly string[]): Command {
  const text = mistakes.map((mistake) => `cairn: ${mistake}\n`).join('')
  return { kind: 'fail', text: `${text}Try --help.\n`, exitCode: EXIT_WRONG_USAGE }
}

function badSettings(mistakes: readonly Mistake[]): Command {
  return { kind: 'fail', text: showMistakes(mistakes), exitCode: EXIT_BAD_SETTINGS }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** A file that was named must be there; the default one may be absent. */
function openFile(world: CliWorld, named: string | undefined): TomlFile | Mistake | undefined {
  const path = named ?? DEFAULT_FILE
  try {
    const text = world.readFile(path)
    if (text !== undefined) return parseToml(path, text)
    return named === undefined ? undefined : { where: path, what: 'no such file' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { where: path, what: `cannot be read: ${reason}` }
  }
}

function help(table: readonly Listed[]): string {
  return `Cairn: service discovery over DNS, compatible with Nacos.

Usage: cairn [server] [flags]      start one member (the default)
       cairn settings [flags]      print every setting with its value and origin

  -c, --config FILE    settings in TOML; ${DEFAULT_FILE} when it exists
      --check-config   check the settings and end: 0 good, ${EXIT_BAD_SETTINGS} with mistakes
      --print-config   the same as the command settings
  -V, --version
  -h, --help

Each setting has one name in three spellings; the later one wins:
  dns.fail_open = false          in the file
  CAIRN_DNS_FAIL_OPEN=false      in the environment
  --dns.fail-open=false          on the command line

Settings, with their defaults:
${showTable(table)}`
}
