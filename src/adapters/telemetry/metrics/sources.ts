/**
 * What metrics are read from. Each function is called once per scrape and must cost little: counts
 * that are kept anyway, never a walk over the registry.
 */
export interface MetricSources {
  readonly build: { readonly version: string; readonly node: string }
  registry(): RegistryReading
  /** Undefined until DNS is up. */
  dns(): DnsReading | undefined
  http(): HttpReading
  log(): { readonly droppedLines: number }
}

export interface RegistryReading {
  /** Services per namespace. */
  readonly services: Iterable<readonly [namespace: string, count: number]>
  /** As `Tally.rows()` gives them. */
  readonly instances: Iterable<
    readonly [namespace: string, kind: string, state: string, count: number]
  >
  readonly leases: number
  /** Instances that are answered for the last time. */
  readonly draining: number
}

interface HttpReading {
  readonly connections: number
  /** What was turned away: for all connections, for those of one client, for bodies. */
  readonly refused: Iterable<readonly [cause: string, count: number]>
}

export interface DnsReading {
  /** What carries UDP. */
  readonly engine: string
  /** The counters of each worker, in the order of the workers (`core/dns/counters.ts`). */
  readonly workers: readonly Float64Array[]
  /** Now, as the workers write `alive_ms`: `performance.timeOrigin + performance.now()`. */
  readonly nowMs: number
  /** The serial that was published last; only its low 32 bits count, as in `serial_seen`. */
  readonly publishedSerial: number
  readonly table: TableReading
  readonly zones: Iterable<ZoneReading>
  /** Undefined when nobody may transfer a zone. */
  readonly transfer: TransferReading | undefined
}

export interface TransferReading {
  readonly transfers: Iterable<readonly [kind: string, result: string, count: number]>
  readonly running: number
  readonly bytes: number
  readonly notifies: Iterable<readonly [result: string, count: number]>
  readonly journal: { readonly entries: number; readonly bytes: number }
}

export interface TableReading {
  readonly usedBytes: number
  /** Of the used: replaced, and kept until no worker can be reading it. */
  readonly waitingBytes: number
  /** The most that was ever used, with gaps: memory. */
  readonly reachedBytes: number
  /** Address space. */
  readonly reservedBytes: number
  /** Slots of the index of names. */
  readonly nameSlots: number
  /** Services that changed and are not compiled yet. */
  readonly backlog: number
  /** How long the first of them waits. */
  readonly lagSeconds: number
  /** Names with an answer of their own. */
  readonly names: number
  /** Names that two services claim. */
  readonly collisions: number
  /** Instances that DNS cannot show, such as host names where addresses are needed. */
  readonly unpublishedInstances: number
}

interface ZoneReading {
  readonly zone: string
  readonly records: number
  /** Errors of the last load; above 0 the zone before it is still served. */
  readonly errors: number
}
