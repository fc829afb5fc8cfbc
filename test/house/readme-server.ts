import { freePort } from '../free-port.ts'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerPorts } from './readme-examples.ts'

/** A start must be over by then; ms. The bound of a warm start is 2 s, on an idle machine. */
const START_MAX_MS = 15_000

/** A server as the README starts it, on free ports and a data folder of its own. */
export class ReadmeServer implements AsyncDisposable {
  readonly ports: ServerPorts
  readonly #child: ChildProcess
  readonly #data: string
  #printed = ''

  private constructor(child: ChildProcess, ports: ServerPorts, data: string) {
    this.#child = child
    this.ports = ports
    this.#data = data
    const keep = (chunk: Buffer): void => {
      this.#printed += chunk.toString()
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
  }

  /** Runs `command` (say `npm start`) in `root` and waits until it says that it is ready. */
  static async start(root: string, command: string): Promise<ReadmeServer> {
    const ports = { http: await freePort(), dns: await freePort() }
    const data = mkdtempSync(join(tmpdir(), 'cairn-readme-'))
    const flags =
      `--http.port=${ports.http} --grpc.port=${ports.http + 1_000} ` +
      `--dns.port=${ports.dns} --server.data-dir=${data}`
    const glue = /^npm (?:start|run)\b(?!.* -- )/.test(command) ? ' -- ' : ' '
    const child = spawn(`exec ${command}${glue}${flags}`, {
      cwd: root,
      shell: true,
      detached: true,
    })
    const server = new ReadmeServer(child, ports, data)
    await server.#ready()
    return server
  }

  /** SIGTERM, as an operator ends it; the exit code. */
  async stop(): Promise<number | null> {
    if (this.#isRunning) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    this.#endGroup()
    rmSync(this.#data, { recursive: true, force: true })
  }

  /** Whatever the command left behind; the group is ours alone. */
  #endGroup(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Nothing was left.
    }
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #ready(): Promise<void> {
    const deadline = AbortSignal.timeout(START_MAX_MS)
    while (!/\bready\b/.test(this.#printed)) {
      if (deadline.aborted || !this.#isRunning) {
        await this[Symbol.asyncDispose]()
        throw new Error(`the server is not ready; it printed:\n${this.#printed}`)
      }
      await this.#nextWord(deadline)
    }
  }

  async #nextWord(signal: AbortSignal): Promise<void> {
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) return
    const words = [once(stdout, 'data', { signal }), once(stderr, 'data', { signal })]
    await Promise.race([...words, once(this.#child, 'exit', { signal })]).catch(() => undefined)
  }
}

export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}
