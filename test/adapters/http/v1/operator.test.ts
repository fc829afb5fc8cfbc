import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

test.each(['operator', 'ops'])('/%s/metrics is UP and counts', async (base) => {
  await using world = new HttpWorld()
  expect(await world.json(`GET /nacos/v1/ns/${base}/metrics?onlyStatus=true`)).toEqual({
    status: 'UP',
    serviceCount: 3,
    instanceCount: 5,
    subscribeCount: 7,
    raftNotifyTaskCount: 0,
    responsibleServiceCount: 3,
    responsibleInstanceCount: 5,
    clientCount: 7,
    connectionBasedClientCount: 2,
    ephemeralIpPortClientCount: 4,
    persistentIpPortClientCount: 1,
    responsibleClientCount: 7,
    cpu: 0.02,
    load: 0.5,
    mem: 0.3,
  })
})

test('switches are those of Nacos', async () => {
  await using world = new HttpWorld()
  const switches = await world.json('GET /nacos/v1/ns/operator/switches')
  expect(Object.keys(switches)).toHaveLength(34)
  expect(switches).toMatchObject({
    name: '00-00---000-NACOS_SWITCH_DOMAIN-000---00-00',
    clientBeatInterval: 5_000,
    defaultCacheMillis: 3_000,
    lightBeatEnabled: true,
    tcpHealthParams: { max: 5_000, min: 1_000, factor: 0.75 },
    overriddenServerStatus: null,
  })
})

test('the servers are this one', async () => {
  await using world = new HttpWorld()
  const { servers } = await world.json('GET /nacos/v1/ns/operator/servers')
  expect(servers).toMatchObject([
    {
      ip: '127.0.0.1',
      port: 8_848,
      state: 'UP',
      address: '127.0.0.1:8848',
      extendInfo: { raftPort: '7848', lastRefreshTime: world.clock.wall() },
    },
  ])
})

test('health/server greets', async () => {
  await using world = new HttpWorld()
  expect(await world.text('GET /nacos/v1/ns/health/server')).toBe(
    '{"msg":"Hello! I am Nacos-Naming and healthy! total services: raft 3, local port:8848"}',
  )
})

test('a server that is starting refuses naming, and nothing else', async () => {
  await using world = new HttpWorld()
  world.status = 'STARTING'
  for (const request of [
    'GET /nacos/v1/ns/instance/list?serviceName=x',
    'POST /nacos/v1/ns/instance?serviceName=x&ip=1.1.1.1&port=1',
    'GET /nacos/v1/ns/operator/metrics',
  ]) {
    expect(await world.text(request)).toBe('503 server is STARTINGnow, please try again later!')
  }
  expect((await world.ask('POST /nacos/v1/auth/login')).status).toBe(200)
  expect((await world.ask('GET /livez')).status).toBe(200)
})

test('the state of the server is text in every field, under both names', async () => {
  await using world = new HttpWorld()
  const state = await world.json('GET /nacos/v1/console/server/state')
  expect(state).toMatchObject({
    standalone_mode: 'standalone',
    startup_mode: 'standalone',
    function_mode: null,
    server_port: '8848',
    auth_enabled: 'false',
    cairn_version: '0.1.0',
  })
})

test('console health says OK, and 500 while not ready', async () => {
  await using world = new HttpWorld()
  expect(await world.text('GET /nacos/v1/console/health/liveness')).toBe('OK')
  expect(await world.text('GET /nacos/v1/console/health/readiness')).toBe('OK')
  world.reasons = ['zones are being read']
  expect(await world.text('GET /nacos/v1/console/health/readiness')).toBe(
    '500 Naming is not in readiness',
  )
})

test.each([
  ['POST /nacos/v1/auth/login?username=nacos&password=nacos', undefined],
  ['POST /nacos/v1/auth/users/login', 'username=nacos&password=nacos'],
  ['POST /nacos/v1/auth/users/login?username=nacos', 'password=nacos'],
])('login lets anyone in while auth is off: %s', async (request, form) => {
  await using world = new HttpWorld()
  const { status, text, headers } = await world.ask(request, form)
  expect(status).toBe(200)
  expect(text).toBe(
    '{"accessToken":"AUTH_DISABLED","tokenTtl":18000,"globalAdmin":true,"username":"nacos"}',
  )
  expect(headers['authorization']).toBe('Bearer AUTH_DISABLED')
})

test('the login of v3 is not there, so that Java 3 falls back', async () => {
  await using world = new HttpWorld()
  expect((await world.ask('POST /nacos/v3/auth/user/login', 'username=a')).status).toBe(404)
})
