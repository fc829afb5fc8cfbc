import { millis } from '../../kernel/ids.ts'
import {
  ADDRESS,
  choice,
  duration,
  FLAG,
  integer,
  seconds,
  size,
  text,
  type Kind,
} from './kinds.ts'
import {
  ANSWERS,
  GROUP,
  listOf,
  NAMESPACE,
  REVERSE_ZONE,
  tableOf,
  ZONE_NAME,
} from './kinds-many.ts'
import type {
  DnsAnswerSettings,
  DnsSettings,
  DnsTransportSettings,
  HostFacts,
  HttpSettings,
  NamingSettings,
  ServerSettings,
  Settings,
} from './settings.ts'

import { describeDnsAbuse } from './table-abuse.ts'
import { describeDnsTls } from './table-tls.ts'
import { describeDnsLocality } from './table-locality.ts'
import { describeDnsForward } from './table-forward.ts'
import { describeDnsTransfer } from './table-transfer.ts'

export interface Remarks {
  /** What it does, for `--help` and the sample file. */
  readonly doc: string
  /** Masked wherever settings are shown. */
  readonly secret?: boolean
  /** A second, short flag without its dashes. */
  readonly short?: string
}

/**
 * One setting is one call: `take` looks its value up, or lists it, or finds where it is wrong.
 * So the table below is read by all: the parser, the help, `--print-config` and the tests.
 */
export type Take = <T>(key: string, kind: Kind<T>, byDefault: T, remarks: Remarks) => T

const PORT = integer(0, 65_535)
const MIB = 2 ** 20

/** The table of all settings. */
export function describeSettings(take: Take, host: HostFacts): Settings {
  const server = describeServer(take, host)
  const http = describeHttp(take)
  const grpc = {
    port: take('grpc.port', PORT, beside(http.port, 1_000, 9848), {
      doc: 'gRPC for Nacos 2.x and 3.x clients; http.port + 1000. Not opened yet.',
    }),
  }
  const peer = {
    port: take('peer.port', PORT, beside(http.port, -1_000, 7848), {
      doc: 'Other members; http.port - 1000. Not opened yet, and never in standalone mode.',
    }),
  }
  const dns = describeDns(take, host, server.name)
  const naming = describeNaming(take)
  const log = {
    level: take('log.level', choice(['debug', 'info', 'warn', 'error']), 'info', {
      doc: 'Events below this level are not logged.',
    }),
    format: take('log.format', choice(['json']), 'json', {
      doc: 'One JSON object per line, on standard error.',
    }),
    dnsSample: take('log.dns_sample', integer(0, 1_000_000_000), 0, {
      doc: 'Log one DNS answer of so many, by chance, at level info; 1 logs each, 0 none.',
    }),
  }
  return { server, http, grpc, peer, dns, naming, log }
}

/** Nacos clients compute the gRPC port from the HTTP port, so the default follows it. */
function beside(httpPort: number, offset: number, otherwise: number): number {
  const port = httpPort + offset
  if (httpPort === 0) return 0
  return port > 0 && port <= 65_535 ? port : otherwise
}

function describeServer(take: Take, host: HostFacts): ServerSettings {
  return {
    name: take('server.name', text('a name', 255), host.name, {
      doc: "This member's name, as told to people and clients; the host's name by default.",
    }),
    dataDir: take('server.data_dir', text('a path', 4_096), './data', {
      doc: 'Directory for what outlives a restart.',
    }),
    listen: take('server.listen', listOf(ADDRESS, 1), ['127.0.0.1', '::1'], {
      doc: 'Addresses to listen on, for HTTP and DNS. 0.0.0.0 and :: open it to the network.',
      short: 'listen',
    }),
    mode: take('server.mode', choice(['standalone']), 'standalone', {
      doc: 'One member that needs no other.',
    }),
    drainMs: take('server.drain', duration('0s', '15s'), millis(200), {
      doc: 'How long a member that was told to stop still serves, while /readyz says no.',
    }),
  }
}

function describeHttp(take: Take): HttpSettings {
  return {
    port: take('http.port', PORT, 8848, {
      doc: 'Nacos Open API, /metrics, /livez and /readyz. 0: any free port.',
    }),
    bodyMaxBytes: take('http.body_max', size('1KiB', '64MiB'), 10 * MIB, {
      doc: 'Largest request body; a larger one is answered 413.',
    }),
    bodiesBytesMax: take('http.bodies_max', size('1MiB', '16GiB'), 128 * MIB, {
      doc: 'Request bodies under way, together; a large one above it is answered 503.',
    }),
    connectionsMax: take('http.connections_max', integer(1, 1_000_000), 10_000, {
      doc: 'Open HTTP connections; one more is closed at once.',
    }),
    connectionsPerClientMax: take('http.connections_per_client_max', integer(1, 1_000_000), 2_000, {
      doc: 'Open HTTP connections from one address.',
    }),
  }
}

function describeDns(take: Take, host: HostFacts, name: string): DnsSettings {
  const port = take('dns.port', PORT, 5300, { doc: 'DNS over UDP and TCP. 0: any free port.' })
  return {
    ...describeDnsAnswers(take, name),
    ...describeDnsTransport(take, host, port),
    ...describeDnsTransfer(take),
    ...describeDnsForward(take),
    ...describeDnsAbuse(take),
    ...describeDnsTls(take),
    ...describeDnsLocality(take),
  }
}

