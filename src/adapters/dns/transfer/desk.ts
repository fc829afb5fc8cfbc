import type { FromDesk, ToDesk } from './words.ts'

/** A connection that may ask for transfers. */
export interface DeskClient {
  readonly address: string
  /** `taken` is called when the client has read them. */
  writeTransfer(bytes: Uint8Array, isLast: boolean, taken: () => void): void
  cut(): void
}

/**
 * The worker's side of zone transfers: hands requests to the main thread, which has the registry,
 * and writes what comes back, as fast as the client reads and no faster.
 */
export class TransferDesk {
  readonly #tell: (message: FromDesk) => void
  readonly #clients = new Map<number, DeskClient>()
  #lastId = 0

  constructor(tell: (message: FromDesk) => void) {
    this.#tell = tell
  }

  /** `request` must be the caller's own copy. */
  ask(client: DeskClient, request: Uint8Array): void {
    const id = ++this.#lastId
    this.#clients.set(id, client)
    this.#tell({ kind: 'transfer', id, request, client: client.address })
  }

  handle(message: ToDesk): void {
    const { id } = message
    const client = this.#clients.get(id)
    if (client === undefined) return
    if (message.kind === 'transfer_cut') {
      this.#clients.delete(id)
      client.cut()
      return
    }
    if (message.isLast) this.#clients.delete(id)
    client.writeTransfer(message.bytes, message.isLast, () => {
      if (!message.isLast) this.#tell({ kind: 'transfer_taken', id })
    })
  }

  /** The connection is closed: nobody waits for the rest. */
  leave(client: DeskClient): void {
    for (const [id, one] of this.#clients) {
      if (one !== client) continue
      this.#clients.delete(id)
      this.#tell({ kind: 'transfer_gone', id })
    }
  }
}
