import { randomBytes } from 'node:crypto'
import type { ForwardData } from '../adapters/dns/forward/forward-data.ts'
import { attachedNets } from '../adapters/dns/local-addresses.ts'
import { upstreamAddresses } from './settings/kinds-forward.ts'
import type { Settings } from './settings/settings.ts'

/** What each DNS worker is told of forwarding; nothing when there is nobody to ask. */
export function forwardData({ dns }: Settings): ForwardData | undefined {
  const hasUpstream = dns.forward.length > 0 || dns.forwardZones.size > 0
  if (!hasUpstream && dns.resolvConf === undefined) return undefined
  return {
    upstreams: upstreamAddresses(dns.forward),
    resolvConf: dns.resolvConf,
    zones: new Map(
      [...dns.forwardZones].map(([zone, servers]) => [zone, upstreamAddresses(servers)]),
    ),
    trusted: upstreamAddresses(dns.forwardTrusted),
    allow: dns.recursionAllow.flatMap((net) => (net === 'attached' ? attachedNets() : [net])),
    cacheBytes: Math.floor(dns.cacheBytes / dns.workers),
    staleMs: dns.serveStaleMs,
    ttlMax: dns.cacheTtlMax,
    negativeTtlMax: dns.cacheNegativeTtlMax,
    inFlightMax: Math.ceil(dns.forwardInFlightMax / dns.workers),
    perClientMax: dns.forwardPerClientMax,
    isMixed: dns.forwardMixedCase,
    reserved: {
      blocksPrivateReverse: !dns.forwardPrivateReverse,
      blocksSingleLabels: !dns.forwardSingleLabels,
    },
    // 128 bits each: nobody guesses them while the process lives.
    loop: { label: randomBytes(16).toString('hex'), proof: randomBytes(16).toString('hex') },
  }
}
