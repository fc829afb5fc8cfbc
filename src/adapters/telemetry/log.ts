import { destination, pino, stdTimeFunctions, symbols, type DestinationStream } from 'pino'
import type { Facts, Level } from '../../engine/ports.ts'

export interface LogOptions {
  readonly level: Level
  /** True under systemd (`JOURNAL_STREAM` is set): syslog priorities, no timestamps. */
  readonly isJournal: boolean
}

/** One JSON object per line and event. */
export interface Log {
  event(level: Level, name: string, facts: Facts): void
  /** From now on. */
  setLevel(level: Level): void
  /** Lines lost because nobody read them fast enough. */
  readonly droppedLines: number
  /** Waits for what is still to be written; for the end of the process. */
  flush(): void
}

/** What a line is written to. Must not block: a slow reader must not stop the registry. */
export interface Sink {
  write(line: string): void
  flushSync(): void
}

/** Lines that wait for a slow reader; beyond that they are dropped and counted. */
const BACKLOG_MAX_BYTES = 16 * 2 ** 20

/** syslog(3) priorities, which journald takes from `<N>` at the start of a line. */
const PRIORITIES: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 }

export function createLog(options: LogOptions, sink?: Sink): Log {
  let droppedLines = 0
  const out = sink ?? standardError(() => droppedLines++)
  const stream = options.isJournal ? new PriorityStream(out) : out
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      timestamp: options.isJournal ? false : stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  return {
    event: (level, name, facts) => logger[level](facts, name),
    setLevel: (level) => {
      logger.level = level
    },
    get droppedLines() {
      return droppedLines
    },
    flush: () => flushQuietly(out),
  }
}

/** File descriptor 2, written behind the event loop's back, in order. */
function standardError(onDrop: () => void): Sink {
  const out = destination({ dest: 2, sync: false, minLength: 0, maxLength: BACKLOG_MAX_BYTES })
  out.on('drop', onDrop)
  // A reader that went away (EPIPE) must not end the server.
  out.on('error', onDrop)
  return out
}

/** At the very end a sink that is gone is no news. */
function flushQuietly(out: Sink): void {
  try {
    out.flushSync()
  } catch {
    // Nothing is left to tell it to.
  }
}

/** Puts the priority before each line. pino sets `lastLevel` before it writes. */
class PriorityStream implements DestinationStream {
  readonly [symbols.needsMetadataGsym] = true
  lastLevel = 30
  readonly #out: Sink

  constructor(out: Sink) {
    this.#out = out
  }

  write(line: string): void {
    this.#out.write(`<${priorityOf(this.lastLevel)}>${line}`)
  }
}

function priorityOf(pinoLevel: number): number {
  if (pinoLevel >= 50) return PRIORITIES.error
  if (pinoLevel >= 40) return PRIORITIES.warn
  return pinoLevel >= 30 ? PRIORITIES.info : PRIORITIES.debug
}
