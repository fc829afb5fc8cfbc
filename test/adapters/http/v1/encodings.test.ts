import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

const INSTANCE = '/nacos/v1/ns/instance'
const WHO = 'serviceName=x&ip=1.1.1.1&port=80'

test.each([
  ['application/x-www-form-urlencoded'],
  ['application/x-www-form-urlencoded; charset=utf8'],
  ['application/x-www-form-urlencoded;charset=GBK'],
  ['application/json'],
  ['text/plain'],
  ['multipart/form-data'],
  ['nonsense'],
  [';;;'],
  [''],
])('a form is read whatever its Content-Type: %s', async (type) => {
  await using world = new HttpWorld()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const { status, text } = await world.ask(`${method} ${INSTANCE}`, WHO, { 'content-type': type })
    expect([method, status, text]).toEqual(
      method === 'PATCH' ? ['PATCH', 400, 'instance not found'] : [method, 200, 'ok'],
    )
  }
})

test.each(['POST', 'PUT', 'DELETE'])('%s with all in the query needs no body', async (method) => {
  await using world = new HttpWorld()
  for (const headers of [{}, { 'content-length': '0' }, { 'content-type': 'text/plain' }]) {
    expect((await world.ask(`${method} ${INSTANCE}?${WHO}`, undefined, headers)).text).toBe('ok')
  }
})

test('the query wins over the form', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?port=81`, WHO)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:81/DEFAULT+')
})

test('Go 1.x puts a beat that it did not encode', async () => {
  await using world = new HttpWorld()
  const beat =
    '{"serviceName":"g@@x","ip":"1.1.1.1","port":80,"cluster":"DEFAULT","weight":1,' +
    '"metadata":{"a":"100%","b":"c+d"},"scheduled":false}'
  const form = `beat=${beat}&namespaceId=public&serviceName=g@@x`
  expect(await world.text(`PUT ${INSTANCE}/beat`, form)).toMatch(/"code":10200/)
  expect(await world.json(`GET ${INSTANCE}?serviceName=g@@x&ip=1.1.1.1&port=80`)).toMatchObject({
    metadata: { a: '100%', b: 'c d' },
  })
})

test('a form may hold raw UTF-8', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}`, `${WHO}&metadata={"名":"é"}`)
  expect(await world.json(`GET ${INSTANCE}?${WHO}`)).toMatchObject({ metadata: { 名: 'é' } })
})

test('Java sends everything in the query, with words that nobody needs', async () => {
  await using world = new HttpWorld()
  const query = new URLSearchParams({
    app: 'unknown',
    serviceName: 'DEFAULT_GROUP@@x',
    groupName: 'DEFAULT_GROUP',
    namespaceId: 'public',
    clusterName: 'DEFAULT',
    ip: '1.1.1.1',
    port: '80',
    weight: '1.0',
    enable: 'true',
    healthy: 'true',
    ephemeral: 'true',
    metadata: '{"preserved.register.source":"SPRING_CLOUD"}',
    accessToken: 'AUTH_DISABLED',
  })
  expect(await world.text(`POST ${INSTANCE}?${query.toString()}`)).toBe('ok')
  expect(await world.hosts('serviceName=x&udpPort=54321&clientIP=1.1.1.1&healthyOnly=false')).toBe(
    '1.1.1.1:80/DEFAULT+',
  )
})

test('Node sends grouped names, credentials and full beats in the query', async () => {
  await using world = new HttpWorld()
  const name = 'serviceName=DEFAULT_GROUP%40%40x&groupName=DEFAULT_GROUP&namespaceId=public'
  const login = 'username=nacos&password=nacos'
  await world.ask(`POST ${INSTANCE}?${name}&${login}&ip=1.1.1.1&port=80&enable=true&clusterName=`)
  const beat = encodeURIComponent(
    '{"serviceName":"DEFAULT_GROUP@@x","ip":"1.1.1.1","port":80,"weight":1,"ephemeral":true,' +
      '"cluster":"DEFAULT","metadata":{}}',
  )
  expect(await world.text(`PUT ${INSTANCE}/beat?${name}&${login}&beat=${beat}`)).toMatch(/10200/)
  const list = await world.json(`GET ${INSTANCE}/list?${name}&clusters=DEFAULT&udpPort=&env=`)
  expect(list).toMatchObject({ name: 'DEFAULT_GROUP@@x', clusters: 'DEFAULT' })
})

test('Python says True, None and 1.0', async () => {
  await using world = new HttpWorld()
  const flags = 'enable=True&healthy=True&weight=1.0&clusterName=None&ephemeral=True'
  expect(await world.text(`POST ${INSTANCE}?${WHO}&${flags}&metadata=`)).toBe('ok')
  await world.ask(`PUT ${INSTANCE}/beat?serviceName=x&beat={"ip":"1.1.1.1","port":"80"}`)
  expect(await world.hosts('serviceName=x&healthyOnly=False')).toBe('1.1.1.1:80/None+')
})

test('keys of the prototype are metadata like any other', async () => {
  await using world = new HttpWorld()
  const metadata = '{"__proto__":"x","constructor":"y"}'
  await world.ask(`POST ${INSTANCE}?__proto__=1`, `${WHO}&metadata=${metadata}&constructor=2`)
  const text = await world.text(`GET ${INSTANCE}?${WHO}`)
  expect(text).toContain(`"metadata":${metadata}`)
  const { proto } = Object.prototype as { proto?: unknown }
  expect(proto).toBeUndefined()
})

test('64 keys and 8 KiB of metadata fit into a query, even percent-encoded', async () => {
  await using world = new HttpWorld()
  const value = encodeURIComponent(JSON.stringify({ a: '"'.repeat(8_191) }))
  expect(value.length).toBeGreaterThan(16_384)
  expect(await world.text(`POST ${INSTANCE}?${WHO}&metadata=${value}`)).toBe('ok')
  const more = encodeURIComponent(JSON.stringify({ a: 'x'.repeat(8_192) }))
  expect(await world.text(`POST ${INSTANCE}`, `${WHO}&metadata=${more}`)).toBe(
    "400 Param 'metadata' is illegal, the param length should not exceed 8192.\n",
  )
})

test('a refusal quotes no more than a thousand characters', async () => {
  await using world = new HttpWorld()
  const { status, text } = await world.ask(
    `POST ${INSTANCE}`,
    `serviceName=x&ip=a&port=${'z'.repeat(1e6)}`,
  )
  expect(status).toBe(400)
  expect(text).toHaveLength(1_024)
})
