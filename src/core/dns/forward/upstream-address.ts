import { formatIPv6, parseIPv4, parseIPv6 } from '../../../kernel/ip.ts'
import type { UpstreamAddress } from './upstream.ts'

const DNS_PORT = 53

/**
 * `10.0.0.2`, `10.0.0.2:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; undefined for all else. The
 * address is spelled as the system spells it, however it was written: texts are compared later on.
 */
export function parseUpstream(text: string): UpstreamAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text)
  const literal = match === null ? text : (match[1] ?? match[2] ?? '')
  const isV4 = match?.[1] === undefined && parseIPv4(literal) !== undefined
  const v6 = match?.[2] === undefined ? parseIPv6(literal) : undefined
  const port = Number(match?.[3] ?? DNS_PORT)
  if ((!isV4 && v6 === undefined) || port < 1 || port > 65_535) return undefined
  // An IPv4 address in the clothes of IPv6 is reached over IPv4.
  const address = v6 === undefined ? literal : formatIPv6(v6).replace(/^::ffff:(?=.*\.)/, '')
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
