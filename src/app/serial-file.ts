import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Telemetry } from '../engine/ports.ts'

/** Revisions that one writing allows for; the next one comes when half of them are used. */
const BLOCK = 2 ** 20
/** Without a file: revisions since 1970, per second. A server of average haste is slower. */
const PER_SECOND = 64

/**
 * Serials of DNS never go back: registrations end with the process, but a secondary remembers its
 * serial, takes only newer ones, and would join changes to a serial that means something else by
 * now. So a bound above all serials in use is kept on disk, and a new process starts from there.
 */
export class SerialFile {
  readonly #path: string
  readonly #telemetry: Pick<Telemetry, 'event'>
  readonly first: number
  #bound = 0

  constructor(dataDir: string, wallMs: number, telemetry: Pick<Telemetry, 'event'>) {
    this.#path = join(dataDir, 'dns-serial')
    this.#telemetry = telemetry
    this.first = this.#read() ?? clockRevision(wallMs)
    this.#write(dataDir, this.first + BLOCK)
  }

  /** The registry is at that revision. Costs a comparison, but once in half a million changes. */
  note(revision: number): void {
    if (revision > this.#bound - BLOCK / 2) this.#write(undefined, revision + BLOCK)
  }

  #read(): number | undefined {
    try {
      const text = readFileSync(this.#path, 'utf8').trim()
      return /^\d{1,15}$/.test(text) ? Number(text) : undefined
    } catch {
      // The first start, or a file that cannot be read: then the writing fails, too, and is told.
      return undefined
    }
  }

  /** Written beside and moved, so that there is a whole file at every moment. */
  #write(dataDir: string | undefined, bound: number): void {
    this.#bound = bound
    try {
      if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true })
      const beside = `${this.#path}.new`
      const file = openSync(beside, 'w', 0o644)
      try {
        writeSync(file, `${bound}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(beside, this.#path)
    } catch (error) {
      // Serving is worth more: after a restart secondaries may need a forced transfer.
      const message = error instanceof Error ? error.message : String(error)
      this.#telemetry.event('error', 'serial_not_kept', { message })
    }
  }
}

export function clockRevision(wallMs: number): number {
  return Math.floor((wallMs / 1000) * PER_SECOND)
}
