import { rate, type Section } from './dashboard.ts'

export const DNS_LOCALITY: Section = {
  title: 'Where do answers come from?',
  panels: [
    {
      title: 'Locality',
      description:
        'Answers to clients with a cluster. Much "beyond": that cluster is not well, or lacks services.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (area) (${rate('cairn_dns_locality_total{$S}')})`, legend: '{{area}}' },
      ],
    },
    {
      title: 'EDNS Client Subnet',
      description:
        'What became of it. "untrusted": its sender is not in dns.ecs_trusted, so it is ignored.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (outcome) (${rate('cairn_dns_ecs_total{$S}')})`, legend: '{{outcome}}' },
      ],
    },
    {
      title: 'Drains, lost log lines',
      description:
        'Instances that leave the answers now, and sampled answers that the log was too slow for.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(cairn_draining_instances{$S})', legend: 'draining' },
        { expr: `sum(${rate('cairn_dns_log_lost_total{$S}')})`, legend: 'lost per second' },
      ],
    },
  ],
}
