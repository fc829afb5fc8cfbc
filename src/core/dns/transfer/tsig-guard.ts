import type { Message } from '../answer/message.ts'
import {
  findKey,
  readTsig,
  timeOctets,
  TSIG_ERROR,
  tsigBytes,
  TsigSigner,
  unsignedTsig,
  verifyTsig,
  type TsigKey,
  type TsigRecord,
} from './tsig.ts'

/** Seconds since 1970, UTC. */
export type WallSeconds = () => number

/**
 * Signed questions: checks them before they are answered, and signs the answers. One per thread.
 * Such questions are rare, so it may allocate.
 */
export class TsigGuard {
  /** Why the last signed question was not believed; a `TSIG_ERROR`. */
  error: number = TSIG_ERROR.NONE
  /** Whose key signed it; undefined unless all is well. */
  key: TsigKey | undefined
  readonly #keys: readonly TsigKey[]
  readonly #now: WallSeconds
  #request: TsigRecord | undefined

  constructor(keys: readonly TsigKey[], now: WallSeconds) {
    this.#keys = keys
    this.#now = now
  }

  /** The question is not signed. */
  reset(): void {
    this.error = TSIG_ERROR.NONE
    this.key = undefined
    this.#request = undefined
  }

  /** False when the record at `at` is malformed; then `seal` must not be called. */
  open(message: Uint8Array, at: number): boolean {
    this.reset()
    const tsig = readTsig(message, at)
    if (tsig === undefined) return false
    const key = findKey(this.#keys, tsig.keyName)
    this.#request = tsig
    this.error = verifyTsig(message, tsig, key, this.#now())
    if (this.error === TSIG_ERROR.NONE) this.key = key
    return true
  }

  /** Octets that the answer must leave free. */
  get reserved(): number {
    return this.#request === undefined ? 0 : tsigBytes(this.#request.keyName)
  }

  /** Ends the answer with its signature, or with the reason why there is none. */
  seal(message: Message): void {
    const request = this.#request
    if (request === undefined) return
    const { start, at, view } = message
    const record = this.#recordFor(request, message.bytes.subarray(start, start + at))
    message.bytes.set(record, start + at)
    message.at += record.length
    message.additionals++
    view.setUint16(start + 10, view.getUint16(start + 10) + 1)
  }

  /** RFC 8945 §5.2.3, §5.3.2: BADTIME is signed and tells our time, at the client's own. */
  #recordFor(request: TsigRecord, answer: Uint8Array): Uint8Array {
    const key = findKey(this.#keys, request.keyName)
    const isSigned = this.error === TSIG_ERROR.NONE || this.error === TSIG_ERROR.BADTIME
    if (key === undefined || !isSigned) return unsignedTsig(request, this.error)
    const signer = new TsigSigner(key, request.mac)
    if (this.error === TSIG_ERROR.NONE) return signer.sign(answer, { seconds: this.#now() })
    const other = timeOctets(this.#now())
    return signer.sign(answer, { seconds: request.seconds, error: this.error, other })
  }
}
