import { encodeLabel } from '../../core/dns/labels.ts'
import { DEFAULT_GROUP, PUBLIC } from '../../core/registry/ids.ts'
import type { Settings } from './settings.ts'
import type { Mistake } from './toml.ts'

/** Mistakes that only show when two settings are seen together. */
export function checkTogether(
  settings: Settings,
  rows: readonly { readonly key: string; readonly origin: string }[],
): readonly Mistake[] {
  const where = (key: string): string => rows.find((row) => row.key === key)?.origin ?? key
  return [
    ...portsThatClash(settings, where),
    ...capsThatClash(settings, where),
    ...tlsThatLacks(settings, where),
    ...aliasesThatMislead(settings, where),
    ...localitiesThatClash(settings, where),
  ]
}

type Where = (key: string) => string

function* portsThatClash({ http, grpc, peer, dns }: Settings, where: Where): Iterable<Mistake> {
  const taken = new Map<number, string>()
  const ports: Readonly<Record<string, number | 'off'>> = {
    'http.port': http.port,
    'grpc.port': grpc.port,
    'peer.port': peer.port,
    'dns.port': dns.port,
    'dns.dot_port': dns.dotPort,
    'dns.doh_port': dns.dohPort,
  }
  for (const [key, port] of Object.entries(ports)) {
    if (port === 'off') continue
    const other = taken.get(port)
    taken.set(port, key)
    if (port === 0 || other === undefined) continue
    // Whichever the operator wrote is the one to look at.
    const [said, silent] = where(key) === 'default' ? [other, key] : [key, other]
    yield { where: where(said), what: `${said}: port ${port} is already that of ${silent}` }
  }
}

/** RFC 1035 §2.3.4. */
const LABEL_MAX = 63

function* aliasesThatMislead({ dns }: Settings, where: Where): Iterable<Mistake> {
  const kinds = [
    ['dns.group_aliases', dns.groupAliases, 'group', { label: 'default', name: DEFAULT_GROUP }],
    ['dns.namespace_aliases', dns.namespaceAliases, 'namespace', { label: 'public', name: PUBLIC }],
  ] as const
  for (const [key, aliases, role, own] of kinds) {
    for (const [label, name] of aliases) {
      const what = faultOf(label, name, role, own)
      if (what !== undefined) yield { where: where(key), what: `${key}: ${what}` }
    }
  }
}

function faultOf(
  label: string,
  name: string,
  role: 'group' | 'namespace',
  own: { readonly label: string; readonly name: string },
): string | undefined {
  if (label.startsWith('_')) return `"${label}" would be a selector, for it begins with "_"`
  if (label === own.label && name !== own.name) return `"${label}" always means ${own.name}`
  if (encodeLabel(name, role).length <= LABEL_MAX) return undefined
  return `the ${role} "${name}" is longer than a DNS label, even by its alias "${label}"`
}

function* capsThatClash({ dns }: Settings, where: Where): Iterable<Mistake> {
  const key = 'dns.tcp_connections_per_client_max'
  if (dns.tcpConnectionsPerClientMax <= dns.tcpConnectionsMax) return
  // Only said when the operator chose it: a small total alone is no mistake.
  if (where(key) === 'default') return
  yield { where: where(key), what: `${key}: must not be above dns.tcp_connections_max` }
}

function* tlsThatLacks({ dns }: Settings, where: Where): Iterable<Mistake> {
  const { tlsCert, tlsKey } = dns
  const ports = { 'dns.dot_port': dns.dotPort, 'dns.doh_port': dns.dohPort }
  for (const [key, port] of Object.entries(ports)) {
    if (port === 'off' || (tlsCert !== '' && tlsKey !== '')) continue
    yield { where: where(key), what: `${key}: needs dns.tls_cert and dns.tls_key` }
  }
  if ((tlsCert === '') === (tlsKey === '')) return
  const [said, lacking] =
    tlsCert === '' ? ['dns.tls_key', 'dns.tls_cert'] : ['dns.tls_cert', 'dns.tls_key']
  yield { where: where(said), what: `${said}: is of no use without ${lacking}` }
}

/** One network is one place. */
function* localitiesThatClash({ dns }: Settings, where: Where): Iterable<Mistake> {
  const key = 'dns.localities'
  const clusters = new Map<string, string>()
  for (const { network, cluster } of dns.localities) {
    const { octets, bits } = network
    const id = `${octets.map((octet, i) => octet & maskOf(bits - 8 * i)).join('.')}/${bits}`
    const other = clusters.get(id)
    clusters.set(id, cluster)
    if (other === undefined || other === cluster) continue
    const what = `${key}: ${network.text} is in two clusters, ${other} and ${cluster}`
    yield { where: where(key), what }
  }
}

/** The octet of a netmask in which so many bits are left. */
function maskOf(bits: number): number {
  return 255 & ~(255 >> Math.max(0, bits))
}