function describeDnsAnswers(take: Take, name: string): DnsAnswerSettings {
  return {
    zone: take('dns.zone', listOf(ZONE_NAME, 1), ['nacos.'], {
      doc: 'Zones in which registered services are answered.',
    }),
    zonesDir: take('dns.zones_dir', text('a path', 4_096), './zones', {
      doc: 'Static zones: the file example.test.zone is the zone example.test.',
    }),
    ttlSeconds: take('dns.ttl', seconds('0s', '3600s'), 1, {
      doc: 'TTL of answers from the registry; how long caches may miss a change.',
    }),
    negativeTtlSeconds: take('dns.negative_ttl', seconds('0s', '3600s'), 5, {
      doc: 'How long caches may remember that a name or type does not exist (RFC 2308).',
    }),
    failOpen: take('dns.fail_open', FLAG, true, {
      doc: 'When no instance is healthy answer all enabled ones, rather than none.',
    }),
    answers: take('dns.answers', ANSWERS, 'auto', {
      doc: 'Instances per answer: as many as fit well, all, or at most so many.',
    }),
    ...describeDnsNames(take, name),
  }
}

type DnsNames = Pick<
  DnsAnswerSettings,
  'reverseZones' | 'namespaceAliases' | 'groupAliases' | 'strictSrv' | 'nsid'
>

function describeDnsNames(take: Take, name: string): DnsNames {
  return {
    reverseZones: take('dns.reverse_zones', listOf(REVERSE_ZONE, 0), [], {
      doc: 'Reverse zones answered with authority, such as 10.in-addr.arpa.',
    }),
    namespaceAliases: take('dns.namespace_aliases', tableOf(NAMESPACE), new Map(), {
      doc: 'Short labels for namespaces: prod = "6f2b0c1e-1a2b-4c3d-8e9f-001122334455".',
    }),
    groupAliases: take('dns.group_aliases', tableOf(GROUP), new Map(), {
      doc: 'Short labels for groups: shop = "SHOP_GROUP".',
    }),
    strictSrv: take('dns.strict_srv', FLAG, false, {
      doc: 'Nothing, instead of all instances, for _name._tcp when none says protocol=name.',
    }),
    nsid: take('dns.nsid', text('a name', 255), name, {
      doc: 'Server identifier told on request (RFC 5001); server.name by default.',
    }),
  }
}

function describeDnsTransport(take: Take, host: HostFacts, port: number): DnsTransportSettings {
  return {
    port,
    workers: take('dns.workers', integer(1, 64), defaultWorkers(host), {
      doc: 'Threads that answer DNS; the processors less one by default.',
    }),
    ednsUdpSize: take('dns.edns_udp_size', integer(512, 4_096), 1_232, {
      doc: 'Largest UDP answer in bytes; a longer one is truncated and asked again over TCP.',
    }),
    tableBytes: take('dns.table_bytes', size('1MiB', '2047MiB'), 512 * MIB, {
      doc: 'Address space for compiled answers: reserved, and used as the registry grows.',
    }),
    engine: take('dns.engine', choice(['auto', 'batch', 'dgram']), 'auto', {
      doc: "What carries UDP: batches through node:ffi, or Node's sockets; auto: what works here.",
    }),
    realtime: take('dns.realtime', FLAG, false, {
      doc: 'DNS threads go before all ordinary ones (SCHED_RR); it takes CAP_SYS_NICE.',
    }),
    receiveBufferBytes: take('dns.receive_buffer', size('64KiB', '1GiB'), 4 * MIB, {
      doc: 'UDP receive buffer per socket; the kernel caps it at net.core.rmem_max.',
    }),
    tcpConnectionsMax: take('dns.tcp_connections_max', integer(1, 100_000), 1_000, {
      doc: 'Open DNS connections over TCP.',
    }),
    tcpConnectionsPerClientMax: take(
      'dns.tcp_connections_per_client_max',
      integer(1, 100_000),
      50,
      {
        doc: 'Open DNS connections over TCP from one address.',
      },
    ),
    tcpIdleMs: take('dns.tcp_idle', duration('100ms', '1h'), millis(10_000), {
      doc: 'A DNS connection over TCP without queries is closed after this (RFC 7766).',
    }),
    tcpMessageTimeoutMs: take('dns.tcp_message_timeout', duration('100ms', '1m'), millis(5_000), {
      doc: 'A query over TCP must have arrived in full within this.',
    }),
  }
}

/** The main thread keeps a processor of its own. */
function defaultWorkers({ cores }: HostFacts): number {
  return Math.min(Math.max(cores - 1, 1), 64)
}

function describeNaming(take: Take): NamingSettings {
  return {
    instancesPerServiceMax: take(
      'naming.instances_per_service_max',
      // The answer core numbers the instances of a service in 16 bits.
      integer(1, 65_535),
      10_000,
      { doc: 'A service with more instances refuses the next one.' },
    ),
    servicesPerNamespaceMax: take(
      'naming.services_per_namespace_max',
      integer(1, 10_000_000),
      50_000,
      { doc: 'A namespace with more services refuses the next one.' },
    ),
    metadataKeysMax: take('naming.metadata_keys_max', integer(0, 10_000), 64, {
      doc: 'Metadata keys per instance.',
    }),
    metadataBytesMax: take('naming.metadata_bytes_max', size('0B', '1MiB'), 8 * 1_024, {
      doc: 'Metadata of one instance, keys and values together.',
    }),
    expireInstances: take('naming.expire_instances', FLAG, true, {
      doc: 'Remove ephemeral instances that stay silent; false only marks them unhealthy.',
    }),
    emptyServiceMs: take('naming.empty_service', duration('1s', '24h'), millis(60_000), {
      doc: 'A service that was not created by hand and stays empty this long is removed.',
    }),
  }
}
