import { FORWARD } from './dns-forward.ts'
import { quantile, rate, type Board, type Section } from './dashboard.ts'
import { DNS_LOCALITY } from './dns-locality.ts'

const IS_IT_UP: Section = {
  title: 'Is it up?',
  panels: [
    {
      title: 'Queries',
      description: 'Answers per second, all transports.',
      kind: 'stat',
      unit: 'reqps',
      width: 6,
      queries: [{ expr: `sum(${rate('cairn_dns_responses_total{$S}')})`, legend: 'answers' }],
    },
    {
      title: 'Oldest sign of life',
      description:
        'Time since the most silent worker said that it is alive; a few seconds are normal.',
      kind: 'stat',
      unit: 's',
      width: 6,
      queries: [{ expr: 'max(cairn_dns_worker_age_seconds{$S})', legend: 'age' }],
    },
    {
      title: 'Members by engine',
      description: 'What carries UDP: batch is the fast one, dgram what works everywhere.',
      kind: 'stat',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'sum by (engine) (cairn_dns_engine_info{$S})', legend: '{{engine}}' }],
    },
    {
      title: 'Names',
      description: 'Names in the table of compiled answers.',
      kind: 'stat',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'sum(cairn_dns_names{$S})', legend: 'names' }],
    },
    {
      title: 'Static records',
      description: 'Records in the static zones.',
      kind: 'stat',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'sum by (zone) (cairn_zone_records{$S})', legend: '{{zone}}' }],
    },
  ],
}

const ANSWERS: Section = {
  title: 'Is it right? Answers',
  panels: [
    {
      title: 'By rcode',
      description: 'SERVFAIL: this member is not ready or broken. REFUSED: not a zone of ours.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (rcode) (${rate('cairn_dns_responses_total{$S}')})`, legend: '{{rcode}}' },
      ],
    },
    {
      title: 'By type and transport',
      description: 'What is asked for. Much TCP: answers do not fit into a datagram.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        {
          expr: `sum by (type, proto) (${rate('cairn_dns_responses_total{$S}')})`,
          legend: '{{type}} {{proto}}',
        },
      ],
    },
    {
      title: 'Without an answer',
      description:
        'Packets dropped. buffer, send: the kernel had no room for query or answer; ' +
        'rate: a network over its limit; overload: old after a stall.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 8,
      queries: [
        { expr: `sum by (cause) (${rate('cairn_dns_dropped_total{$S}')})`, legend: '{{cause}}' },
      ],
    },
    {
      title: 'No data, fail open, truncated',
      description:
        'The type is missing; no instance is healthy, so all are answered; cut, to be asked over TCP.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 12,
      queries: [
        { expr: `sum(${rate('cairn_dns_no_data_total{$S}')})`, legend: 'no data' },
        { expr: `sum(${rate('cairn_dns_fail_open_total{$S}')})`, legend: 'fail open' },
        { expr: `sum(${rate('cairn_dns_truncated_total{$S}')})`, legend: 'truncated' },
      ],
    },
    {
      title: 'Not shown as registered',
      description:
        'Names claimed twice, instances that DNS cannot show, errors in zones: each wants a look.',
      kind: 'timeseries',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max(cairn_dns_name_collisions{$S})', legend: 'collisions' },
        { expr: 'max(cairn_dns_unpublished_instances{$S})', legend: 'unpublished instances' },
        { expr: 'max by (zone) (cairn_zone_errors{$S})', legend: 'errors in {{zone}}' },
      ],
    },
  ],
}

const FRESH_AND_FAST: Section = {
  title: 'Is it fresh and fast?',
  panels: [
    {
      title: 'Duration',
      description: 'Time from reading a query to handing its answer to the kernel.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        {
          expr: quantile(0.5, 'cairn_dns_request_duration_seconds', 'proto'),
          legend: 'p50 {{proto}}',
        },
        {
          expr: quantile(0.99, 'cairn_dns_request_duration_seconds', 'proto'),
          legend: 'p99 {{proto}}',
        },
      ],
    },
    {
      title: 'From a change to its answers',
      description: 'Time from a change of the registry to its answers being in the table.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      queries: [
        { expr: quantile(0.5, 'cairn_dns_publish_delay_seconds'), legend: 'p50' },
        { expr: quantile(0.99, 'cairn_dns_publish_delay_seconds'), legend: 'p99' },
      ],
    },
    {
      title: 'Changes not yet seen',
      description:
        'Changes published that a worker has not seen. A worker that stays behind hangs.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'max by (worker) (cairn_dns_worker_serial_lag{$S})', legend: 'worker {{worker}}' },
      ],
    },
  ],
}

