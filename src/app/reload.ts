import type { Log } from '../adapters/telemetry/log.ts'
import type { Command } from './cli.ts'
import type { Effective } from './settings/read.ts'
import type { Settings } from './settings/settings.ts'

/** What takes effect without a restart. */
const AT_RUN_TIME: ReadonlySet<string> = new Set(['log.level', 'dns.cookie_secret'])

export interface ReloaderOptions {
  /** What the process was started with. */
  readonly rows: readonly Effective[]
  readonly log: Pick<Log, 'event' | 'setLevel'>
  /** Command line, environment and file, read once more. */
  readonly read: () => Command
  readonly loadZones: () => Promise<void>
  /** Certificates and secrets. */
  readonly renew: (settings: Settings) => void
}

/**
 * SIGHUP: settings and zone files are read again. A mistake in the settings leaves everything as it
 * is; a zone with mistakes keeps its old version.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  /** What is in force, by key. */
  readonly #running: Map<string, Effective>

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#running = new Map(options.rows.map((row) => [row.key, row]))
  }

  /** Resolves when all of it is in force. */
  async reload(): Promise<void> {
    const { read, log, loadZones, renew } = this.#options
    const command = read()
    if (command.kind === 'fail') {
      for (const message of command.text.trimEnd().split('\n')) {
        log.event('error', 'reload_refused', { message })
      }
      return
    }
    if (command.kind !== 'serve') return
    this.#takeUp(command.settings, command.rows)
    renew(command.settings)
    await loadZones()
    log.event('info', 'reloaded', {})
  }

  #takeUp(settings: Settings, rows: readonly Effective[]): void {
    const { log } = this.#options
    for (const row of rows) {
      const before = this.#running.get(row.key)
      if (before === undefined || before.shown === row.shown) continue
      const facts = { key: row.key, running: valueOf(before), wanted: valueOf(row) }
      if (AT_RUN_TIME.has(row.key)) {
        this.#running.set(row.key, row)
        log.event('info', 'setting_changed', facts)
      } else {
        log.event('warn', 'setting_needs_restart', facts)
      }
    }
    log.setLevel(settings.log.level)
  }
}

function valueOf({ shown, isSecret }: Effective): string {
  return isSecret ? '********' : shown
}
