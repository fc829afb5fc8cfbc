import {
  CLIENT_CORE,
  type CpuReading,
  cpuSince,
  familyOf,
  readBusy,
  readCpu,
  SERVER_CORE,
} from '../process.ts'

export interface Metered {
  readonly seconds: number
  /** The server's, nanoseconds. */
  readonly cpu: CpuReading
  /** Share of a core that neither server nor generator took: the larger one, or both together. */
  readonly disturbed: number
}

/** Others took more than this share of one of the cores: measure once more, a few times. */
export const DISTURBED = 0.05
const TRIES = 4

/** The least disturbed of some tries, most often the first. @param mayRepeat: there is time. */
export async function measureUndisturbed<T extends Metered>(
  measure: () => Promise<T>,
  mayRepeat: () => boolean = () => true,
): Promise<T> {
  let best = await measure()
  for (let i = 1; i < TRIES && mayRepeat() && best.disturbed > DISTURBED; i++) {
    const next = await measure()
    if (next.disturbed < best.disturbed) best = next
  }
  return best
}

/** Everything read at the beginning and at the end of a measured stretch. */
export class Meter {
  readonly #pids: readonly number[]
  readonly #cores: readonly number[]
  readonly #server: readonly CpuReading[]
  readonly #own: CpuReading
  readonly #busy: readonly number[]
  readonly #start = performance.now()

  /** @param cores of the server. */
  constructor(pid: number, cores: readonly number[] = [SERVER_CORE]) {
    this.#pids = familyOf(pid)
    this.#cores = cores
    this.#busy = measuredCores(cores).map((core) => readBusy(core))
    this.#own = readCpu(process.pid)
    this.#server = this.#pids.map((one) => readCpu(one))
  }

  stop(): Metered {
    const seconds = (performance.now() - this.#start) / 1_000
    const cpu = { run: 0, wait: 0 }
    for (const [i, before] of this.#server.entries()) {
      const { run, wait } = cpuSince(this.#pids[i] ?? 0, before)
      cpu.run += run
      cpu.wait += wait
    }
    const own = cpuSince(process.pid, this.#own).run
    const busy = measuredCores(this.#cores).map((core, i) => readBusy(core) - (this.#busy[i] ?? 0))
    return { seconds, cpu, disturbed: foreignShare({ busy, server: cpu.run, own, seconds }) }
  }
}

/** The server's cores and, last, the generator's. */
export function measuredCores(server: readonly number[]): readonly number[] {
  return [...server.filter((core) => core !== CLIENT_CORE), CLIENT_CORE]
}

interface Shares {
  /** Nanoseconds in which each of `measuredCores` was busy. */
  readonly busy: readonly number[]
  readonly server: number
  readonly own: number
  readonly seconds: number
  /** The server has threads on the generator's core. */
  readonly isApart?: boolean
}

/** What neither server nor generator took, of a core. */
export function foreignShare({ busy, server, own, seconds, isApart }: Shares): number {
  const [first = 0, second = 0] = busy
  // With more cores nobody knows which thread ran where: then it is a share of all of them.
  const foreign =
    busy.length === 2 && isApart !== true
      ? Math.max(first - server, second - own)
      : busy.reduce((sum, ns) => sum + ns, -server - own)
  return Math.max(0, foreign) / 1e9 / seconds
}
