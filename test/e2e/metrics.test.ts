import { freePort } from '../free-port.ts'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BOARDS } from '../../grafana/build.ts'
import { exprOf } from '../../grafana/dashboard.ts'
import { askOverTcp, DnsClient } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

let server: TestServer
let api: NacosApi
let dns: DnsClient

beforeAll(async () => {
  const zones = fileURLToPath(new URL('../../zones', import.meta.url))
  // Parts that are off by default have metrics, too.
  const optional = ['--dns.transfer-allow=127.0.0.1']
  server = await TestServer.start({ flags: [`--dns.zones-dir=${zones}`, ...optional] })
  api = new NacosApi(server.url)
  dns = new DnsClient(server.dns)
  await traffic()
})

afterAll(async () => {
  dns[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
})

/** A little of everything that is counted. */
async function traffic(): Promise<void> {
  await api.register('orders', '10.0.0.1', 80)
  await api.register('orders', '10.0.0.2', 80, '&weight=3')
  await api.register('carts', '10.0.0.3', 80, '&enabled=false&ephemeral=false')
  await api.listed('orders')
  await fetch(`${server.url}/nacos/v1/ns/instance?serviceName=orders`, { method: 'POST' })
  for (const type of ['A', 'AAAA', 'SRV', 'TXT'] as const) await dns.ask('orders.nacos', type)
  await dns.ask('nobody.nacos', 'A')
  await askOverTcp(server.dns, 'orders.nacos', 'A')
}

async function scrape(): Promise<string> {
  return await (await fetch(`${server.url}/metrics`)).text()
}

/** Sum over all series of that name. */
function sumOf(text: string, name: string): number {
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const exprs = BOARDS.flatMap(({ sections }) =>
  sections.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(exprOf))),
)

test('every metric that a dashboard asks for is in a real scrape', async () => {
  const text = await scrape()
  const asked = new Set<string>(
    exprs.flatMap((expr) => expr.match(/\b(?:cairn|process|nodejs)_[a-z_]+/g) ?? []),
  )
  const absent = [...asked].filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(text))
  expect(absent).toEqual([])
})

test('the counters move with the traffic', async () => {
  const counters = [
    'cairn_dns_responses_total',
    'cairn_dns_no_data_total',
    'cairn_dns_tcp_accepted_total',
    'cairn_dns_request_duration_seconds_count',
    'cairn_dns_response_size_bytes_sum',
    'cairn_http_requests_total',
    'cairn_http_request_duration_seconds_count',
    'cairn_registry_changes_total',
    'cairn_dns_publish_delay_seconds_count',
  ]
  const before = await scrape()
  await traffic()
  await eventually(async () => {
    const after = await scrape()
    for (const name of counters) {
      expect(sumOf(after, name), name).toBeGreaterThan(sumOf(before, name))
    }
  })
  const text = await scrape()
  expect(text).toContain('cairn_services{namespace="public"} 2\n')
  expect(sumOf(text, 'cairn_instances')).toBe(3)
  expect(sumOf(text, 'cairn_leases')).toBe(2)
})

test('what clients choose is never a label', async () => {
  const text = await scrape()
  for (const chosen of ['orders', '10.0.0', 'nobody']) expect(text).not.toContain(chosen)
})

function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

const NOTICE = '(skipped without it: apt-get install prometheus)'

test.skipIf(!has('promtool'))(`promtool finds no fault with the scrape ${NOTICE}`, async () => {
  const input = await scrape()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  })
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' })
})

test.skipIf(!has('prometheus'))(
  `every panel shows something in Prometheus ${NOTICE}`,
  async () => {
    const port = await freePort()
    const config = join(server.folder, 'prometheus.yml')
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'cairn', static_configs: [{ targets: [`127.0.0.1:${server.http}`] }] },
        ],
      }),
    )
    const prometheus = spawn('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(server.folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ])
    try {
      const query = async (expr: string): Promise<number> => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expr)}`
        const { data } = (await (await fetch(url)).json()) as {
          data: { result: readonly unknown[] }
        }
        return data.result.length
      }
      await eventually(async () => {
        await traffic()
        expect(await query('count_over_time(up{job="cairn"}[1m]) >= 3')).toBe(1)
      }, 10_000)
      const empty: string[] = []
      for (const expr of exprs) {
        // What Grafana puts in the place of its variables.
        const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll(/"\$\w+"/g, '".*"')
        if ((await query(asked)) === 0) empty.push(expr)
      }
      expect(empty).toEqual([])
    } finally {
      const ended = once(prometheus, 'exit')
      prometheus.kill('SIGKILL')
      await ended
    }
  },
  30_000,
)
