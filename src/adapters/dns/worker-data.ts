import type { ResponderSettings } from '../../core/dns/answer/responder.ts'
import type { TransferAccess } from '../../core/dns/transfer/access.ts'
import type { ForwardData, LoopNews } from './forward/forward-data.ts'
import type { FromDesk, ToDesk } from './transfer/words.ts'

/** Everything a DNS worker is started with; structured-cloneable. */
export interface WorkerData {
  /** Number of the worker: its reader slot in the table. */
  readonly worker: number
  readonly table: SharedArrayBuffer
  /** `COUNTER_SLOTS` float64 slots, written by this worker alone. */
  readonly counters: SharedArrayBuffer
  readonly seed: number
  readonly responder: Omit<ResponderSettings, 'spellings' | 'transfer'>
  /** Keys of signed questions, and who may have whole zones. */
  readonly access: TransferAccess
  /** DNS label → group name, and → namespace id. */
  readonly groupAliases: ReadonlyMap<string, string>
  readonly namespaceAliases: ReadonlyMap<string, string>
  readonly udp: UdpSettings
  readonly tcp: TcpSettings
  /** Absent: names that are not ours are refused. */
  readonly forward?: ForwardData | undefined
}

export interface UdpSettings {
  readonly receiveBufferBytes: number
}

export interface TcpSettings {
  /** Limits of this worker. */
  readonly connectionsMax: number
  readonly connectionsPerClientMax: number
  readonly idleMs: number
  /** From the first octet of a message to its last. */
  readonly messageMs: number
}

/** Main → worker. */
export type ToWorker =
  | { readonly kind: 'listen'; readonly addresses: readonly string[]; readonly port: number }
  | { readonly kind: 'stop' }
  | ToDesk

/** Worker → main. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | {
      readonly kind: 'failed'
      readonly address: string
      readonly port: number
      /** `EADDRINUSE`, `EACCES` … */
      readonly code: string
    }
  | { readonly kind: 'stopped' }
  | LoopNews
  | FromDesk
