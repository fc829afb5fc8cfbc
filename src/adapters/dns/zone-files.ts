import { setImmediate } from 'node:timers/promises'
import { CairnError, InvariantError } from '../../kernel/errors.ts'
import { makeUnreadyImage } from '../../core/dns/compile/zone-image.ts'
import type { ZoneTable } from '../../core/dns/compile/zone-table.ts'
import { formatName, lowerName, parseName } from '../../core/dns/name.ts'
import { unpackRecords } from '../../core/dns/zone/packed-records.ts'
import type { ZoneRecord } from '../../core/dns/zone/state.ts'
import type { Telemetry } from '../../engine/ports.ts'
import { ZoneReader } from './zone-reader.ts'
import type { ZoneFileReading } from './zone-reading.ts'
import { listZoneFiles, ZONE_SUFFIX, ZoneWatch } from './zone-watch.ts'

/** Mistakes of one file that are logged. */
const FINDINGS_TOLD_MAX = 20
/** Others get a turn after so much work on the table. */
const SLICE_MS = 4

export interface ZoneState {
  readonly zone: string
  /** Records served now. */
  readonly records: number
  /** Mistakes of the last load; above 0 the version before is still served. */
  readonly errors: number
}

export interface ZoneFilesOptions {
  readonly directory: string
  readonly table: ZoneTable
  readonly telemetry: Pick<Telemetry, 'event'>
  /** Told of every zone that was loaded, and of one that is gone: undefined. */
  readonly onChange?: (apex: Uint8Array, records: readonly ZoneRecord[] | undefined) => void
}

/** The zones of a directory: `example.test.zone` is the zone `example.test.` */
export class ZoneFiles implements Disposable {
  readonly #options: ZoneFilesOptions
  readonly #reader = new ZoneReader()
  readonly #watch: ZoneWatch
  readonly #states = new Map<string, ZoneState>()
  /** By file. */
  readonly #included = new Map<string, readonly string[]>()
  /** By zone: the file that it was read from. */
  readonly #sources = new Map<string, string>()
  /** One round after the other: the table takes one zone at a time. */
  #rounds: Promise<void> = Promise.resolve()
  /** The fault that was told last. */
  #fault = ''
  #isStopped = false

