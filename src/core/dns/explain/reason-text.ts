import type { Reason } from './reason.ts'

/** Every reason for people. */
export const REASON_TEXT: Readonly<Record<Reason, string>> = {
  healthy: 'healthy',
  leaving: 'draining: answered until its time is up, with a short TTL',
  protect_threshold: 'not healthy, but too few are: at the protect threshold all are answered',
  fail_open: 'not healthy, but nobody is: rather one that may work than none (dns.fail_open)',
  silent: 'it does not beat',
  unhealthy: 'its health checks fail, or somebody said that it is unhealthy',
  disabled: 'disabled by an operator',
  weight_zero: 'its weight is 0',
  drained: 'drained: out of the answers, still registered',
  no_address: 'it was registered by a host name, and this type needs an address',
  no_target: 'its host is neither an address nor a name that DNS can hold',
  wrong_family: 'its address is of the other family',
  other_cluster: 'it is not in the cluster that the name asks for',
  other_protocol: 'it does not speak what the name asks for',
  not_local: "the client's own cluster answers",
  not_chosen: 'not drawn this time: an answer has fewer records than there are candidates',
  no_room: 'the answer was full',
}
