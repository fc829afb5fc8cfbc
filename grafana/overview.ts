import { quantile, rate, type Board, type Section } from './dashboard.ts'

const IS_IT_UP: Section = {
  title: 'Is it up?',
  panels: [
    {
      title: 'Members',
      description: 'Members that were scraped, by version. Two versions at once: a roll-out.',
      kind: 'stat',
      unit: 'short',
      width: 8,
      queries: [{ expr: 'count by (version) (cairn_build_info{$S})', legend: '{{version}}' }],
    },
    {
      title: 'Up since',
      description: 'Time since each member started. All of them short: look for a crash.',
      kind: 'stat',
      unit: 's',
      width: 8,
      queries: [{ expr: 'time() - process_start_time_seconds{$S}', legend: '{{instance}}' }],
    },
    {
      title: 'Registered',
      description: 'Services and instances that are registered now.',
      kind: 'stat',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(cairn_services{$S})', legend: 'services' },
        { expr: 'sum(cairn_instances{$S})', legend: 'instances' },
      ],
    },
  ],
}

const IS_IT_RIGHT: Section = {
  title: 'Is it right?',
  panels: [
    {
      title: 'Instances by state',
      description:
        'Healthy, unhealthy and disabled. A cliff in healthy ones is an outage of clients.',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'sum by (state, kind) (cairn_instances{$S})', legend: '{{state}} {{kind}}' },
      ],
    },
    {
      title: 'Changes of the registry',
      description:
        'What happened, per second. Many expired or recovered instances: clients are slow to beat.',
      kind: 'timeseries',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: `sum by (reason) (${rate('cairn_registry_changes_total{$S}')})`,
          legend: '{{reason}}',
        },
      ],
    },
    {
      title: 'Largest namespaces',
      description: 'The ten namespaces with the most services.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'topk(10, sum by (namespace) (cairn_services{$S}))', legend: '{{namespace}}' },
      ],
    },
    {
      title: 'HTTP answers by code',
      description: 'Requests of the API per second. 5xx are ours, 4xx are the clients’.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (code) (${rate('cairn_http_requests_total{$S}')})`, legend: '{{code}}' },
      ],
    },
    {
      title: 'DNS answers by rcode',
      description:
        'Queries per second. SERVFAIL is ours; NXDOMAIN is mostly search lists of clients.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (rcode) (${rate('cairn_dns_responses_total{$S}')})`, legend: '{{rcode}}' },
      ],
    },
  ],
}

const IS_IT_FAST: Section = {
  title: 'Is it fast?',
  panels: [
    {
      title: 'HTTP, slowest routes',
      description: 'The 99th percentile of the ten slowest routes.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: `topk(10, ${quantile(0.99, 'cairn_http_request_duration_seconds', 'route')})`,
          legend: '{{route}}',
        },
      ],
    },
    {
      title: 'DNS',
      description: 'Time from reading a query to sending its answer.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        { expr: quantile(0.5, 'cairn_dns_request_duration_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'cairn_dns_request_duration_seconds'), legend: 'p99' },
      ],
    },
    {
      title: 'Event loop',
      description:
        'How late the main thread was. DNS is answered by other threads and does not wait for it.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: 'max by (quantile) (cairn_eventloop_delay_seconds{$S})',
          legend: 'quantile {{quantile}}',
        },
      ],
    },
  ],
}

const WHY: Section = {
  title: 'Why?',
  panels: [
    {
      title: 'Processor',
      description: 'Processors used, of all threads.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [{ expr: rate('process_cpu_seconds_total{$S}'), legend: '{{instance}}' }],
    },
    {
      title: 'Memory',
      description: 'Resident memory of the process, and the heap of the main thread within it.',
      kind: 'timeseries',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: 'process_resident_memory_bytes{$S}', legend: '{{instance}} resident' },
        { expr: 'nodejs_heap_size_used_bytes{$S}', legend: '{{instance}} heap' },
      ],
    },
    {
      title: 'Garbage collection',
      description: 'Share of time that the main thread spends on it.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 8,
      queries: [
        {
          expr: `sum by (kind) (${rate('nodejs_gc_duration_seconds_sum{$S}')})`,
          legend: '{{kind}}',
        },
      ],
    },
    {
      title: 'Leases',
      description: 'Ephemeral instances whose beats are awaited, and how often one is looked at.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum(cairn_leases{$S})', legend: 'leases' },
        { expr: `sum(${rate('cairn_lease_looks_total{$S}')})`, legend: 'looks per second' },
      ],
    },
    {
      title: 'Stalls',
      description: 'Share of time in which the process stood still; leases got that time back.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 8,
      queries: [{ expr: rate('cairn_lease_stalled_seconds_total{$S}'), legend: '{{instance}}' }],
    },
    {
      title: 'HTTP connections',
      description:
        'Open ones of each member. Near http.connections_max someone does not close them.',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      queries: [{ expr: 'cairn_http_connections{$S}', legend: '{{instance}}' }],
    },
    {
      title: 'HTTP turned away',
      description:
        'Refused per second: too many connections, too many of one client, too much body.',
      kind: 'timeseries',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: `sum by (cause) (${rate('cairn_http_refused_total{$S}')})`,
          legend: '{{cause}}',
        },
      ],
    },
    {
      title: 'Files and lost log lines',
      description: 'Open file descriptors, and lines of the log that were not read fast enough.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'process_open_fds{$S}', legend: '{{instance}} open files' },
        { expr: rate('cairn_log_dropped_total{$S}'), legend: '{{instance}} lines lost per second' },
      ],
    },
  ],
}

export const OVERVIEW: Board = {
  uid: 'cairn-overview',
  title: 'Cairn / Overview',
  description: 'Is it up, is it right, is it fast, and why.',
  sections: [IS_IT_UP, IS_IT_RIGHT, IS_IT_FAST, WHY],
}
