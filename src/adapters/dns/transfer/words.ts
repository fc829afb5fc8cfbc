/** What a DNS worker and the main thread say to each other about zone transfers. */

/** Worker → main. `id` is the worker's own. */
export type FromDesk =
  | {
      readonly kind: 'transfer'
      readonly id: number
      /** The message as it came: the client may have the zone, its signature was checked. */
      readonly request: Uint8Array
      readonly client: string
    }
  /** The client has read what was sent last. */
  | { readonly kind: 'transfer_taken'; readonly id: number }
  /** The connection is closed. */
  | { readonly kind: 'transfer_gone'; readonly id: number }

/** Main → worker. */
export type ToDesk =
  | {
      readonly kind: 'transfer_data'
      readonly id: number
      /** Whole messages with their lengths; moved, not copied. */
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly isLast: boolean
    }
  /** It cannot go on: what was sent is no zone, so the connection is cut. */
  | { readonly kind: 'transfer_cut'; readonly id: number }

/** How transfers ended. */
export type TransferKind = 'axfr' | 'ixfr'

export const TRANSFER_RESULTS = [
  /** The whole zone, its changes, or "nothing new". */
  'full',
  'delta',
  'current',
  /** No such zone here. */
  'not_authoritative',
  /** Too many at a time, or a record that no message can hold. */
  'failed',
  /** The client went away. */
  'aborted',
] as const
export type TransferResult = (typeof TRANSFER_RESULTS)[number]
