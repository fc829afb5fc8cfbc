import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** As `npm start` runs it. */
const NODE_FLAGS: readonly string[] = manifest.scripts.start.match(/(?<= )--\S+/g) ?? []
/** A start must be over by then; ms. Tests share few processors. */
const START_MAX_MS = 20_000

export interface StartOptions {
  /** Added to those for free ports; a later flag wins. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What runs `node`, such as `unshare`. */
  readonly wrapper?: readonly string[]
}

export interface LogLine {
  readonly event: string
  readonly level: string
  readonly [fact: string]: unknown
}

/** One real server process on free ports, in a folder of its own that goes with it. */
export class TestServer implements AsyncDisposable {
  /** Working directory of the server; `zones` below it holds its zone files, if any. */
  readonly folder: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #stdout = ''
  #stderr = ''

  private constructor(folder: string, options: StartOptions) {
    this.folder = folder
    this.#child = spawnCairn(['--http.port=0', '--dns.port=0', ...(options.flags ?? [])], {
      ...options,
      folder,
    })
    this.#exited = once(this.#child, 'exit')
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
  }

  /** Waits for the banner; a server that ends before it is an error with its last words. */
  static async start(
    options: StartOptions = {},
    folder: string = makeFolder(),
  ): Promise<TestServer> {
    const server = new TestServer(folder, options)
    const started = performance.now()
    while (!server.#stdout.includes('/readyz')) {
      const isLate = performance.now() - started > START_MAX_MS
      if (isLate || server.#child.exitCode !== null) {
        await server[Symbol.asyncDispose]()
        throw new Error(`no start: ${server.#stdout}${server.#stderr}`)
      }
      await sleep(10)
    }
    return server
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get banner(): string {
    return this.#stdout
  }

  get http(): number {
    return this.#portIn(/^ {2}nacos +\S+:(\d+) /m)
  }

  get dns(): number {
    return this.#portIn(/^ {2}dns +\S+:(\d+) /m)
  }

  get url(): string {
    return `http://127.0.0.1:${this.http}`
  }

  /** What was logged so far. */
  get log(): readonly LogLine[] {
    const whole = this.#stderr.slice(0, this.#stderr.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** The first line of that event, as soon as it is logged. */
  async logged(event: string): Promise<LogLine> {
    return await eventually(() => {
      const line = this.log.find((one) => one.event === event)
      if (line === undefined) throw new Error(`no ${event} in the log:\n${this.#stderr}`)
      return line
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code; null when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return await this.ended()
  }

  async ended(): Promise<number | null> {
    await this.#exited
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await this.stop('SIGKILL')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #portIn(pattern: RegExp): number {
    return Number(pattern.exec(this.#stdout)?.[1])
  }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Cairn as a command that ends by itself: `--help`, or a start that cannot succeed. */
export async function runCairn(
  flags: readonly string[],
  options: Omit<StartOptions, 'flags'> & { readonly folder?: string } = {},
): Promise<Ended> {
  const folder = options.folder ?? makeFolder()
  try {
    const child = spawnCairn(flags, { ...options, folder })
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    await once(child, 'close')
    return { code: child.exitCode, stdout, stderr }
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'cairn-e2e-'))
}

/** Tries until it does not throw; for what takes effect a little later. */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 5_000): Promise<T> {
  const started = performance.now()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() - started > withinMs) throw error
      await sleep(10)
    }
  }
}

function spawnCairn(
  flags: readonly string[],
  { wrapper = [], env = {}, folder }: StartOptions & { readonly folder: string },
): ChildProcess {
  const command = [process.execPath, ...NODE_FLAGS, MAIN, ...flags]
  const [file = '', ...args] = [...wrapper, ...command]
  const child = spawn(file, args, { cwd: folder, env: { ...ownEnvironment(), ...env } })
  // Whatever ends the tests ends the server.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

/**
 * Without what would change the settings or the log of a server under test; the engine alone is
 * taken over, so that one run of the tests is on the one and another on the other.
 */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      name === 'CAIRN_DNS_ENGINE' || (!name.startsWith('CAIRN_') && name !== 'JOURNAL_STREAM'),
  )
  return Object.fromEntries(kept)
}
