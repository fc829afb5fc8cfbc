import type { Millis } from '../../kernel/ids.ts'
import type { LocalityMode } from '../../core/dns/compile/answer-policy.ts'
import type { GroupName, NamespaceId } from '../../core/registry/ids.ts'
import type { Level } from '../../engine/ports.ts'
import type { Answers } from './kinds-many.ts'
import type { LocalitySetting } from './kinds-locality.ts'
import type { Network, SecondarySetting } from './kinds-transfer.ts'

/** Everything an operator may choose, parsed and checked. Frozen all the way down. */
export interface Settings {
  readonly server: ServerSettings
  readonly http: HttpSettings
  readonly grpc: { readonly port: number }
  readonly peer: { readonly port: number }
  readonly dns: DnsSettings
  readonly naming: NamingSettings
  readonly log: LogSettings
}

export interface ServerSettings {
  readonly name: string
  readonly dataDir: string
  /** IPv4 and IPv6 literals, at least one. */
  readonly listen: readonly string[]
  readonly mode: 'standalone'
  readonly drainMs: Millis
}

export interface HttpSettings {
  /** 0: any free port. */
  readonly port: number
  readonly bodyMaxBytes: number
  readonly bodiesBytesMax: number
  readonly connectionsMax: number
  readonly connectionsPerClientMax: number
}

export type DnsSettings = DnsAnswerSettings &
  DnsTransportSettings &
  DnsTransferSettings &
  DnsAbuseSettings &
  DnsTlsSettings &
  DnsLocalitySettings &
  DnsForwardSettings

/** What is answered. */
export interface DnsAnswerSettings {
  /** Zones of the registry: lower case, with the final dot, at least one. */
  readonly zone: readonly string[]
  readonly zonesDir: string
  readonly ttlSeconds: number
  readonly negativeTtlSeconds: number
  readonly failOpen: boolean
  readonly answers: Answers
  /** Lower case, with the final dot. */
  readonly reverseZones: readonly string[]
  /** DNS label, lower case → namespace id. */
  readonly namespaceAliases: ReadonlyMap<string, NamespaceId>
  /** DNS label, lower case → group. */
  readonly groupAliases: ReadonlyMap<string, GroupName>
  readonly strictSrv: boolean
  readonly nsid: string
}

/** Answers that depend on where the client is, or on the namespace. */
export interface DnsLocalitySettings {
  readonly localities: readonly LocalitySetting[]
  readonly localityMode: LocalityMode
  readonly ecsTrusted: readonly Network[]
  /** Seconds. */
  readonly namespaceTtl: ReadonlyMap<NamespaceId, number>
  readonly namespaceAnswers: ReadonlyMap<NamespaceId, Answers>
}

/** What strangers may have. */
export interface DnsAbuseSettings {
  /** 0: no limit. */
  readonly rrlPerSecond: number
  readonly rrlSlip: number
  readonly rrlExempt: readonly Network[]
  /** 32 hexadecimal digits each; none: random. */
  readonly cookieSecrets: readonly string[]
  readonly badCookie: 'auto' | 'always' | 'never'
  /** Octets of answer per octet of question; 0: no bound. */
  readonly strangerRatio: number
}

export interface DnsTlsSettings {
  /** Paths; empty: none. */
  readonly tlsCert: string
  readonly tlsKey: string
  /** 0: any free port. */
  readonly dotPort: number | 'off'
  readonly dohPort: number | 'off'
}

/** How it is carried. */
export interface DnsTransportSettings {
  /** 0: any free port, the same for UDP and TCP. */
  readonly port: number
  readonly workers: number
  /** What carries UDP. */
  readonly engine: 'auto' | 'batch' | 'dgram'
  /** Its threads go before all ordinary ones. */
  readonly realtime: boolean
  readonly ednsUdpSize: number
  readonly tableBytes: number
  readonly receiveBufferBytes: number
  readonly tcpConnectionsMax: number
  readonly tcpConnectionsPerClientMax: number
  readonly tcpIdleMs: Millis
  readonly tcpMessageTimeoutMs: Millis
}

/** Who may have whole zones. */
export interface DnsTransferSettings {
  readonly transferAllow: readonly Network[]
  /** Name → secret in base64; with those of the file: full names, lower case. */
  readonly tsigKeys: ReadonlyMap<string, string>
  /** "": none. */
  readonly tsigKeysFile: string
  readonly secondaries: readonly SecondarySetting[]
  /** Entries per zone. */
  readonly journalMax: number
}

/** Names that are not ours. */
export interface DnsForwardSettings {
  /** `address:port`, as all name servers here. */
  readonly forward: readonly string[]
  /** Suffix, lower case with the final dot → name servers, at least one. */
  readonly forwardZones: ReadonlyMap<string, readonly string[]>
  readonly resolvConf: string | undefined
  readonly forwardTrusted: readonly string[]
  /** Networks in CIDR notation, and `attached`. */
  readonly recursionAllow: readonly string[]
  readonly forwardMixedCase: boolean
  readonly forwardSingleLabels: boolean
  readonly forwardPrivateReverse: boolean
  readonly forwardInFlightMax: number
  readonly forwardPerClientMax: number
  readonly cacheBytes: number
  readonly cacheTtlMax: number
  readonly cacheNegativeTtlMax: number
  readonly serveStaleMs: Millis
}

export interface NamingSettings {
  readonly instancesPerServiceMax: number
  readonly servicesPerNamespaceMax: number
  readonly metadataKeysMax: number
  readonly metadataBytesMax: number
  readonly expireInstances: boolean
  readonly emptyServiceMs: Millis
}

interface LogSettings {
  readonly level: Level
  readonly format: 'json'
  /** 1 in so many answers; 0: none. */
  readonly dnsSample: number
}

/** What defaults depend on; handed in, so that reading settings stays a function. */
export interface HostFacts {
  readonly name: string
  /** Processors this process may use. */
  readonly cores: number
}
