import { CairnError, InvariantError } from '../../../kernel/errors.ts'
import { RCODE } from '../../../core/dns/protocol.ts'
import { packError, packMessages, type PackOptions } from '../../../core/dns/transfer/messages.ts'
import { planTransfer } from '../../../core/dns/transfer/plan.ts'
import { readTransferRequest } from '../../../core/dns/transfer/request.ts'
import { findKey, TsigSigner, type TsigKey } from '../../../core/dns/transfer/tsig.ts'
import type { WallSeconds } from '../../../core/dns/transfer/tsig-guard.ts'
import type { TransferZones } from '../../../core/dns/transfer/zones.ts'
import type { Telemetry } from '../../../engine/ports.ts'
import {
  TRANSFER_RESULTS,
  type FromDesk,
  type ToDesk,
  type TransferKind,
  type TransferResult,
} from './words.ts'

/** Transfers made at a time; the others wait. Bounds the main thread's share of one turn. */
const RUNNING_MAX = 8
const WAITING_MAX = 128
/** Octets made in one turn for one transfer: some 1,500 records, 1 to 2 ms. */
const CHUNK_BYTES = 64 * 1024
/** Chunks on their way to a client that has not read them. */
const WINDOW = 2

export interface TransferServerOptions {
  readonly zones: TransferZones
  readonly keys: readonly TsigKey[]
  readonly now: WallSeconds
  readonly telemetry: Pick<Telemetry, 'event'>
  /** Resolves when the zones are as the registry is now. */
  readonly settled: () => Promise<void>
}

type Reply = (message: ToDesk, moved?: readonly ArrayBuffer[]) => void

interface Transfer {
  readonly worker: number
  readonly id: number
  readonly reply: Reply
  readonly client: string
  readonly request: Uint8Array
  readonly startedAt: number
  messages: Generator<Uint8Array> | undefined
  kind: TransferKind
  result: TransferResult
  bytes: number
  isGone: boolean
}

/** Makes the messages of zone transfers, in slices, from versions of zones that never change. */
export class TransferServer {
  readonly #options: TransferServerOptions
  readonly #running = new Map<string, Transfer>()
  readonly #waiting: Transfer[] = []
  readonly #counts = new Map<string, number>()
  #bytes = 0

  constructor(options: TransferServerOptions) {
    this.#options = options
  }

  get running(): number {
    return this.#running.size
  }

  /** Octets sent so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** `[kind, result, count]` of those that ended. */
  *counts(): Iterable<readonly [TransferKind, TransferResult, number]> {
    for (const kind of ['axfr', 'ixfr'] as const) {
      for (const result of TRANSFER_RESULTS)
        yield [kind, result, this.#counts.get(`${kind} ${result}`) ?? 0]
    }
  }

  /** `worker` and the message's id together name a transfer. */
  handle(worker: number, message: FromDesk, reply: Reply): void {
    const key = `${worker} ${message.id}`
    if (message.kind === 'transfer') {
      const { id, client, request } = message
      const startedAt = performance.now()
      const begun = { messages: undefined, bytes: 0, isGone: false } as const
      const told = { kind: 'axfr', result: 'failed' } as const
      this.#admit({ worker, id, client, request, startedAt, reply, ...begun, ...told })
    } else if (message.kind === 'transfer_taken') {
      const transfer = this.#running.get(key)
      // Node takes up to a thousand messages of a port in one turn: that would be all chunks.
      if (transfer !== undefined) setImmediate(() => this.#send(transfer))
    } else {
      this.#abort((one) => one.worker === worker && one.id === message.id)
    }
  }

  /** A worker died, and its connections with it. */
  forget(worker: number): void {
    this.#abort((one) => one.worker === worker)
  }

  #abort(isMeant: (one: Transfer) => boolean): void {
    const gone = [...this.#running.values(), ...this.#waiting].filter(isMeant)
    for (const transfer of gone) {
      transfer.isGone = true
      transfer.result = 'aborted'
      this.#end(transfer)
    }
  }

  #admit(transfer: Transfer): void {
    if (this.#running.size < RUNNING_MAX) void this.#start(transfer)
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(transfer)
    else this.#refuse(transfer, RCODE.SERVFAIL, 'failed')
  }

  async #start(transfer: Transfer): Promise<void> {
    this.#running.set(keyOf(transfer), transfer)
    try {
      await this.#begin(transfer)
    } catch (error) {
      this.#fail(transfer, error)
    }
  }

  async #begin(transfer: Transfer): Promise<void> {
    await this.#options.settled()
    if (transfer.isGone) return
    const { zones, keys, now } = this.#options
    const request = readTransferRequest(transfer.request)
    // The worker has read it before: it is one.
    if (request === undefined) return this.#refuse(transfer, RCODE.FORMERR, 'failed')
    transfer.kind = request.kind
    const version = zones.find(request.zone)
    if (version === undefined) {
      return this.#refuse(transfer, RCODE.NOTAUTH, 'not_authoritative')
    }
    const { result, records } = planTransfer(version, request.serial)
    transfer.result = result
    const signer = signerFor(request.tsig, keys)
    transfer.messages = packMessages(records, { request, signer, now })
    for (let i = 0; i < WINDOW; i++) this.#send(transfer)
  }

