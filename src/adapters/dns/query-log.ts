import { PROTOS } from '../../core/dns/counters.ts'
import { TYPE } from '../../core/dns/protocol.ts'
import { QueryLogReader, RING_BYTES, type LoggedQuery } from '../../core/dns/query-log/ring.ts'
import type { Telemetry } from '../../engine/ports.ts'

/** How often the rings are emptied. */
const LOOK_MS = 200

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(TYPE).map(([name, number]) => [number, name]),
)
const RCODE_NAMES: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
]

/** Writes the sample of answers that the workers put into their rings into the log. */
export class QueryLog implements Disposable {
  readonly rings: readonly SharedArrayBuffer[]
  readonly #readers: readonly QueryLogReader[]
  readonly #telemetry: Pick<Telemetry, 'event'>
  readonly #looking: NodeJS.Timeout

  constructor(workers: number, telemetry: Pick<Telemetry, 'event'>) {
    this.rings = Array.from({ length: workers }, () => new SharedArrayBuffer(RING_BYTES))
    this.#readers = this.rings.map((ring) => new QueryLogReader(ring))
    this.#telemetry = telemetry
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
    this.#looking.unref()
  }

  /** What waits is still logged. */
  [Symbol.dispose](): void {
    clearInterval(this.#looking)
    this.#look()
  }

  #look(): void {
    for (const reader of this.#readers) {
      for (const logged of reader.take()) this.#tell(logged)
    }
  }

  #tell(logged: LoggedQuery): void {
    const { wallMs, seconds, type, rcode, answers, bytes, proto, client, name } = logged
    this.#telemetry.event('info', 'dns_query', {
      at: new Date(wallMs).toISOString(),
      client,
      proto: PROTOS[proto] ?? 'other',
      name,
      type: TYPE_NAMES.get(type) ?? `TYPE${type}`,
      rcode: RCODE_NAMES[rcode] ?? String(rcode),
      answers,
      bytes,
      us: Math.round(seconds * 1e6),
    })
  }
}
