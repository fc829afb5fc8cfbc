import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '../../kernel/errors.ts'
import type { ZoneTable } from '../../core/dns/compile/zone-table.ts'
import { formatName, lowerName, parseName } from '../../core/dns/name.ts'
import { readZone } from '../../core/dns/zone/read-zone.ts'
import type { ZoneRecord } from '../../core/dns/zone/state.ts'
import type { Telemetry } from '../../engine/ports.ts'

const SUFFIX = '.zone'
/** Mistakes of one file that are logged. */
const FINDINGS_TOLD_MAX = 20

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
export class ZoneFiles {
  readonly #options: ZoneFilesOptions
  readonly #states = new Map<string, ZoneState>()

  constructor(options: ZoneFilesOptions) {
    this.#options = options
  }

  get states(): Iterable<ZoneState> {
    return this.#states.values()
  }

  /** Zones whose files had mistakes from the first: nothing of them is served. */
  get unready(): readonly string[] {
    const broken = [...this.#states.values()].filter(({ records }) => records === 0)
    return broken.map(({ zone }) => zone).filter(isZoneName)
  }

  /**
   * Reads all files. A zone with mistakes keeps its old version; one without a file goes. When the
   * directory cannot be read all stays as it is.
   */
  load(): void {
    const files = this.#list()
    if (files === undefined) return
    const present = new Set<string>()
    for (const file of files) {
      const zone = this.#apexOf(file)
      present.add(zone === undefined ? file : formatName(zone))
      if (zone !== undefined) this.#loadFile(file, zone)
    }
    for (const zone of [...this.#states.keys()].filter((one) => !present.has(one))) {
      this.#states.delete(zone)
      // A file whose name is no zone has a state, and nothing to unload.
      if (zone.endsWith(SUFFIX)) continue
      this.#options.table.unloadStatic(parseName(zone))
      this.#options.onChange?.(parseName(zone), undefined)
      this.#options.telemetry.event('info', 'zone_unloaded', { zone })
    }
  }

  #list(): readonly string[] | undefined {
    try {
      return readdirSync(this.#options.directory)
        .filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'))
        .toSorted()
    } catch (error) {
      // No directory, no zones; anything else is worth a line.
      if (isAbsent(error)) return []
      this.#options.telemetry.event('error', 'zones_unreadable', {
        directory: this.#options.directory,
        message: messageOf(error),
      })
      return undefined
    }
  }

  #apexOf(file: string): Uint8Array | undefined {
    const name = file.slice(0, -SUFFIX.length)
    try {
      return lowerName(parseName(name === 'root' ? '.' : `${name}.`))
    } catch (error) {
      this.#fail(file, file, [messageOf(error)])
      return undefined
    }
  }

  #loadFile(file: string, apex: Uint8Array): void {
    const zone = formatName(apex)
    try {
      const text = readFileSync(join(this.#options.directory, file), 'utf8')
      const { records, errors, warnings } = readZone(text, file, apex)
      for (const one of warnings.slice(0, FINDINGS_TOLD_MAX)) {
        this.#options.telemetry.event('warn', 'zone_warning', { zone, message: spell(one) })
      }
      if (errors.length > 0) {
        this.#fail(zone, file, errors.map(spell))
        return
      }
      this.#options.table.loadStatic(apex, records)
      this.#options.onChange?.(apex, records)
      this.#states.set(zone, { zone, records: records.length, errors: 0 })
      this.#options.telemetry.event('info', 'zone_loaded', { zone, records: records.length })
    } catch (error) {
      if (!(error instanceof CairnError) && !isSystemError(error)) throw error
      this.#fail(zone, file, [messageOf(error)])
    }
  }

  #fail(zone: string, file: string, messages: readonly string[]): void {
    const records = this.#states.get(zone)?.records ?? 0
    this.#states.set(zone, { zone, records, errors: messages.length })
    for (const message of messages.slice(0, FINDINGS_TOLD_MAX)) {
      this.#options.telemetry.event('error', 'zone_refused', { zone, file, message })
    }
  }
}

/** A file that is not named after a zone stands among the states, too. */
function isZoneName(text: string): boolean {
  return text.endsWith('.')
}

function spell(one: { file: string; line: number; column: number; message: string }): string {
  return `${one.file}:${one.line}:${one.column}: ${one.message}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
