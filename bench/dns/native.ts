import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { CLIENT_CORE, familyOf, run } from '../process.ts'
import type { ChurnResult } from './churn.ts'
import type { Load, Measured } from './generator.ts'
import { foreignShare, measuredCores } from './meter.ts'

/**
 * The programs in C: a generator that costs less than any server, and the floor under all servers.
 * Compiled into a folder that goes with the run, and only where there is a compiler.
 */

const COMPILERS = ['cc', 'gcc', 'clang']

export class Native implements Disposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Undefined, and a notice: nothing here compiles C. */
  static async make(): Promise<Native | undefined> {
    const native = new Native(mkdtempSync(join(tmpdir(), 'cairn-bench-')))
    for (const compiler of COMPILERS) {
      if (await isDone([compiler, '--version'])) {
        await compile(compiler, native.blast, ['blast.c', 'blast-meter.c', 'blast-churn.c'])
        await compile(compiler, native.echo, ['echo.c'])
        return native
      }
    }
    native[Symbol.dispose]()
    console.error(`no C compiler (${COMPILERS.join(', ')}): no echo, and a slower generator`)
    return undefined
  }

  get blast(): string {
    return join(this.directory, 'blast')
  }

  get echo(): string {
    return join(this.directory, 'echo')
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function isDone(command: readonly string[]): Promise<boolean> {
  return await run(command).then(
    () => true,
    () => false,
  )
}

async function compile(compiler: string, to: string, sources: readonly string[]): Promise<void> {
  const files = sources.map((name) => fileURLToPath(new URL(name, import.meta.url)))
  await run([compiler, '-O2', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', to, ...files])
}

/** What blast.c prints. */
interface Blasted extends Omit<Measured, 'tool' | 'disturbed' | 'stalled' | 'churn'> {
  readonly ownNs: number
  readonly busyNs: readonly number[]
  readonly stalledNs: number
  readonly idleNs: number
  readonly octets: number
  readonly churn?: ChurnResult
}

export interface NativeLoad {
  readonly blast: string
  /** The files of packets-file.ts. */
  readonly packets: string
  readonly changes?: string
}

/** At 60,000 queries per second a burst leaves every 100 µs. */
const BURST = 6
const GO_FIRST = ['chrt', '--fifo', '10']

/** Whether the generator may go before what shares its core. */
export async function mayGoFirst(): Promise<boolean> {
  return await isDone([...GO_FIRST, 'true'])
}

export async function runBlast(load: Load, native: NativeLoad): Promise<Measured> {
  const cores = load.cores ?? [0]
  const options = {
    port: load.port,
    packets: native.packets,
    sockets: load.sockets,
    window: load.window,
    spread: load.isSpread === true ? 1 : 0,
    seconds: load.seconds,
    warmup: load.warmupSeconds,
    pids: familyOf(load.pid).join(','),
    cores: measuredCores(cores).join(','),
    ...(load.rate === undefined ? {} : { rate: load.rate }),
    ...(load.churn === undefined || native.changes === undefined
      ? {}
      : { http: load.churn.httpPort, persecond: load.churn.perSecond, changes: native.changes }),
  }
  if (load.isApart === true) Object.assign(options, { burst: BURST })
  const words = Object.entries(options).map(([key, value]) => `${key}=${value}`)
  const out = await run(
    [
      ...(load.isApart === true ? GO_FIRST : []),
      'taskset',
      '-c',
      String(CLIENT_CORE),
      native.blast,
      ...words,
    ],
    (load.seconds + load.warmupSeconds) * 1_000 + 30_000,
  )
  return toMeasured(JSON.parse(out) as Blasted, load)
}

function toMeasured(blasted: Blasted, load: Load): Measured {
  const { ownNs: own, busyNs: busy, stalledNs, idleNs, octets, ...measured } = blasted
  const { seconds, cpu, answered } = measured
  const counted = answered - measured.late
  return {
    ...measured,
    tool: 'c',
    disturbed: foreignShare({
      busy,
      server: cpu.run,
      own,
      seconds,
      isApart: load.isApart === true,
    }),
    ...(load.rate === undefined
      ? { generatorBusy: Math.max(0, 1 - idleNs / 1e9 / seconds) }
      : { stalled: stalledNs / 1e9 / seconds }),
    octetsPerAnswer: counted > 0 ? octets / counted : 0,
  }
}
