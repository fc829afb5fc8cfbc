/** What runs, as it really came up: a port that was 0 in the settings is the real one here. */
export interface BannerFacts {
  readonly version: string
  readonly name: string
  readonly mode: string
  readonly readyInSeconds: number
  readonly http: Listening
  /** Absent while there is no gRPC front. */
  readonly grpc?: Listening
  readonly dns: Listening & {
    readonly zones: readonly string[]
    /** Ports of DNS over TLS and over HTTPS; absent: not opened. */
    readonly dot?: number | undefined
    readonly doh?: number | undefined
  }
}

export interface Listening {
  /** At least one literal; the first one is shown. */
  readonly addresses: readonly string[]
  readonly port: number
}

/** The lines that greet an operator; only what runs is in them. */
export function banner(facts: BannerFacts, isTerminal: boolean): string {
  const lines = [headline(facts, isTerminal), ...doors(facts).map(row)]
  // A journal is read later and elsewhere: what to type now has no place in it.
  if (isTerminal) lines.push(...tries(facts))
  return `${lines.join('\n')}\n`
}

function headline({ version, mode, readyInSeconds }: BannerFacts, isTerminal: boolean): string {
  const name = isTerminal ? `\u001b[1mcairn ${version}\u001b[22m` : `cairn ${version}`
  return `${name}  ${mode}  ready in ${readyInSeconds.toFixed(1)} s`
}

type Row = readonly [name: string, first: string, second?: string]

function doors(facts: BannerFacts): readonly Row[] {
  const { http, grpc, dns, name } = facts
  const url = `http://${endpoint(http, name)}`
  const ports = `${shown(http)} (HTTP)${grpc === undefined ? '' : `  :${grpc.port} (gRPC)`}`
  return [
    ['nacos', ports, `spring.cloud.nacos.server-addr=${endpoint(http, name)}`],
    ['dns', `${shown(dns)} udp+tcp`, zonesOf(dns.zones)],
    ...encryptedDoors(dns, name),
    ['metrics', `${url}/metrics`, `health ${url}/readyz`],
  ]
}

function encryptedDoors({ addresses, dot, doh }: BannerFacts['dns'], name: string): readonly Row[] {
  const rows: Row[] = []
  if (dot !== undefined) rows.push(['dns', `${shown({ addresses, port: dot })} tls`])
  if (doh !== undefined) {
    const url = `https://${endpoint({ addresses, port: doh }, name)}/dns-query`
    rows.push(['dns', `${shown({ addresses, port: doh })} https`, url])
  }
  return rows
}

function row([name, first, second]: Row): string {
  return `  ${name.padEnd(8)}  ${first.padEnd(36)}  ${second ?? ''}`.trimEnd()
}

function zonesOf(zones: readonly string[]): string {
  const more = zones.length > 3 ? ` and ${zones.length - 3} more` : ''
  return `zone${zones.length === 1 ? '' : 's'} ${zones.slice(0, 3).join(' ')}${more}`
}

function tries({ http, dns }: BannerFacts): readonly string[] {
  const [zone = 'nacos.'] = dns.zones
  const api = `http://${endpoint(http, '127.0.0.1')}/nacos/v1/ns/instance`
  const port = dns.port === 53 ? '' : ` -p ${dns.port}`
  return [
    `try   curl -X POST '${api}?serviceName=orders&ip=10.0.0.7&port=8080'`,
    `      dig @${reachable(dns, '127.0.0.1')}${port} orders.${zone.replace(/\.$/, '')} SRV`,
  ]
}

function shown(listening: Listening): string {
  return `${bracketed(listening.addresses[0] ?? '')}:${listening.port}`
}

function endpoint(listening: Listening, name: string): string {
  return `${bracketed(reachable(listening, name))}:${listening.port}`
}

/** An address that can be dialled: a wildcard is listened on, not connected to. */
function reachable({ addresses }: Listening, otherwise: string): string {
  const first = addresses[0] ?? ''
  return first === '0.0.0.0' || first === '::' ? otherwise : first
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
