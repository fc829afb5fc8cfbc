import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

const EXPLAIN = '/cairn/v1/dns/explain'

async function withOrders(): Promise<HttpWorld> {
  const world = new HttpWorld()
  const register = async (more: string): Promise<void> => {
    const where = 'POST /nacos/v1/ns/instance?serviceName=orders&port=8080&ephemeral=false'
    await world.text(`${where}&${more}`)
  }
  await register('ip=10.0.0.1')
  world.clock.pass(1_000)
  await register('ip=10.0.0.2&healthy=false')
  await register('ip=10.0.0.3&enabled=false')
  await register('ip=2001:db8::1&cluster=bj')
  return world
}

test('an answer is told with what was decided and every instance with its reason', async () => {
  await using world = await withOrders()
  const told = await world.json(`GET ${EXPLAIN}?name=orders.nacos&client=10.9.9.9`)
  expect(told).toMatchObject({
    name: 'orders.nacos.',
    type: 'A',
    client: '10.9.9.9',
    rcode: 'NOERROR',
    truncated: false,
    answer: [{ type: 'A', ttl: 1, data: '10.0.0.1' }],
    service: { name: 'DEFAULT_GROUP@@orders', namespace: 'public' },
    decided: {
      ttl: 1,
      candidates: 1,
      because: 'only_one',
      area: 'any',
      healthy: 2,
      total: 3,
      isProtected: false,
      answered: 1,
    },
    in: 1,
    out: 3,
  })
  const rows = (told['instances'] as readonly Record<string, unknown>[]).map(
    (one) => `${String(one['host'])} ${String(one['in'])} ${String(one['reason'])}`,
  )
  expect(rows).toEqual([
    '10.0.0.1 true healthy',
    '10.0.0.2 false unhealthy',
    '10.0.0.3 false disabled',
    '2001:db8:0:0:0:0:0:1 false wrong_family',
  ])
  expect(told['instances']).toMatchObject([
    { since: '2026-11-20T00:00:00.000Z', text: 'healthy', port: 8080, weight: 1 },
    { since: '2026-11-20T00:00:01.000Z', cluster: 'default' },
    {},
    { cluster: 'bj' },
  ])
})

test('without a client the one that asks is meant; a name of no service has no instances', async () => {
  await using world = await withOrders()
  expect(await world.json(`GET ${EXPLAIN}?name=nobody.nacos`)).toMatchObject({
    client: '127.0.0.1',
    rcode: 'NXDOMAIN',
    answer: [],
    in: 0,
    out: 0,
    instances: [],
  })
  expect(await world.json(`GET ${EXPLAIN}?name=elsewhere.test`)).toMatchObject({ rcode: 'REFUSED' })
})

test('only so many instances are told as are asked for; all are counted', async () => {
  await using world = await withOrders()
  const told = await world.json(`GET ${EXPLAIN}?name=_all.orders.nacos&type=srv&limit=1`)
  expect(told).toMatchObject({ type: 'SRV', in: 2, out: 2 })
  expect(told['instances']).toHaveLength(1)
})

test.each([
  ['', "Param 'name' is required."],
  ['name=a..b', 'name "a..b" has an empty label'],
  ['name=a.nacos&type=MX', 'type must be A, AAAA or SRV, got MX'],
  ['name=a.nacos&client=nobody', 'client must be an IP address, got nobody'],
  ['name=a.nacos&limit=99999', 'limit must be 0…10000, got 99999'],
])('%s: %s', async (query, message) => {
  await using world = await withOrders()
  const { status, text } = await world.ask(`GET ${EXPLAIN}?${query}`)
  expect([status, JSON.parse(text)]).toEqual([400, { code: 'invalid_argument', message }])
})

test('an unknown path below is 404', async () => {
  await using world = new HttpWorld()
  expect((await world.ask('GET /cairn/v1/nothing')).status).toBe(404)
})
