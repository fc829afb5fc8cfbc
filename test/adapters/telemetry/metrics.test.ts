import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import {
  countResponse,
  observeDurations,
  observeSizes,
  scalarSlot,
  SCALARS,
  COUNTER_SLOTS,
} from '../../../src/core/dns/counters.ts'
import { createMetrics } from '../../../src/adapters/telemetry/metrics.ts'
import { aReading, aWorker, someSources } from './sources.ts'

async function scrape(sources = someSources()): Promise<readonly string[]> {
  const { body } = await createMetrics(sources).render()
  return body.split('\n')
}

test('counts of the registry are told as they were kept', async () => {
  const lines = await scrape()
  expect(lines).toContain('cairn_services{namespace="public"} 2')
  expect(lines).toContain('cairn_instances{namespace="public",state="healthy",kind="ephemeral"} 3')
  expect(lines).toContain('cairn_leases 3')
  expect(lines).toContain('cairn_build_info{version="0.1.0",node="26.10.0"} 1')
})

test('each event of the registry has its series before it happens', async () => {
  const metrics = createMetrics(someSources())
  metrics.count('registry_changes', 'instance_expired', 2)
  metrics.count('expiry_looks', 'lease', 5)
  metrics.count('stalled_ms', 'lease', 1_500)
  const { body, contentType } = await metrics.render()
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(body).toContain('cairn_registry_changes_total{reason="instance_expired"} 2\n')
  expect(body).toContain('cairn_registry_changes_total{reason="instance_registered"} 0\n')
  expect(body).toContain('cairn_lease_looks_total 5\n')
  expect(body).toContain('cairn_lease_stalled_seconds_total 1.5\n')
})

test('namespaces beyond the bound are summed', async () => {
  const names = Array.from({ length: 1_200 }, (_, i) => `ns${i}`)
  const registry = () => ({
    services: names.map((name) => [name, 1] as const),
    instances: names.flatMap((name) => [
      [name, 'ephemeral', 'healthy', 2] as const,
      [name, 'ephemeral', 'unhealthy', 1] as const,
    ]),
    leases: 0,
    draining: 0,
  })
  const lines = await scrape(someSources({ registry }))
  expect(lines.filter((line) => line.startsWith('cairn_services{'))).toHaveLength(1_001)
  expect(lines).toContain('cairn_services{namespace="(others)"} 200')
  expect(lines).toContain(
    'cairn_instances{namespace="(others)",state="healthy",kind="ephemeral"} 400',
  )
})

test('counters of all DNS workers are summed, and told again at each scrape', async () => {
  const [one, two] = [aWorker(), aWorker()]
  const metrics = createMetrics(someSources({ dns: () => aReading([one, two]) }))
  // A over UDP, NOERROR: the first type, the first rcode.
  countResponse(one, 0, 0, 0)
  countResponse(two, 0, 0, 0)
  two[scalarSlot('drop_send')] = 4
  const first = await metrics.render()
  expect(first.body).toContain(
    'cairn_dns_responses_total{proto="udp",type="A",rcode="NOERROR"} 2\n',
  )
  expect(first.body).toContain('cairn_dns_dropped_total{cause="send"} 4\n')
  countResponse(one, 0, 0, 0)
  const second = await metrics.render()
  expect(second.body).toContain('{proto="udp",type="A",rcode="NOERROR"} 3\n')
})

test('histograms of DNS are cumulated, with sum and count', async () => {
  const worker = aWorker()
  observeSizes(worker, 0, 50, 150)
  observeSizes(worker, 0, 150, 90_000)
  observeDurations(worker, 1, 3e-6, 1)
  const lines = await scrape(someSources({ dns: () => aReading([worker]) }))
  const size = 'cairn_dns_request_size_bytes'
  expect(lines).toContain(`# TYPE ${size} histogram`)
  expect(lines).toContain(`${size}_bucket{proto="udp",le="0"} 0`)
  expect(lines).toContain(`${size}_bucket{proto="udp",le="100"} 1`)
  expect(lines).toContain(`${size}_bucket{proto="udp",le="200"} 2`)
  expect(lines).toContain(`${size}_bucket{proto="udp",le="+Inf"} 2`)
  expect(lines).toContain(`${size}_sum{proto="udp"} 200`)
  expect(lines).toContain(`${size}_count{proto="udp"} 2`)
  expect(lines).toContain('cairn_dns_response_size_bytes_bucket{proto="udp",le="64000"} 1')
  expect(lines).toContain('cairn_dns_response_size_bytes_bucket{proto="udp",le="+Inf"} 2')
  expect(lines).toContain('cairn_dns_request_duration_seconds_bucket{proto="tcp",le="0.000004"} 1')
})

