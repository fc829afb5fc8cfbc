import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { readText, readZoneFile, type ZoneFileReading, type ZoneRequest } from './zone-reading.ts'

/** A text up to this many characters is read at once: in about ten milliseconds. */
const SMALL_MAX = 64 * 1024
/** Directives that make a small file a large zone. */
const MULTIPLYING = /^[$](?:INCLUDE|GENERATE)\b/im
/** A thread that has nothing to do for so long ends. */
const IDLE_MS = 10_000

interface Waiting {
  readonly request: ZoneRequest
  readonly resolve: (reading: ZoneFileReading) => void
}

/** Reads zone files: large ones in a thread of their own, so that nobody waits for them. */
export class ZoneReader implements Disposable {
  readonly #waiting: Waiting[] = []
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined

  async read(request: ZoneRequest): Promise<ZoneFileReading> {
    const text = smallText(request)
    if (text !== undefined) return readZoneFile(request, text)
    const { promise, resolve } = Promise.withResolvers<ZoneFileReading>()
    this.#waiting.push({ request, resolve })
    clearTimeout(this.#idle)
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage(request)
    return promise
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#failAll('the reading was stopped')
  }

  #start(): Worker {
    const worker = new Worker(new URL('./zone-worker.ts', import.meta.url), { name: 'zones' })
    worker.on('message', (reading: ZoneFileReading) => {
      this.#waiting.shift()?.resolve(reading)
      if (this.#waiting.length > 0) return
      worker.unref()
      this.#idle = setTimeout(() => this[Symbol.dispose](), IDLE_MS)
      this.#idle.unref()
    })
    // Out of memory, most likely: a file that does that is a mistake like any other.
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#worker = undefined
      this.#failAll(error instanceof Error ? error.message : String(error))
    })
    return worker
  }

  #failAll(message: string): void {
    for (const { request, resolve } of this.#waiting.splice(0)) {
      resolve({ errors: [`${request.file}: ${message}`], warnings: [], included: [] })
    }
  }
}

/** Undefined for a large zone, and for a file that the other thread shall complain of. */
function smallText({ directory, file }: ZoneRequest): string | undefined {
  try {
    const text = readText(join(directory, file))
    return text.length <= SMALL_MAX && !MULTIPLYING.test(text) ? text : undefined
  } catch {
    return undefined
  }
}
