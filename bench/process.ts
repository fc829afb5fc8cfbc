import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

import manifest from '../package.json' with { type: 'json' }

/**
 * Processes under measurement: start on one core, count the CPU time of all their threads, stop.
 *
 * The kernel's per-thread `schedstat` is exact to the nanosecond, `/proc/PID/stat` only to a tick
 * (10 ms). All threads count, a control-plane thread as much as a data-plane one. A thread that
 * ends between two readings takes its time with it; servers do not end threads while they serve.
 */

export const root: string = fileURLToPath(new URL('..', import.meta.url))

/** Of Node, as `npm start` gives them. */
export const NODE_FLAGS: readonly string[] = manifest.scripts.start.match(/(?<= )--\S+/g) ?? []

export const SERVER_CORE = 0
export const CLIENT_CORE = 1

/** Cores for so many workers; the clients' own only where there are no others left. */
export function serverCores(workers: number): readonly number[] {
  const all = cpus().map((_, core) => core)
  const free = all.filter((core) => core !== CLIENT_CORE)
  return (workers <= free.length ? free : all).slice(0, workers)
}

/** A program by its name, also where users' paths do not look; undefined: not installed. */
export function findProgram(name: string): string | undefined {
  const folders = ['/usr/sbin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(':')]
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

/** A process and all that come from it: some servers answer from processes of their own. */
export function familyOf(pid: number): readonly number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    )
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
  } catch {
    return [] // it ended meanwhile
  }
}

export interface CpuReading {
  /** Nanoseconds on a CPU, all threads. */
  readonly run: number
  /** Nanoseconds runnable but waiting for a CPU: above some percent of `run`, others interfered. */
  readonly wait: number
}

export function readCpu(pid: number): CpuReading {
  let run = 0
  let wait = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran, waited] = readThread(`/proc/${pid}/task/${thread}/schedstat`)
    run += ran
    wait += waited
  }
  return { run, wait }
}

export function cpuSince(pid: number, before: CpuReading): CpuReading {
  const now = readCpu(pid)
  return { run: now.run - before.run, wait: now.wait - before.wait }
}

/** Resident set in MB (10^6 bytes). */
export function readRss(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return (Number(kibibytes ?? 0) * 1024) / 1e6
}

function readThread(path: string): readonly [number, number] {
  try {
    const [ran, waited] = readFileSync(path, 'utf8').split(' ')
    return [Number(ran), Number(waited)]
  } catch {
    return [0, 0] // the thread ended between readdir and read
  }
}

export interface Launch {
  readonly name: string
  readonly command: readonly string[]
  /** Absent: not pinned. */
  readonly cores?: readonly number[]
  readonly env?: Readonly<Record<string, string>>
  /** Throws or answers false while the process is not ready yet. */
  readonly isReady: () => Promise<boolean>
  readonly readyWithinMs?: number
}

/** A server of ours for the length of a run: stopped, by its own id, when disposed of. */
export class Subject implements AsyncDisposable {
  readonly name: string
  readonly pid: number
  readonly readyMs: number
  readonly #child: ChildProcess
  readonly #heard: { said: string }
  readonly #directories: string[] = []

  private constructor(name: string, child: ChildProcess, heard: { said: string }, readyMs: number) {
    if (child.pid === undefined) throw new Error(`${name} did not start`)
    this.name = name
    this.pid = child.pid
    this.readyMs = readyMs
    this.#child = child
    this.#heard = heard
  }

  static async start(launch: Launch): Promise<Subject> {
    const pinned = launch.cores === undefined ? [] : ['taskset', '-c', launch.cores.join(',')]
    const [file = '', ...args] = [...pinned, ...launch.command]
    const child = spawn(file, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...launch.env },
    })
    guard(child)
    const heard = { said: '' }
    const listen = (chunk: Buffer): void => {
      heard.said = (heard.said + chunk.toString()).slice(-4_000)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    const started = performance.now()
    const within = launch.readyWithinMs ?? 20_000
    while (!(await launch.isReady().catch(() => false))) {
      const isOver = child.exitCode !== null || child.signalCode !== null
      if (isOver || performance.now() - started > within) {
        child.kill('SIGKILL')
        throw new Error(`${launch.name} did not become ready:\n${heard.said}`)
      }
      await sleep(20)
    }
    return new Subject(launch.name, child, heard, performance.now() - started)
  }

  /** A directory that goes when the subject goes. */
  owns(directory: string): this {
    this.#directories.push(directory)
    return this
  }

  /** Takes no CPU while another subject is measured. */
  pause(): void {
    signalFamily(this.pid, 'SIGSTOP')
  }

  resume(): void {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) {
      throw new Error(`${this.name} ended (${exitCode ?? signalCode}):\n${this.#heard.said}`)
    }
    signalFamily(this.pid, 'SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      signalFamily(this.pid, 'SIGCONT')
      child.kill('SIGTERM')
      const timer = setTimeout(() => signalFamily(this.pid, 'SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
    }
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true })
  }
}

function signalFamily(pid: number, signal: NodeJS.Signals): void {
  for (const one of familyOf(pid)) {
    try {
      process.kill(one, signal)
    } catch {
      // It ended meanwhile.
    }
  }
}

/** The whole bench on the clients' core, so that only the server runs on its own. */
export async function pinSelf(): Promise<void> {
  await run(['taskset', '-acp', String(CLIENT_CORE), String(process.pid)])
}

/**
 * Nanoseconds that a core was not idle, stolen time included: what is left after our own share is
 * what others took. Counted in ticks of 10 ms.
 */
export function readBusy(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1]
  // user nice system idle iowait irq softirq steal
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (line ?? '')
    .split(' ')
    .map(Number)
  return (user + nice + system + irq + softirq + steal) * 10_000_000
}

const children = new Set<ChildProcess>()

/** However this process ends, a paused server must not stay behind. */
function guard(child: ChildProcess): void {
  if (children.size === 0) {
    process.once('exit', () => {
      for (const { pid } of children) if (pid !== undefined) signalFamily(pid, 'SIGKILL')
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => process.exit(1))
    }
  }
  children.add(child)
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** A TCP port that is free on 127.0.0.1 now, and so most likely for UDP too. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

export function describeMachine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'CPU'}, Node ${process.versions.node}`
}

/** A program run to its end; its standard output. */
export async function run(command: readonly string[], withinMs = 60_000): Promise<string> {
  const [file = '', ...args] = command
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${errors || out}`)
  return out
}
