import { watch, type FSWatcher } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How often the files are looked at: a watch does not see included folders, nor network disks. */
const LOOK_MS = 1_000
/** A file is read when it was the same for so long: whoever writes it may be half done. */
const SETTLE_MS = 100

export const ZONE_SUFFIX = '.zone'

export interface ZoneWatchOptions {
  readonly directory: string
  /** Paths of the files that the zone of this file included when it was read. */
  readonly includedBy: (file: string) => readonly string[]
  /** These files of the directory changed, came or went, and are still. */
  readonly onChange: (files: readonly string[]) => Promise<void>
  /** A round failed; the next ones come all the same, unless this throws. */
  readonly onFault: (error: unknown) => void
}

/** Follows the zone files of a directory, and what they include. */
export class ZoneWatch implements Disposable {
  readonly #options: ZoneWatchOptions
  /**
   * By zone file: the stamps that were told of, and those seen last: a line for the file itself and
   * one for each that it includes.
   */
  readonly #told = new Map<string, string>()
  #seen: ReadonlyMap<string, string> = new Map()
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: ZoneWatchOptions) {
    this.#options = options
  }

  /** From now on; what is there now was read already. */
  async start(): Promise<void> {
    for (const [file, stamp] of await this.#look()) this.#told.set(file, stamp)
    this.#schedule(LOOK_MS)
    this.#watch()
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#watcher?.close()
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => void this.#round(), ms)
    this.#timer.unref()
  }

  /** A directory that is not there, or went, is watched when it comes. */
  #watch(): void {
    if (this.#watcher !== undefined || this.#isStopped) return
    try {
      const watcher = watch(this.#options.directory, { persistent: false })
      watcher.on('change', () => this.#schedule(SETTLE_MS))
      watcher.on('error', () => this.#unwatch(watcher))
      this.#watcher = watcher
    } catch {
      // The rounds go on.
    }
  }

  #unwatch(watcher: FSWatcher): void {
    watcher.close()
    if (this.#watcher === watcher) this.#watcher = undefined
  }

  async #round(): Promise<void> {
    let pause = LOOK_MS
    try {
      pause = await this.#follow()
    } catch (error) {
      this.#options.onFault(error)
    }
    this.#watch()
    this.#schedule(pause)
  }

  /** The time until the next look. */
  async #follow(): Promise<number> {
    const before = this.#seen
    const now = await this.#look()
    this.#seen = now
    const files = new Set([...this.#told.keys(), ...now.keys()])
    const changed = [...files].filter((file) => this.#told.get(file) !== now.get(file))
    const still = changed.filter((file) => before.get(file) === now.get(file))
    if (still.length > 0) await this.#tell(still)
    return still.length < changed.length ? SETTLE_MS : LOOK_MS
  }

  /**
   * What was told is the file as it was before it was read (a change since then is seen in the next
   * round) and its includes as they are after, for it may have found others.
   */
  async #tell(files: readonly string[]): Promise<void> {
    const before = this.#seen
    await this.#options.onChange(files)
    this.#seen = await this.#look()
    for (const file of files) {
      const [own] = before.get(file)?.split('\n') ?? []
      const [, ...includes] = this.#seen.get(file)?.split('\n') ?? []
      if (own === undefined) this.#told.delete(file)
      else this.#told.set(file, [own, ...includes].join('\n'))
    }
  }

  async #look(): Promise<ReadonlyMap<string, string>> {
    const stamps = new Map<string, string>()
    const files = await listZoneFiles(this.#options.directory).catch(() => undefined)
    // What cannot be listed has not changed.
    if (files === undefined) return this.#seen
    for (const file of files) {
      const paths = [join(this.#options.directory, file), ...this.#options.includedBy(file)]
      stamps.set(file, (await Promise.all(paths.map(stampOf))).join('\n'))
    }
    return stamps
  }
}

/** Names of zone files, in order; undefined when there is no such directory. */
export async function listZoneFiles(directory: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(directory)
    return names.filter((name) => name.endsWith(ZONE_SUFFIX) && !name.startsWith('.')).toSorted()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Time, size and number: a file that was replaced has another number. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true })
    return `${mtimeNs} ${size} ${ino}`
  } catch {
    return 'none'
  }
}