const WHY: Section = {
  title: 'Why?',
  panels: [
    {
      title: 'Sizes',
      description: 'Queries and answers; answers above the EDNS size are cut.',
      kind: 'timeseries',
      unit: 'bytes',
      width: 8,
      queries: [
        { expr: quantile(0.99, 'cairn_dns_request_size_bytes'), legend: 'query p99' },
        { expr: quantile(0.5, 'cairn_dns_response_size_bytes'), legend: 'answer p50' },
        { expr: quantile(0.99, 'cairn_dns_response_size_bytes'), legend: 'answer p99' },
      ],
    },
    {
      title: 'Connections',
      description:
        'TCP, DoT and DoH: open, accepted, refused at a limit, and closed for being silent.',
      kind: 'timeseries',
      unit: 'short',
      width: 8,
      queries: [
        { expr: 'sum by (proto) (cairn_dns_tcp_connections{$S})', legend: '{{proto}} open' },
        {
          expr: `sum by (proto) (${rate('cairn_dns_tcp_accepted_total{$S}')})`,
          legend: '{{proto}} accepted per second',
        },
        {
          expr: `sum by (proto) (${rate('cairn_dns_tcp_refused_total{$S}')})`,
          legend: '{{proto}} refused per second',
        },
        {
          expr: `sum by (proto) (${rate('cairn_dns_tcp_timeouts_total{$S}')})`,
          legend: '{{proto}} timed out per second',
        },
      ],
    },
    {
      title: 'Table',
      description:
        'Bytes of compiled answers. Touched is memory, reserved is address space (dns.table_bytes).',
      kind: 'timeseries',
      unit: 'bytes',
      width: 8,
      queries: [{ expr: 'max by (state) (cairn_dns_table_bytes{$S})', legend: '{{state}}' }],
    },
    {
      title: 'Publishing',
      description:
        'Services that wait to be compiled, how long the first of them does, and the index of names.',
      kind: 'timeseries',
      unit: 'short',
      width: 24,
      queries: [
        { expr: 'max(cairn_dns_publish_backlog{$S})', legend: 'services waiting' },
        { expr: 'max(cairn_dns_publish_lag_seconds{$S})', legend: 'seconds the first one waits' },
        { expr: 'max(cairn_dns_index_load_ratio{$S})', legend: 'share of the index in use' },
      ],
    },
    {
      title: 'Abuse',
      description:
        'Answers cut or dropped by the rate limit, or cut for being too long for a stranger; ' +
        'what cookies the queries had.',
      kind: 'timeseries',
      unit: 'reqps',
      width: 24,
      queries: [
        { expr: `sum(${rate('cairn_dns_rate_slipped_total{$S}')})`, legend: 'cut empty' },
        { expr: `sum(${rate('cairn_dns_stranger_cut_total{$S}')})`, legend: 'too long' },
        {
          expr: `sum(${rate('cairn_dns_dropped_total{$S,cause="rate"}')})`,
          legend: 'dropped',
        },
        {
          expr: `sum by (state) (${rate('cairn_dns_cookies_total{$S}')})`,
          legend: 'cookie: {{state}}',
        },
      ],
    },
  ],
}

const SECONDARIES: Section = {
  title: 'Do the secondaries follow?',
  panels: [
    {
      title: 'Zone transfers',
      description: 'How transfers ended: the changes alone, the whole zone, refused, cut short.',
      kind: 'timeseries',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `sum by (kind, result) (${rate('cairn_dns_transfers_total{$S}')})`,
          legend: '{{kind}} {{result}}',
        },
        { expr: 'sum(cairn_dns_transfers_running{$S})', legend: 'running' },
      ],
    },
    {
      title: 'NOTIFY and signatures',
      description: 'What became of NOTIFYs to secondaries; questions whose signature was wrong.',
      kind: 'timeseries',
      unit: 'ops',
      width: 8,
      queries: [
        {
          expr: `sum by (result) (${rate('cairn_dns_notifies_total{$S}')})`,
          legend: 'NOTIFY {{result}}',
        },
        {
          expr: `sum by (error) (${rate('cairn_dns_tsig_failures_total{$S}')})`,
          legend: 'TSIG {{error}}',
        },
      ],
    },
    {
      title: 'Bytes sent and kept',
      description: 'Octets of transfers per second, the journal of changes, and its entries.',
      kind: 'timeseries',
      unit: 'bytes',
      width: 8,
      queries: [
        {
          expr: `sum(${rate('cairn_dns_transfer_bytes_total{$S}')})`,
          legend: 'sent per second',
        },
        { expr: 'sum(cairn_dns_journal_bytes{$S})', legend: 'journal' },
        { expr: 'sum(cairn_dns_journal_entries{$S})', legend: 'journal entries' },
      ],
    },
  ],
}

export const DNS: Board = {
  uid: 'cairn-dns',
  title: 'Cairn / DNS',
  description: 'What is asked, what is answered, how fresh and how fast.',
  sections: [IS_IT_UP, ANSWERS, FRESH_AND_FAST, SECONDARIES, FORWARD, WHY, DNS_LOCALITY],
}
