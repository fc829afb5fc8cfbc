import {
  CLIENT_CORE,
  type CpuReading,
  cpuSince,
  readBusy,
  readCpu,
  SERVER_CORE,
} from '../process.ts'

export interface Metered {
  readonly seconds: number
  /** The server's, nanoseconds. */
  readonly cpu: CpuReading
  /** The largest share of one of the two cores that neither server nor generator took. */
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
  readonly #pid: number
  readonly #server: CpuReading
  readonly #own: CpuReading
  readonly #busy: readonly number[]
  readonly #start = performance.now()

  constructor(pid: number) {
    this.#pid = pid
    this.#busy = CORES.map((core) => readBusy(core))
    this.#own = readCpu(process.pid)
    this.#server = readCpu(pid)
  }

  stop(): Metered {
    const seconds = (performance.now() - this.#start) / 1_000
    const cpu = cpuSince(this.#pid, this.#server)
    const ours = [cpu.run, cpuSince(process.pid, this.#own).run]
    const foreign = CORES.map((core, i) => readBusy(core) - (this.#busy[i] ?? 0) - (ours[i] ?? 0))
    return { seconds, cpu, disturbed: Math.max(0, ...foreign) / 1e9 / seconds }
  }
}

const CORES = [SERVER_CORE, CLIENT_CORE] as const
