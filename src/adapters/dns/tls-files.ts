import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { CairnError } from '../../kernel/errors.ts'
import type { Telemetry } from '../../engine/ports.ts'
import type { TlsIdentity } from './tls-identity.ts'

/** How often the files are looked at. Not watched: whoever renews replaces them or their folder. */
const LOOK_MS = 5_000
const TICKET_KEY_BYTES = 48

export interface TlsFilesOptions {
  readonly cert: string
  readonly key: string
  readonly telemetry: Pick<Telemetry, 'event'>
  /** A new certificate that is sound. */
  readonly onChange: (identity: TlsIdentity) => void
}

/** A certificate and its key, renewed without a restart; a broken one changes nothing. */
export class TlsFiles {
  readonly #options: TlsFilesOptions
  #identity: TlsIdentity
  #seen: string
  #look: NodeJS.Timeout | undefined

  /** Throws what is wrong with the files. */
  constructor(options: TlsFilesOptions) {
    this.#options = options
    this.#seen = this.#stamp()
    this.#identity = this.#read()
  }

  get identity(): TlsIdentity {
    return this.#identity
  }

  /** Looks at the files now and then. */
  start(): void {
    this.#look = setInterval(() => {
      if (this.#stamp() !== this.#seen) this.reload()
    }, LOOK_MS)
    this.#look.unref()
  }

  stop(): void {
    clearInterval(this.#look)
  }

  reload(): void {
    const { telemetry, onChange } = this.#options
    this.#seen = this.#stamp()
    try {
      const identity = this.#read()
      const { cert, key } = this.#identity
      if (identity.cert === cert && identity.key === key) return
      this.#identity = identity
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      telemetry.event('error', 'tls_certificate_refused', { message: error.message })
      return
    }
    const { subject, validTo } = new X509Certificate(this.#identity.cert)
    telemetry.event('info', 'tls_certificate_changed', { subject, validTo })
    onChange(this.#identity)
  }

  #read(): TlsIdentity {
    const { cert: certFile, key: keyFile } = this.#options
    const cert = readText('dns.tls_cert', certFile)
    const key = readText('dns.tls_key', keyFile)
    try {
      // Throws when one cannot be read, or when the two do not belong together.
      createSecureContext({ cert, key })
      return { cert, key, ticketKeys: Uint8Array.from(randomBytes(TICKET_KEY_BYTES)) }
    } catch (error) {
      const message = `dns.tls_cert ${certFile} with dns.tls_key ${keyFile}: ${messageOf(error)}`
      throw new CairnError('invalid_argument', message, { cause: error })
    }
  }

  /** What differs when a file was replaced, whatever its time says. */
  #stamp(): string {
    return [this.#options.cert, this.#options.key].map(stampOf).join(' ')
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
}

function readText(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CairnError('invalid_argument', `${setting}: ${messageOf(error)}`, { cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
