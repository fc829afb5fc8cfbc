import type { Telemetry } from '../../engine/ports.ts'
import type { BindFailure } from './worker-data.ts'

/** Addresses of this machine that some worker cannot listen on; one log line for each. */
export class UnboundAddresses {
  readonly #telemetry: Pick<Telemetry, 'event'>
  /** The numbers of the workers, by address. */
  readonly #workers = new Map<string, Set<number>>()

  constructor(telemetry: Pick<Telemetry, 'event'>) {
    this.#telemetry = telemetry
  }

  get size(): number {
    return this.#workers.size
  }

  /** All that this worker failed to bind at its last try. */
  tell(worker: number, failed: readonly BindFailure[]): void {
    for (const { address, port, code } of failed) {
      const known = this.#workers.get(address)
      known?.add(worker)
      if (known !== undefined) continue
      this.#workers.set(address, new Set([worker]))
      this.#telemetry.event('warn', 'dns_address_not_bound', { address, port, code })
    }
    const still = new Set(failed.map(({ address }) => address))
    for (const [address, workers] of this.#workers) {
      if (!still.has(address)) workers.delete(worker)
      if (workers.size === 0) this.#workers.delete(address)
    }
  }
}
