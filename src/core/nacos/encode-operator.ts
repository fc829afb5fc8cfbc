import type { Millis } from '../../kernel/ids.ts'
import { DEFAULT_TIMES } from '../registry/lease-times.ts'
import { LIST_CACHE_MS } from './encode-list.ts'
import type { ServerStatus } from './status.ts'

/** The Nacos whose words this server speaks: clients and consoles parse it as a version. */
const NACOS_VERSION = '2.5.1'

/** Numbers of one member at this moment. */
export interface OperatorCounts {
  readonly services: number
  readonly ephemeralInstances: number
  readonly persistentInstances: number
  /** Connected gRPC clients. */
  readonly connections: number
  readonly subscribers: number
  /** Share of the machine's processor time in use, 0 … 1. */
  readonly cpu: number
  /** Load average of the last minute. */
  readonly load: number
  /** Share of the machine's memory in use, 0 … 1. */
  readonly mem: number
}

/** The answer of GET /operator/metrics. All fields always: scripts for 1.x read the counts. */
export function encodeMetrics(status: ServerStatus, counts: OperatorCounts): string {
  const instanceCount = counts.ephemeralInstances + counts.persistentInstances
  const clientCount = counts.connections + instanceCount
  return JSON.stringify({
    status,
    serviceCount: counts.services,
    instanceCount,
    subscribeCount: counts.subscribers,
    raftNotifyTaskCount: 0,
    responsibleServiceCount: counts.services,
    responsibleInstanceCount: instanceCount,
    clientCount,
    connectionBasedClientCount: counts.connections,
    ephemeralIpPortClientCount: counts.ephemeralInstances,
    persistentIpPortClientCount: counts.persistentInstances,
    responsibleClientCount: clientCount,
    cpu: counts.cpu,
    load: counts.load,
    mem: counts.mem,
  })
}

/** The answer of GET /operator/switches: Nacos' own defaults, which are what Cairn does. */
export const SWITCHES: string = JSON.stringify({
  name: '00-00---000-NACOS_SWITCH_DOMAIN-000---00-00',
  masters: null,
  adWeightMap: {},
  defaultPushCacheMillis: 10_000,
  clientBeatInterval: DEFAULT_TIMES.intervalMs,
  defaultCacheMillis: LIST_CACHE_MS,
  distroThreshold: 0.7,
  healthCheckEnabled: true,
  autoChangeHealthCheckEnabled: true,
  distroEnabled: true,
  enableStandalone: true,
  pushEnabled: true,
  checkTimes: 3,
  httpHealthParams: { max: 5_000, min: 500, factor: 0.85 },
  tcpHealthParams: { max: 5_000, min: 1_000, factor: 0.75 },
  mysqlHealthParams: { max: 3_000, min: 2_000, factor: 0.65 },
  incrementalList: [],
  serverStatusSynchronizationPeriodMillis: 2_000,
  serviceStatusSynchronizationPeriodMillis: 5_000,
  disableAddIP: false,
  sendBeatOnly: false,
  lightBeatEnabled: true,
  limitedUrlMap: {},
  distroServerExpiredMillis: 10_000,
  pushGoVersion: '0.1.0',
  pushJavaVersion: '0.1.0',
  pushPythonVersion: '0.4.3',
  pushCVersion: '1.0.12',
  pushCSharpVersion: '0.9.0',
  enableAuthentication: false,
  overriddenServerStatus: null,
  defaultInstanceEphemeral: true,
  healthCheckWhiteList: [],
  checksum: null,
})

/** The answer of GET /operator/servers; `address` is `host:port`, IPv6 hosts in brackets. */
export function encodeServers(address: string, status: ServerStatus, at: Millis): string {
  const [ip, port] = splitAddress(address)
  const extendInfo = {
    raftPort: String(port - 1_000),
    site: 'unknow',
    adWeight: '0',
    weight: '1',
    lastRefreshTime: at,
    version: NACOS_VERSION,
  }
  const state = status === 'STARTING' || status === 'DOWN' ? status : 'UP'
  const abilities = {}
  const member = { ip, port, state, extendInfo, address, failAccessCnt: 0, abilities }
  return JSON.stringify({ servers: [member] })
}

/** The answer of GET /health/server. */
export function encodeServerHealth(services: number, address: string): string {
  const [, port] = splitAddress(address)
  const greeting = 'Hello! I am Nacos-Naming and healthy! total services'
  return JSON.stringify({ msg: `${greeting}: raft ${services}, local port:${port}` })
}

/**
 * The answer of GET /console/server/state: every value is text. `standalone_mode` is the name up
 * to 2.2, `startup_mode` the one since 2.3.
 */
export function encodeServerState(address: string, cairnVersion: string): string {
  const [, port] = splitAddress(address)
  return JSON.stringify({
    standalone_mode: 'standalone',
    startup_mode: 'standalone',
    function_mode: null,
    version: NACOS_VERSION,
    server_port: String(port),
    auth_enabled: 'false',
    login_page_enabled: 'false',
    auth_system_type: 'nacos',
    auth_admin_request: 'false',
    console_ui_enabled: 'false',
    cairn_version: cairnVersion,
  })
}

/** The answer of a login while auth is off: any name gets in, as in Nacos 2.x. */
export function encodeOpenLogin(username: string): string {
  // Java, Go and Python wait for a number of seconds here; Go 1.x panics without.
  return JSON.stringify({
    accessToken: OPEN_TOKEN,
    tokenTtl: 18_000,
    globalAdmin: true,
    username: username || 'nacos',
  })
}

/** What Nacos gives for a token while auth is off. */
export const OPEN_TOKEN = 'AUTH_DISABLED'

/**
 * The answer of /nacos/serverlist. `\r\n` between the lines and nothing after the last one: Node
 * splits by `\r\n` alone, and would take an empty last line for a server.
 */
export function encodeServerList(addresses: readonly string[]): string {
  return addresses.join('\r\n')
}

function splitAddress(address: string): readonly [string, number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon), Number(address.slice(colon + 1))]
}