test('the state of each worker is told, but not of one that never spoke', async () => {
  const silent = new Float64Array(COUNTER_SLOTS)
  const lines = await scrape(someSources({ dns: () => aReading([aWorker(), silent]) }))
  const workers = lines.filter((line) => line.startsWith('cairn_dns_worker'))
  expect(workers).toEqual([
    'cairn_dns_worker_serial_lag{worker="0"} 2',
    'cairn_dns_worker_age_seconds{worker="0"} 1',
  ])
})

test.each([
  [5, 5, 0],
  [5, 6, 0],
  [1, 2 ** 32 - 1, 2],
  [2 ** 32 + 3, 1, 2],
])('serial %i published and %i seen is a lag of %i', async (publishedSerial, seen, lag) => {
  const worker = aWorker()
  worker[scalarSlot('serial_seen')] = seen
  const lines = await scrape(
    someSources({ dns: () => ({ ...aReading([worker]), publishedSerial }) }),
  )
  expect(lines).toContain(`cairn_dns_worker_serial_lag{worker="0"} ${lag}`)
})

test('of the table its memory, its index and what waits for it are told', async () => {
  const lines = await scrape(someSources())
  expect(lines.filter((line) => /^cairn_dns_(table|index|publish_(b|l))/.test(line))).toEqual([
    'cairn_dns_table_bytes{state="used"} 4096',
    'cairn_dns_table_bytes{state="waiting"} 512',
    'cairn_dns_table_bytes{state="touched"} 8192',
    'cairn_dns_table_bytes{state="reserved"} 65536',
    'cairn_dns_index_load_ratio 0.5',
    'cairn_dns_publish_backlog 3',
    'cairn_dns_publish_lag_seconds 0.25',
  ])
})

test('before DNS is up its metrics are declared and empty', async () => {
  const lines = await scrape(someSources({ dns: () => undefined }))
  expect(lines).toContain('# TYPE cairn_dns_responses_total counter')
  expect(lines.some((line) => line.startsWith('cairn_dns_table_bytes{'))).toBe(false)
})

test('each scalar that workers count is in a metric', async () => {
  const worker = aWorker()
  for (const [i, name] of SCALARS.entries()) worker[scalarSlot(name)] = 1_000_003 + i * 7
  const dns = () => ({ ...aReading([worker]), publishedSerial: 5e6, nowMs: 5e9 })
  const { body } = await createMetrics(someSources({ dns })).render()
  for (const [i, name] of SCALARS.entries()) {
    const value = 1_000_003 + i * 7
    const told = { serial_seen: 5e6 - value, alive_ms: (5e9 - value) / 1_000 }
    const expected = name === 'serial_seen' || name === 'alive_ms' ? told[name] : value
    expect(body, name).toContain(` ${expected}\n`)
  }
})

test('HTTP is told by route, method and code; strange methods are one', async () => {
  const metrics = createMetrics(someSources())
  metrics.observeHttp('/nacos/v1/ns/instance', 'POST', 200, 0.002)
  metrics.observeHttp('(none)', 'PROPFIND', 404, 0.002)
  const { body } = await metrics.render()
  expect(body).toContain(
    'cairn_http_requests_total{route="/nacos/v1/ns/instance",method="POST",code="200"} 1',
  )
  expect(body).toContain('{route="(none)",method="other",code="404"} 1')
  expect(body).toContain(
    'cairn_http_request_duration_seconds_bucket{le="0.0025",route="/nacos/v1/ns/instance"} 1',
  )
})

test('the delay of the event loop is 0 at rest and seen when it is blocked', async () => {
  const metrics = createMetrics(someSources())
  const delay = async (quantile: string): Promise<number> => {
    const { body } = await metrics.render()
    const match = new RegExp(`cairn_eventloop_delay_seconds\\{quantile="${quantile}"\\} (.+)`)
    return Number(match.exec(body)?.[1])
  }
  await delay('1')
  await new Promise((resolve) => {
    setTimeout(resolve, 30)
  })
  const end = performance.now() + 120
  while (performance.now() < end);
  await new Promise((resolve) => {
    setTimeout(resolve, 30)
  })
  expect(await delay('1')).toBeGreaterThan(0.05)
  expect(await delay('0.5')).toBeLessThan(0.1)
})

/** Of Debian's package prometheus. */
const PROMTOOL = 'promtool'
const promtool = spawnSync(PROMTOOL, ['--version'])

test.skipIf(promtool.error !== undefined)(
  'promtool finds nothing to say (skipped without promtool: apt-get install prometheus)',
  async () => {
    const metrics = createMetrics(someSources())
    metrics.observePublishDelay(0.0001)
    metrics.observeHttp('/metrics', 'GET', 200, 0.002)
    const { body } = await metrics.render()
    const checked = spawnSync(PROMTOOL, ['check', 'metrics'], { input: body, encoding: 'utf8' })
    expect(checked.stdout + checked.stderr).toBe('')
    expect(checked.status).toBe(0)
  },
)
