const LINK_LOCAL = '169.254.'

/**
 * The host that clients are told to connect to: the first address that is listened on. A wildcard
 * is none, so then it is the first of this machine's own that others can reach; the name only when
 * there is none, for clients elsewhere may not resolve it.
 */
export function selfHost(
  listen: readonly string[],
  local: readonly string[],
  name: string,
): string {
  const hasIPv4 = listen.includes('0.0.0.0')
  const hasIPv6 = listen.includes('::')
  const explicit = listen.find((address) => !(address.includes(':') ? hasIPv6 : hasIPv4))
  if (explicit !== undefined && (isReachable(explicit) || (!hasIPv4 && !hasIPv6))) return explicit
  const reachable = local.filter(isReachable)
  const ipv4 = hasIPv4 ? reachable.find((address) => !address.includes(':')) : undefined
  const ipv6 = hasIPv6 ? reachable.find((address) => address.includes(':')) : undefined
  return ipv4 ?? ipv6 ?? name
}

function isReachable(address: string): boolean {
  return !address.startsWith('127.') && address !== '::1' && !address.startsWith(LINK_LOCAL)
}