  /** One chunk, or what is left. */
  #send(transfer: Transfer): void {
    const { messages, reply, id } = transfer
    if (messages === undefined || transfer.isGone) return
    try {
      const { bytes, isLast } = nextChunk(messages)
      transfer.bytes += bytes.length
      this.#bytes += bytes.length
      reply({ kind: 'transfer_data', id, bytes, isLast }, [bytes.buffer])
      if (isLast) this.#end(transfer)
    } catch (error) {
      this.#fail(transfer, error)
    }
  }

  /** A record that no message can hold, or a fault of ours: the others go on. */
  #fail(transfer: Transfer, error: unknown): void {
    if (error instanceof InvariantError) throw error
    if (!(error instanceof CairnError)) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#options.telemetry.event('error', 'zone_transfer_fault', { message })
    }
    // The client left, or has got its end, before.
    if (this.#running.get(keyOf(transfer)) !== transfer) return
    transfer.result = 'failed'
    transfer.reply({ kind: 'transfer_cut', id: transfer.id })
    this.#end(transfer)
  }

  #refuse(transfer: Transfer, rcode: number, result: TransferResult): void {
    const { keys, now } = this.#options
    const request = readTransferRequest(transfer.request)
    transfer.result = result
    if (request === undefined) {
      transfer.reply({ kind: 'transfer_cut', id: transfer.id })
    } else {
      transfer.kind = request.kind
      const options: PackOptions = { request, signer: signerFor(request.tsig, keys), now }
      const bytes = new Uint8Array(packError(rcode, options))
      transfer.reply({ kind: 'transfer_data', id: transfer.id, bytes, isLast: true })
    }
    this.#end(transfer)
  }

  #end(transfer: Transfer): void {
    transfer.messages = undefined
    const { kind, result, client, bytes } = transfer
    this.#running.delete(keyOf(transfer))
    const at = this.#waiting.indexOf(transfer)
    if (at >= 0) this.#waiting.splice(at, 1)
    const key = `${kind} ${result}`
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    const ms = Math.round(performance.now() - transfer.startedAt)
    this.#options.telemetry.event('info', 'zone_transfer', { kind, result, client, bytes, ms })
    const next = this.#running.size < RUNNING_MAX ? this.#waiting.shift() : undefined
    if (next !== undefined) void this.#start(next)
  }
}

function keyOf({ worker, id }: Transfer): string {
  return `${worker} ${id}`
}

/** An answer is signed as its question was (RFC 8945 §5.3). */
function signerFor(
  tsig: { readonly keyName: Uint8Array; readonly mac: Uint8Array } | undefined,
  keys: readonly TsigKey[],
): TsigSigner | undefined {
  const key = tsig === undefined ? undefined : findKey(keys, tsig.keyName)
  return key === undefined || tsig === undefined ? undefined : new TsigSigner(key, tsig.mac)
}

interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly isLast: boolean
}

function nextChunk(messages: Generator<Uint8Array>): Chunk {
  const parts: Uint8Array[] = []
  let length = 0
  let isLast = false
  while (length < CHUNK_BYTES && !isLast) {
    const next = messages.next()
    if (next.done === true) {
      isLast = true
    } else {
      parts.push(next.value)
      length += next.value.length
    }
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { bytes, isLast }
}
