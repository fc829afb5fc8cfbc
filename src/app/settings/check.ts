import type { Settings } from './settings.ts'
import type { Mistake } from './toml.ts'

/** Mistakes that only show when two settings are seen together. */
export function checkTogether(
  settings: Settings,
  rows: readonly { readonly key: string; readonly origin: string }[],
): readonly Mistake[] {
  const where = (key: string): string => rows.find((row) => row.key === key)?.origin ?? key
  return [...portsThatClash(settings, where), ...capsThatClash(settings, where)]
}

type Where = (key: string) => string

function* portsThatClash({ http, grpc, peer, dns }: Settings, where: Where): Iterable<Mistake> {
  const taken = new Map<number, string>()
  const ports = { 'http.port': http, 'grpc.port': grpc, 'peer.port': peer, 'dns.port': dns }
  for (const [key, { port }] of Object.entries(ports)) {
    const other = taken.get(port)
    taken.set(port, key)
    if (port === 0 || other === undefined) continue
    // Whichever the operator wrote is the one to look at.
    const [said, silent] = where(key) === 'default' ? [other, key] : [key, other]
    yield { where: where(said), what: `${said}: port ${port} is already that of ${silent}` }
  }
}

function* capsThatClash({ dns }: Settings, where: Where): Iterable<Mistake> {
  const key = 'dns.tcp_connections_per_client_max'
  if (dns.tcpConnectionsPerClientMax <= dns.tcpConnectionsMax) return
  // Only said when the operator chose it: a small total alone is no mistake.
  if (where(key) === 'default') return
  yield { where: where(key), what: `${key}: must not be above dns.tcp_connections_max` }
}
