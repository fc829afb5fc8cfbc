import type { ResponderSettings } from '../../core/dns/answer/responder.ts'
import type { GateSettings } from '../../core/dns/abuse/gate.ts'
import type { TransferAccess } from '../../core/dns/transfer/access.ts'
import type { ForwardData, LoopNews } from './forward/forward-data.ts'
import type { TlsIdentity } from './tls-identity.ts'
import type { FromDesk, ToDesk } from './transfer/words.ts'

/** Everything a DNS worker is started with; structured-cloneable. */
export interface WorkerData {
  /** Number of the worker: its reader slot in the table. */
  readonly worker: number
  readonly table: SharedArrayBuffer
  /** `COUNTER_SLOTS` float64 slots, written by this worker alone. */
  readonly counters: SharedArrayBuffer
  readonly seed: number
  readonly responder: Omit<ResponderSettings, 'spellings' | 'transfer' | 'gate'>
  /** Keys of signed questions, and who may have whole zones. */
  readonly access: TransferAccess
  /** DNS label → group name, and → namespace id. */
  readonly groupAliases: ReadonlyMap<string, string>
  readonly namespaceAliases: ReadonlyMap<string, string>
  readonly gate: GateData
  /** Absent: no answer is logged. */
  readonly queryLog?: { readonly ring: SharedArrayBuffer; readonly sample: number } | undefined
  /** Absent: no DoT and no DoH. */
  readonly tls: TlsIdentity | undefined
  readonly udp: UdpSettings
  /** Sockets of a worker that died; what they received meanwhile is answered. */
  readonly inherited: readonly BatchSocket[]
  readonly tcp: TcpSettings
  /** Absent: names that are not ours are refused. */
  readonly forward?: ForwardData | undefined
}

interface GateData {
  readonly settings: GateSettings
  /** Of cookies: the first one makes them; 16 octets each. */
  readonly secrets: readonly Uint8Array[]
  /** The buckets of the rate limit, `RATE_TABLE_BYTES` of them. */
  readonly table: SharedArrayBuffer
}

/** 0: any free port; undefined: not opened. */
export interface Ports {
  /** UDP and TCP. */
  readonly dns: number
  readonly dot: number | undefined
  readonly doh: number | undefined
}

/** `batch`: many datagrams a call, through node:ffi. `dgram`: Node's own sockets. */
export type UdpEngineName = 'batch' | 'dgram'

export interface UdpSettings {
  readonly engine: UdpEngineName
  /** Its thread goes before all ordinary ones. */
  readonly isRealtime: boolean
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

/** A UDP socket without Node around it: it outlives its worker. */
export interface BatchSocket {
  readonly fd: number
  /** As it was asked for: a wildcard, too. */
  readonly address: string
  readonly port: number
  readonly isV6: boolean
  /** The kernel tells where a datagram was sent to, because it may be any address. */
  readonly hasInfo: boolean
}

/** Main → worker. */
export type ToWorker =
  | {
      readonly kind: 'listen'
      readonly addresses: readonly string[]
      /** Those of `0.0.0.0` and `::` that stand for all of the family's. */
      readonly wildcards: readonly string[]
      readonly ports: Ports
    }
  | { readonly kind: 'tls'; readonly identity: TlsIdentity }
  | { readonly kind: 'cookies'; readonly secrets: readonly Uint8Array[] }
  | { readonly kind: 'stop' }
  | ToDesk

/** An address that a worker does not listen on. */
export interface BindFailure {
  readonly address: string
  readonly port: number
  /** `EADDRINUSE`, `EACCES` … */
  readonly code: string
}

/** Worker → main. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly ports: Ports; readonly failed: readonly BindFailure[] }
  | { readonly kind: 'stopped' }
  /** The worker stays an ordinary thread. */
  | { readonly kind: 'realtime_refused'; readonly code: string }
  /** Those that are open, told before one is closed and after one is opened. */
  | { readonly kind: 'sockets'; readonly sockets: readonly BatchSocket[] }
  | LoopNews
  | FromDesk
