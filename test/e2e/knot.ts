import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from './server.ts'

/**
 * Debian's packages knot, knot-dnsutils, nsd; without them the tests that need them are skipped.
 */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args).error === undefined
}

export const KEY_NAME = 'xfr'
export const KEY_SECRET: string = Buffer.from('a secret of the transfer tests').toString('base64')
/** For kdig and dig: what `-y` takes. */
export const KEY: string = `hmac-sha256:${KEY_NAME}:${KEY_SECRET}`

export interface SecondaryOptions {
  /** Holds its files; a directory of its own is made below it. */
  readonly folder: string
  readonly primaryPort: number
  readonly port: number
  readonly zones: readonly string[]
}

/** A stock secondary server in the foreground. */
export class Secondary implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  #said = ''

  private constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
    const hear = (chunk: Buffer): void => void (this.#said += chunk.toString())
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
  }

  static knot(options: SecondaryOptions): Secondary {
    const folder = join(options.folder, 'knot')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'knot.conf')
    writeFileSync(file, knotConf(folder, options))
    return new Secondary(options.port, spawn('knotd', ['-c', file]))
  }

  static nsd(options: SecondaryOptions): Secondary {
    const folder = join(options.folder, 'nsd')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'nsd.conf')
    writeFileSync(file, nsdConf(folder, options))
    return new Secondary(options.port, spawn('nsd', ['-d', '-c', file]))
  }

  /** What it logged so far. */
  get said(): string {
    return this.#said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await gone
  }
}

function knotConf(folder: string, { port, primaryPort, zones }: SecondaryOptions): string {
  return `
server:
  listen: 127.0.0.1@${port}
  rundir: ${folder}
database:
  storage: ${folder}
log:
- target: stderr
  any: info
key:
- id: ${KEY_NAME}
  algorithm: hmac-sha256
  secret: ${KEY_SECRET}
remote:
- id: cairn
  address: 127.0.0.1@${primaryPort}
  key: ${KEY_NAME}
acl:
- id: notify
  address: 127.0.0.1
  key: ${KEY_NAME}
  action: notify
- id: look
  address: 127.0.0.1
  action: transfer
template:
- id: default
  storage: ${folder}
  zonefile-sync: -1
  semantic-checks: on
zone:
${zones.map((zone) => `- domain: ${zone}\n  master: cairn\n  acl: [notify, look]\n`).join('')}`
}

function nsdConf(folder: string, { port, primaryPort, zones }: SecondaryOptions): string {
  const zone = (name: string): string => `
zone:
  name: "${name}"
  zonefile: "${folder}/${name}zone"
  allow-notify: 127.0.0.1 ${KEY_NAME}
  request-xfr: 127.0.0.1@${primaryPort} ${KEY_NAME}
  provide-xfr: 127.0.0.1 NOKEY
`
  return `
server:
  ip-address: 127.0.0.1@${port}
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
  rrl-ratelimit: 0
  verbosity: 2
remote-control:
  control-enable: no
key:
  name: "${KEY_NAME}"
  algorithm: hmac-sha256
  secret: "${KEY_SECRET}"
${zones.map(zone).join('')}`
}

const run = promisify(execFile)

/** The output of kdig, or what it complains of. */
async function kdig(port: number, ...args: readonly string[]): Promise<string> {
  return await tool('kdig', ['@127.0.0.1', '-p', String(port), ...args])
}

export async function tool(name: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(name, [...args], { maxBuffer: 2 ** 30 })
    return stdout + stderr
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error) {
      return `${String(error.stdout)}${String(error.stderr)}`
    }
    throw error
  }
}

/** The records of a zone, one per line in one spelling, sorted; the SOA once. */
export async function axfr(
  port: number,
  zone: string,
  ...args: readonly string[]
): Promise<readonly string[]> {
  const text = await kdig(port, '+tcp', 'AXFR', zone, ...args)
  return recordsIn(text)
}

export function recordsIn(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
  const records = lines
    .filter((line) => !line.includes('\tTSIG\t'))
    .map((line) => line.replace(/\s+/g, ' ').trim())
  return [...new Set(records)].toSorted()
}

export async function serialOf(
  port: number,
  zone: string,
  ...args: readonly string[]
): Promise<number> {
  const text = await kdig(port, '+short', 'SOA', zone, ...args)
  return Number(text.split(' ')[2])
}

/** Waits until the secondary has the zone at the primary's serial; the answer is that serial. */
export async function sameSerial(
  primary: number,
  secondary: number,
  zone: string,
  withinMs?: number,
): Promise<number> {
  return await eventually(async () => {
    const [ours, theirs] = [await serialOf(primary, zone), await serialOf(secondary, zone)]
    if (ours !== theirs || Number.isNaN(ours)) throw new Error(`serials ${ours}, ${theirs}`)
    return ours
  }, withinMs)
}