  constructor(options: ZoneFilesOptions) {
    this.#options = options
    this.#watch = new ZoneWatch({
      directory: options.directory,
      includedBy: (file) => this.#included.get(file) ?? [],
      onChange: (files) => this.#load(files),
      onFault: (error) => this.#tellFault(error),
    })
  }

  get states(): Iterable<ZoneState> {
    return this.#states.values()
  }

  /**
   * Reads all files. A zone with mistakes keeps its old version; one without a file goes. When the
   * directory cannot be read all stays as it is.
   */
  load(): Promise<void> {
    return this.#load(undefined)
  }

  /** From now on files that change are read again by themselves. */
  follow(): Promise<void> {
    return this.#watch.start()
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    this.#watch[Symbol.dispose]()
    this.#reader[Symbol.dispose]()
  }

  #load(only: readonly string[] | undefined): Promise<void> {
    this.#rounds = this.#rounds
      .then(() => this.#round(only))
      .catch((error: unknown) => this.#tellFault(error))
    return this.#rounds
  }

  async #round(only: readonly string[] | undefined): Promise<void> {
    const files = await this.#list()
    if (files === undefined) return
    const known = new Set(this.#sources.values())
    const present = new Map<string, string>()
    for (const file of files) {
      // Nobody was told of it yet: it may be half written.
      if (only?.includes(file) === false && !known.has(file)) continue
      const apex = apexOf(file)
      const zone = apex instanceof Error ? file : formatName(apex)
      const first = present.get(zone)
      const name = first === undefined ? zone : file
      present.set(name, file)
      // When another file of the zone came or went this one is looked at, too.
      const isSame = this.#sources.get(name) === file && only?.includes(file) === false
      if (isSame || this.#isStopped) continue
      this.#sources.set(name, file)
      if (apex instanceof Error) this.#tellFailure(file, file, [apex.message])
      else if (first === undefined)
        await this.#loadFile(file, apex).catch((error: unknown) => {
          this.#tellFailure(zone, file, [messageOf(error)])
        })
      else this.#tellFailure(file, file, [`${first} is the zone ${zone}, too, and the one served`])
    }
    for (const zone of [...this.#states.keys()].filter((one) => !present.has(one))) {
      await this.#unload(zone)
    }
  }

  async #list(): Promise<readonly string[] | undefined> {
    const { directory, telemetry } = this.#options
    try {
      const files = await listZoneFiles(directory)
      if (files !== undefined) return files
      // A folder that was there and is gone may be one that is not mounted: no zone goes with it.
      if (this.#states.size > 0) throw new CairnError('unavailable', 'no such directory')
      telemetry.event('debug', 'zones_absent', { directory })
      return []
    } catch (error) {
      telemetry.event('error', 'zones_unreadable', { directory, message: messageOf(error) })
      return undefined
    }
  }

  /** Rounds go on after it; one that comes again and again is told once. */
  #tellFault(error: unknown): void {
    const message = messageOf(error)
    if (message === this.#fault) return
    this.#fault = message
    const { directory, telemetry } = this.#options
    telemetry.event('error', 'zones_fault', { directory, message })
  }

  async #loadFile(file: string, apex: Uint8Array): Promise<void> {
    const { directory, telemetry, onChange } = this.#options
    const zone = formatName(apex)
    const wantsRecords = onChange !== undefined
    const reading = await this.#reader.read({ directory, file, apex, wantsRecords })
    if (this.#isStopped) return
    this.#included.set(file, reading.included)
    for (const message of reading.warnings.slice(0, FINDINGS_TOLD_MAX)) {
      telemetry.event('warn', 'zone_warning', { zone, message })
    }
    const errors = await this.#install(reading)
    if (errors.length > 0) {
      this.#tellFailure(zone, file, errors)
      await this.#markUnready(zone, apex)
      return
    }
    const records = reading.image?.recordCount ?? 0
    if (reading.records !== undefined) onChange?.(apex, unpackRecords(reading.records))
    this.#states.set(zone, { zone, records, errors: 0 })
    telemetry.event('info', 'zone_loaded', { zone, records })
  }

  /** What stands against it; nothing when the zone is served. */
  async #install({ image, errors }: ZoneFileReading): Promise<readonly string[]> {
    if (image === undefined) return errors
    try {
      await inSlices(this.#options.table.installStatic(image))
      return []
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      return [error.message]
    }
  }

  async #unload(zone: string): Promise<void> {
    const { table, telemetry, onChange } = this.#options
    this.#states.delete(zone)
    this.#sources.delete(zone)
    // A file whose name is no zone has a state, and nothing to unload.
    if (!isZoneName(zone)) return
    await inSlices(table.removeStatic(parseName(zone)))
    onChange?.(parseName(zone), undefined)
    telemetry.event('info', 'zone_unloaded', { zone })
  }

  /** A zone that was never read is ours all the same: its names exist or not, who knows. */
  async #markUnready(zone: string, apex: Uint8Array): Promise<void> {
    if ((this.#states.get(zone)?.records ?? 0) > 0) return
    try {
      await inSlices(this.#options.table.installStatic(makeUnreadyImage(apex)))
    } catch (error) {
      // Inside a zone of the registry, or no room: the cause was told with the failure.
      if (!(error instanceof CairnError)) throw error
    }
  }

  #tellFailure(zone: string, file: string, messages: readonly string[]): void {
    const records = this.#states.get(zone)?.records ?? 0
    this.#states.set(zone, { zone, records, errors: messages.length })
    for (const message of messages.slice(0, FINDINGS_TOLD_MAX)) {
      this.#options.telemetry.event('error', 'zone_refused', { zone, file, message })
    }
  }
}

/** A broken invariant has no message: it ends the process. */
function messageOf(error: unknown): string {
  if (error instanceof InvariantError) throw error
  return error instanceof Error ? error.message : String(error)
}

async function inSlices(steps: Generator<undefined, void>): Promise<void> {
  let started = performance.now()
  while (steps.next().done !== true) {
    if (performance.now() - started < SLICE_MS) continue
    await setImmediate()
    started = performance.now()
  }
}

function apexOf(file: string): Uint8Array | CairnError {
  const name = file.slice(0, -ZONE_SUFFIX.length)
  try {
    return lowerName(parseName(name === 'root' ? '.' : `${name}.`))
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    return error
  }
}

/** A file that is not named after a zone stands among the states, too. */
function isZoneName(text: string): boolean {
  return text.endsWith('.')
}
