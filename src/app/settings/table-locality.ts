import { choice, seconds } from './kinds.ts'
import { LOCALITY } from './kinds-locality.ts'
import { ANSWERS, byNamespace, listOf } from './kinds-many.ts'
import { NETWORK } from './kinds-transfer.ts'
import type { DnsLocalitySettings } from './settings.ts'
import type { Take } from './table.ts'

/** Who gets which answers: by where the client is, and by namespace. */
export function describeDnsLocality(take: Take): DnsLocalitySettings {
  return {
    localities: take('dns.localities', listOf(LOCALITY, 0), [], {
      doc: 'Networks of clients and their clusters; the longest prefix wins.',
    }),
    localityMode: take('dns.locality_mode', choice(['off', 'prefer', 'spill', 'only']), 'prefer', {
      doc: 'How far the own cluster goes before the others; metadata dns.locality overrides it.',
    }),
    ecsTrusted: take('dns.ecs_trusted', listOf(NETWORK, 0), [], {
      doc: 'Forwarders whose EDNS Client Subnet is believed (RFC 7871).',
    }),
    namespaceTtl: take('dns.namespace_ttl', byNamespace(seconds('0s', '3600s')), new Map(), {
      doc: 'TTL of answers by namespace: staging = "0s"; metadata dns.ttl overrides it.',
    }),
    namespaceAnswers: take('dns.namespace_answers', byNamespace(ANSWERS), new Map(), {
      doc: 'Instances per answer by namespace; metadata dns.answers overrides it.',
    }),
  }
}
