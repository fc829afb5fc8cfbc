import { parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { UpstreamAddress } from './upstream.ts'

const DNS_PORT = 53

/** `10.0.0.2`, `10.0.0.2:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; undefined for all else. */
export function parseUpstream(text: string): UpstreamAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text)
  const address = match === null ? text : (match[1] ?? match[2] ?? '')
  const isV4 = match?.[1] === undefined && parseIPv4(address) !== undefined
  const isV6 = match?.[2] === undefined && parseIPv6(address) !== undefined
  const port = Number(match?.[3] ?? DNS_PORT)
  if ((!isV4 && !isV6) || port < 1 || port > 65_535) return undefined
  // An address that means "any" is no place to send to.
  return address === '0.0.0.0' || address === '::' ? undefined : { address, port }
}

export function formatUpstream({ address, port }: UpstreamAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The first three are used, as by glibc (resolv.conf(5)). */
const NAMESERVERS_MAX = 3

/** The name servers of a resolv.conf, without those that cannot be asked (scoped addresses). */
export function parseResolvConf(text: string): readonly UpstreamAddress[] {
  const servers = [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
    .map(([, address = '']) => parseUpstream(address))
    .filter((server) => server !== undefined)
  return servers.slice(0, NAMESERVERS_MAX)
}
