import { expandListen, localNets } from '../adapters/dns/local-addresses.ts'
import type { DnsFront, DnsFrontOptions } from '../adapters/dns/front.ts'
import type { UdpSettings } from '../adapters/dns/worker-data.ts'
import { PortTaken } from '../adapters/dns/probe-port.ts'
import { parseIPv4, parseIPv6 } from '../kernel/ip.ts'
import type { AnswerPolicy, NamespacePolicy } from '../core/dns/compile/answer-policy.ts'
import type { ZoneTableSettings } from '../core/dns/compile/zone-table.ts'
import { parseName } from '../core/dns/name.ts'
import type { NamespaceId } from '../core/registry/ids.ts'
import type { Build } from './cli.ts'
import { transferAccess } from './dns-access.ts'
import { forwardData } from './dns-forward.ts'
import { PortError } from './failure.ts'
import type { Answers } from './settings/kinds-many.ts'
import type { Settings } from './settings/settings.ts'

/** The settings of answers, in the words of the zone table. */
export function zoneTableSettings(settings: Settings): ZoneTableSettings {
  const { dns } = settings
  const addresses = expandListen(settings.server.listen)
  const v4 = addresses.flatMap((address) => octetsOf(parseIPv4(address)))
  const v6 = addresses.flatMap((address) => parseIPv6(address) ?? [])
  return {
    zones: dns.zone.map((zone) => parseName(zone)),
    reverseZones: dns.reverseZones.map((zone) => parseName(zone)),
    ...answerPolicy(settings),
    negativeTtl: dns.negativeTtlSeconds,
    failOpen: dns.failOpen,
    nameServers: { v4, v6 },
  }
}

/** What is answered unless a service says otherwise. */
export function answerPolicy({ dns }: Settings): AnswerPolicy {
  const ids = new Set([...dns.namespaceTtl.keys(), ...dns.namespaceAnswers.keys()])
  const policies = [...ids].map((id): readonly [NamespaceId, NamespacePolicy] => {
    const ttl = dns.namespaceTtl.get(id)
    const answers = dns.namespaceAnswers.get(id)
    return [
      id,
      {
        ...(ttl === undefined ? {} : { ttl }),
        ...(answers === undefined ? {} : { answers: numberOf(answers) }),
      },
    ]
  })
  return {
    ttl: dns.ttlSeconds,
    answers: numberOf(dns.answers),
    locality: dns.localityMode,
    namespaces: new Map(policies),
  }
}

function numberOf(answers: Answers): number {
  if (answers === 'auto') return 0
  return answers === 'all' ? -1 : answers
}

function octetsOf(v4: number | undefined): readonly Uint8Array[] {
  return v4 === undefined ? [] : [Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4)]
}

type Given = Pick<DnsFrontOptions['shared'], 'gate' | 'tls'> & Pick<UdpSettings, 'engine'>

/** What every DNS worker is told. */
export function dnsShared(
  settings: Settings,
  build: Build,
  { gate, tls, engine }: Given,
): DnsFrontOptions['shared'] {
  const { dns } = settings
  return {
    responder: {
      udpSize: dns.ednsUdpSize,
      nsid: new TextEncoder().encode(dns.nsid),
      version: `cairn ${build.version}`,
      host: dns.nsid,
      tcpKeepalive: Math.floor(dns.tcpIdleMs / 100),
      strictSrv: dns.strictSrv,
      localNets: localNets(),
      localities: dns.localities.map(({ network: { octets, bits }, cluster }) => {
        return { octets: Uint8Array.from(octets), bits, cluster }
      }),
      ecsTrusted: dns.ecsTrusted.map(({ text }) => text),
    },
    access: transferAccess(settings),
    forward: forwardData(settings),
    groupAliases: dns.groupAliases,
    namespaceAliases: dns.namespaceAliases,
    gate,
    tls,
    udp: { engine, isRealtime: dns.realtime, receiveBufferBytes: dns.receiveBufferBytes },
    tcp: {
      connectionsMax: Math.ceil(dns.tcpConnectionsMax / dns.workers),
      connectionsPerClientMax: dns.tcpConnectionsPerClientMax,
      idleMs: dns.tcpIdleMs,
      messageMs: dns.tcpMessageTimeoutMs,
    },
  }
}

/** 0: any free port. */
export function dnsPorts({ dns }: Settings): DnsFrontOptions['ports'] {
  const { port, dotPort, dohPort } = dns
  return {
    dns: port,
    dot: dotPort === 'off' ? undefined : dotPort,
    doh: dohPort === 'off' ? undefined : dohPort,
  }
}

/** Starts the workers; a port that cannot be had is told in the words of the settings. */
export async function startDns(dns: DnsFront): Promise<void> {
  try {
    await dns.start()
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error
    throw new PortError(error.setting, error.address, error.port, error.cause)
  }
}
