import type { ReservedSettings } from '../../../core/dns/forward/reserved.ts'
import type { LoopSecrets } from '../../../core/dns/forward/loop-probe.ts'
import type { UpstreamAddress } from '../../../core/dns/forward/upstream.ts'

/** What a DNS worker is told of forwarding; structured-cloneable. Limits are this worker's. */
export interface ForwardData {
  /** Whom to ask for names that are nobody else's. */
  readonly upstreams: readonly UpstreamAddress[]
  /** More of them, from this file; read again when it changes. */
  readonly resolvConf: string | undefined
  /** Suffix in presentation form → whom to ask for names at and below it. */
  readonly zones: ReadonlyMap<string, readonly UpstreamAddress[]>
  /** Their AD bit is believed. */
  readonly trusted: readonly UpstreamAddress[]
  /** Who may have us ask: networks in CIDR notation. */
  readonly allow: readonly string[]
  readonly cacheBytes: number
  readonly staleMs: number
  /** Seconds. */
  readonly ttlMax: number
  readonly negativeTtlMax: number
  readonly inFlightMax: number
  readonly perClientMax: number
  /** Names in random case (0x20). */
  readonly isMixed: boolean
  readonly reserved: ReservedSettings
  readonly loop: LoopSecrets
}

/** Worker → main: an upstream is ourselves, asks us in turn, or does so no more. */
export interface LoopNews {
  readonly kind: 'upstream_loop'
  readonly upstream: string
  readonly how: 'is_own' | 'loops' | 'loops_no_more'
}
