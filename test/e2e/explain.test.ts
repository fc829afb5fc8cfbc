import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/** What DNS answers and what it says about it, asked with the programs that people ask with. */
let server: TestServer
let api: NacosApi

beforeAll(async () => {
  server = await TestServer.start({ flags: ['--log.dns-sample=1', '--dns.answers=all'] })
  api = new NacosApi(server.url)
  const persistent = '&ephemeral=false'
  await api.register('orders', '10.0.0.1', 80, `${persistent}&weight=2`)
  await api.register('orders', '10.0.0.2', 80, `${persistent}&clusterName=bj`)
  await api.register('orders', '10.0.0.3', 80, `${persistent}&healthy=false`)
  await api.register('orders', '10.0.0.4', 80, `${persistent}&enabled=false`)
  await api.register('orders', '10.0.0.5', 80, `${persistent}&weight=0`)
  await api.register('orders', '10.0.0.6', 80, persistent)
  await api.register('orders', 'db.example', 80, persistent)
  await api.call('POST', '/cairn/v1/instance/drain?serviceName=orders&ip=10.0.0.6&port=80')
  await eventually(async () => {
    const { instances } = await explain()
    expect(instances.map(({ reason }) => reason)).toContain('drained')
    expect(instances).toHaveLength(REASONS.length)
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

interface Told {
  readonly in: number
  readonly answer: readonly { readonly data: string }[]
  readonly instances: readonly {
    readonly host: string
    readonly in: boolean
    readonly reason: string
    readonly since: string
  }[]
}

async function explain(query = 'name=orders.nacos'): Promise<Told> {
  return JSON.parse(await api.call('GET', `/cairn/v1/dns/explain?${query}`)) as Told
}

function dig(...question: readonly string[]): readonly string[] {
  const args = ['@127.0.0.1', '-p', String(server.dns), '+short', ...question]
  const { stdout } = spawnSync('dig', args, { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';;'))
}

function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

const NO_DIG = '(skipped without dig: apt-get install bind9-dnsutils)'
const NO_CURL = '(skipped without curl: apt-get install curl)'

const REASONS = [
  '10.0.0.1 in healthy',
  '10.0.0.2 in healthy',
  '10.0.0.3 out unhealthy',
  '10.0.0.4 out disabled',
  '10.0.0.5 out weight_zero',
  '10.0.0.6 out drained',
  'db.example out no_address',
]

test.skipIf(!has('dig'))(`_why with dig: every instance, in or out ${NO_DIG}`, () => {
  const [head = '', ...rows] = dig('_why.orders.nacos', 'TXT')
  expect(head).toContain('"svc=DEFAULT_GROUP@@orders" "ns=public" "healthy=3/4" "threshold=0"')
  expect(head).toContain('"client=127.0.0.1" "A=2/2 setting" "AAAA=0/0" "ttl=1"')
  const told = rows.map((row) => {
    const [way = '', host = ''] = row.split(' ')
    const [, why = ''] = /"why=(\w+)"/.exec(row) ?? []
    return `${host.replaceAll('"', '').replace(':80', '')} ${way.replaceAll('"', '')} ${why}`
  })
  expect(told).toEqual(REASONS)
  for (const row of rows) expect(row).toMatch(/"since=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/)
})

test.skipIf(!has('dig') || !has('curl'))(
  `curl and dig agree: listed is answered or explained ${NO_DIG} ${NO_CURL}`,
  async () => {
    for (const name of ['orders.nacos', '_c-bj.orders.nacos', '_all.orders.nacos']) {
      for (const type of ['A', 'AAAA', 'SRV']) {
        const url = `${server.url}/cairn/v1/dns/explain?name=${name}&type=${type}`
        const { stdout } = spawnSync('curl', ['-s', url], { encoding: 'utf8' })
        const { instances, answer } = JSON.parse(stdout) as Told
        const answered = dig(name, type)
        expect(answer.map(({ data }) => data).toSorted()).toEqual(answered.toSorted())
        const isIn = instances.filter((one) => one.in).length
        expect([name, type, isIn]).toEqual([name, type, answered.length])
        expect(instances).toHaveLength(REASONS.length)
      }
    }
  },
)

test('over HTTP the same reasons as over DNS, since the moment that they hold', async () => {
  const { instances } = await explain()
  const told = instances.map((one) => `${one.host} ${one.in ? 'in' : 'out'} ${one.reason}`)
  expect(told).toEqual(REASONS)
  for (const { since } of instances) {
    const age = Date.now() - Date.parse(since)
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThan(60_000)
  }
})

test.skipIf(!has('dig'))(`a sample of the answers is in the log ${NO_DIG}`, async () => {
  dig('we\\000ird.nacos', 'AAAA')
  const line = await eventually(() => {
    const found = server.log.find((one) => String(one['name']).startsWith('we'))
    if (found === undefined) throw new Error('not yet')
    return found
  })
  expect(line).toMatchObject({
    event: 'dns_query',
    level: 'info',
    client: '127.0.0.1',
    proto: 'udp',
    name: 'we\\000ird.nacos.',
    type: 'AAAA',
    rcode: 'NXDOMAIN',
    answers: 0,
  })
})
