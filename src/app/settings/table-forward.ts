import { millis } from '../../kernel/ids.ts'
import { duration, FLAG, integer, seconds, size } from './kinds.ts'
import { listOf } from './kinds-many.ts'
import { CLIENTS, FORWARD_ZONES, PATH_OR_OFF, UPSTREAM } from './kinds-forward.ts'
import type { DnsForwardSettings } from './settings.ts'
import type { Take } from './table.ts'

/** RFC 5358: who is near. Loopback, private and link-local networks, and those we are part of. */
const NEAR: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fe80::/10',
  'fc00::/7',
  'attached',
]

/** Names that are not ours: whom to ask, for whom, and what to keep. */
export function describeDnsForward(take: Take): DnsForwardSettings {
  return {
    forward: take('dns.forward', listOf(UPSTREAM, 0), [], {
      doc: 'Name servers to ask for names that are not ours; none: such names are refused.',
    }),
    forwardZones: take('dns.forward_zones', FORWARD_ZONES, new Map(), {
      doc: 'Name servers for names below a suffix: "corp.example." = ["10.0.0.2"].',
    }),
    resolvConf: take('dns.resolv_conf', PATH_OR_OFF, undefined, {
      doc: 'A resolv.conf whose name servers are asked, too; followed as it changes.',
    }),
    forwardTrusted: take('dns.forward_trusted', listOf(UPSTREAM, 0), [], {
      doc: 'Those of the name servers whose word on validation (AD) is handed on.',
    }),
    recursionAllow: take('dns.recursion_allow', listOf(CLIENTS, 0), NEAR, {
      doc: 'Clients that may ask for names that are not ours; others are refused.',
    }),
    forwardMixedCase: take('dns.forward_mixed_case', FLAG, true, {
      doc: 'Ask in random upper and lower case, which a forger would have to guess (0x20).',
    }),
    forwardSingleLabels: take('dns.forward_single_labels', FLAG, true, {
      doc: 'Ask for addresses of names without a dot, too; false: they do not exist.',
    }),
    forwardPrivateReverse: take('dns.forward_private_reverse', FLAG, true, {
      doc: 'Ask for names of private addresses, too; false: they do not exist.',
    }),
    ...describeForwardLimits(take),
  }
}

type Limits = Pick<
  DnsForwardSettings,
  | 'forwardInFlightMax'
  | 'forwardPerClientMax'
  | 'cacheBytes'
  | 'cacheTtlMax'
  | 'cacheNegativeTtlMax'
  | 'serveStaleMs'
>

function describeForwardLimits(take: Take): Limits {
  return {
    forwardInFlightMax: take('dns.forward_in_flight_max', integer(1, 65_535), 1_000, {
      doc: 'Questions on their way to name servers at a time; as many more may wait.',
    }),
    forwardPerClientMax: take('dns.forward_per_client_max', integer(1, 65_535), 20, {
      doc: 'Of these the questions of one client, in one worker; more of them wait.',
    }),
    cacheBytes: take('dns.cache_bytes', size('64KiB', '16GiB'), 64 * 2 ** 20, {
      doc: 'Memory for answers of other name servers, divided among the workers.',
    }),
    cacheTtlMax: take('dns.cache_ttl_max', seconds('0s', '168h'), 86_400, {
      doc: 'Longest that an answer of another name server is kept.',
    }),
    cacheNegativeTtlMax: take('dns.cache_negative_ttl_max', seconds('0s', '24h'), 3_600, {
      doc: 'Longest that another name server is believed that something does not exist.',
    }),
    serveStaleMs: take('dns.serve_stale', duration('0s', '168h'), millis(86_400_000), {
      doc: 'How long after its end an answer is served while nobody can be asked (RFC 8767).',
    }),
  }
}
