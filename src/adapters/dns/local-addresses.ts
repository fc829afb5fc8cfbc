import { networkInterfaces } from 'node:os'

/** systemd-resolved's stub: on port 53 these are taken, and nobody means them (dns.md §6.9). */
const STUBS = new Set(['127.0.0.53', '127.0.0.54'])

/**
 * The addresses to bind one by one: a wildcard stands for all local ones of its family, because an
 * answer must come from the address that was asked. Link-local IPv6 addresses need a scope: left
 * out.
 */
export function expandListen(listen: readonly string[]): readonly string[] {
  const local = listLocal()
  const expanded = listen.flatMap((address) => {
    if (address === '0.0.0.0') return local.filter((one) => !one.includes(':'))
    if (address === '::') return local.filter((one) => one.includes(':'))
    return [address]
  })
  return [...new Set(expanded)]
}

export function hasWildcard(listen: readonly string[]): boolean {
  return listen.includes('0.0.0.0') || listen.includes('::')
}

function listLocal(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .map((info) => info.address)
    .filter((address) => !address.startsWith('fe80:') && !STUBS.has(address))
}

/** Upper halves of this machine's IPv4 addresses, the loopback's excepted. */
export function localNets(): readonly number[] {
  const nets = listLocal()
    .filter((address) => !address.includes(':') && !address.startsWith('127.'))
    .map((address) => {
      const [a = 0, b = 0] = address.split('.').map(Number)
      return a * 256 + b
    })
  return [...new Set(nets)]
}

/** The networks that this machine has an address in, the loopback's excepted; CIDR notation. */
export function attachedNets(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [cidr]))
}
