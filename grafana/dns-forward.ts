import { quantile, rate, type Section } from './dashboard.ts'

/** Names that are not ours, for servers that forward. */
export const FORWARD: Section = {
  title: 'Names of others: forwarder and cache',
  panels: [
    {
      title: 'Cache',
      description:
        'Known, unknown, and stale: given though run out, because no upstream could be asked.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum(${rate('cairn_dns_cache_hits_total{$S}')})`, legend: 'hits' },
        { expr: `sum(${rate('cairn_dns_cache_misses_total{$S}')})`, legend: 'misses' },
        { expr: `sum(${rate('cairn_dns_cache_stale_total{$S}')})`, legend: 'stale' },
        { expr: `sum(${rate('cairn_dns_cache_prefetches_total{$S}')})`, legend: 'prefetches' },
      ],
    },
    {
      title: 'Upstream duration',
      description: 'Time from a question to what upstreams said of it; stubs give up after 5 s.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        { expr: quantile(0.5, 'cairn_dns_forward_duration_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'cairn_dns_forward_duration_seconds'), legend: 'p99' },
      ],
    },
    {
      title: 'Asked of upstreams',
      description: 'Queries sent. Much TCP: long answers, or an upstream that folds the case.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          expr: `sum by (proto) (${rate('cairn_dns_forward_queries_total{$S}')})`,
          legend: '{{proto}}',
        },
      ],
    },
    {
      title: 'Trouble with upstreams',
      description:
        'Silent tries, questions without answer, packets that were no answer, questions shed.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum(${rate('cairn_dns_forward_timeouts_total{$S}')})`, legend: 'timeouts' },
        { expr: `sum(${rate('cairn_dns_forward_failures_total{$S}')})`, legend: 'failures' },
        { expr: `sum(${rate('cairn_dns_forward_discarded_total{$S}')})`, legend: 'discarded' },
        { expr: `sum(${rate('cairn_dns_forward_shed_total{$S}')})`, legend: 'shed' },
      ],
    },
    {
      title: 'On their way',
      description:
        'Questions asked and waiting; upstreams left out because they lead back to this server.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(cairn_dns_forward_in_flight{$S})', legend: 'in flight' },
        { expr: 'sum(cairn_dns_forward_queued{$S})', legend: 'queued' },
        { expr: 'max(cairn_dns_forward_looping{$S})', legend: 'looping upstreams' },
      ],
    },
    {
      title: 'Cache memory',
      description: 'Bytes of cached answers, at most dns.cache_bytes; entries and evictions.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(cairn_dns_cache_bytes{$S})', legend: 'bytes' },
        { expr: 'sum(cairn_dns_cache_entries{$S})', legend: 'entries' },
        {
          expr: `sum(${rate('cairn_dns_cache_evictions_total{$S}')})`,
          legend: 'evictions per second',
        },
      ],
    },
  ],
}
