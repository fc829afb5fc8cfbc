import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

const INSTANCE = '/nacos/v1/ns/instance'
const BEAT = `${INSTANCE}/beat`
const WHO = 'serviceName=x&ip=1.1.1.1&port=80'
const JAVA = { 'user-agent': 'Nacos-Java-Client:v1.4.8' }
const KNOWN = '{"clientBeatInterval":5000,"code":10200,"lightBeatEnabled":true}'
const UNKNOWN = '{"clientBeatInterval":5000,"code":20404,"lightBeatEnabled":true}'

test('what is registered is listed', async () => {
  await using world = new HttpWorld()
  const answer = await world.ask(`POST ${INSTANCE}?${WHO}&metadata=a=b`)
  expect(answer).toMatchObject({ status: 200, text: 'ok' })
  expect(answer.headers).toMatchObject({
    'content-type': 'text/plain;charset=UTF-8',
    'content-security-policy': "script-src 'self'",
    'content-length': '2',
  })
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT+')
  const list = await world.json(`GET ${INSTANCE}/list?serviceName=DEFAULT_GROUP@@x&clusters=`)
  expect(list).toMatchObject({ name: 'DEFAULT_GROUP@@x', clusters: '', cacheMillis: 3_000 })
})

test('an unknown service is listed without hosts, never 404', async () => {
  await using world = new HttpWorld()
  const { status, text, headers } = await world.ask(`GET ${INSTANCE}/list?serviceName=x`)
  expect(status).toBe(200)
  expect(headers['content-type']).toBe('application/json;charset=UTF-8')
  expect(JSON.parse(text)).toMatchObject({ name: 'DEFAULT_GROUP@@x', hosts: [] })
})

test('lastRefTime is wall time, and does not follow a clock that is set back', async () => {
  await using world = new HttpWorld()
  const time = async (): Promise<unknown> =>
    (await world.json(`GET ${INSTANCE}/list?serviceName=x`))['lastRefTime']
  const first = await time()
  expect(first).toBe(world.clock.wall())
  world.clock.stepWall(-60_000)
  expect(await time()).toBe(first)
  world.clock.pass(60_001)
  expect(await time()).toBe(Number(first) + 1)
})

test('registering again replaces, with the same instance id', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&weight=5&metadata=a=b`)
  const before = await world.json(`GET ${INSTANCE}?${WHO}`)
  expect(before).toEqual({
    service: 'DEFAULT_GROUP@@x',
    ip: '1.1.1.1',
    port: 80,
    clusterName: 'DEFAULT',
    weight: 5,
    healthy: true,
    instanceId: '1.1.1.1#80#DEFAULT#DEFAULT_GROUP@@x',
    metadata: { a: 'b' },
  })
  await world.ask(`POST ${INSTANCE}?${WHO}`)
  expect(await world.json(`GET ${INSTANCE}?${WHO}`)).toEqual({
    ...before,
    weight: 1,
    metadata: {},
  })
})

test.each([
  ['POST', '', "400 Param 'serviceName' is required."],
  ['POST', 'serviceName=x', "400 Param 'ip' is required."],
  ['POST', 'serviceName=x&ip=1.1.1.1', "400 Param 'port' is required."],
  ['POST', 'serviceName=x&ip=1.1.1.1&port=x', '400 For input string: "x"'],
  [
    'POST',
    'serviceName=x&ip=1.1.1.300&port=1',
    '400 instance format invalid: Your IP address is spelled incorrectly',
  ],
  [
    'POST',
    `${WHO}&weight=10001`,
    '400 instance format invalid: The weights range from 0.0 to 10000.0',
  ],
  ['POST', `${WHO}&metadata=x`, '400 metadata format incorrect:x'],
  ['PUT', 'serviceName=x', "400 Param 'ip' is required."],
  ['PATCH', WHO, '400 instance not found'],
  ['DELETE', 'serviceName=x', "400 Param 'ip' is required."],
  ['DELETE', WHO, 'ok'],
  ['GET', WHO, '404 no service DEFAULT_GROUP@@x found!'],
  ['GET', 'serviceName=x', "400 Param 'ip' is required."],
])('%s %s is answered with %s', async (method, query, expected) => {
  await using world = new HttpWorld()
  expect(await world.text(`${method} ${INSTANCE}?${query}`)).toBe(expected)
  expect(world.faults).toEqual([])
})

test('GET of one instance says what is missing, and reads no cluster', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=c`)
  expect(await world.text(`GET ${INSTANCE}?${WHO}`)).toBe(
    '404 no ips found for cluster DEFAULT in service DEFAULT_GROUP@@x',
  )
  expect(await world.text(`GET ${INSTANCE}?${WHO}&cluster=c`)).toMatch(/^404 no ips found/)
  expect(await world.text(`GET ${INSTANCE}?serviceName=x&ip=1.1.1.2&port=80&clusterName=c`)).toBe(
    '404 no matched ip found!',
  )
  expect(await world.json(`GET ${INSTANCE}?${WHO}&clusterName=c`)).toMatchObject({ port: 80 })
})

test('PUT by Java or Node refuses what is not registered', async () => {
  await using world = new HttpWorld()
  for (const agent of ['Nacos-Java-Client:v1.0.0', 'Nacos-Java-Client:v2.5.1']) {
    const put = await world.ask(`PUT ${INSTANCE}?${WHO}`, undefined, { 'user-agent': agent })
    expect(put).toMatchObject({
      status: 400,
      text: 'service not found, namespace: public, service: DEFAULT_GROUP@@x',
    })
  }
  await world.ask(`POST ${INSTANCE}?serviceName=x&ip=2.2.2.2&port=80`)
  const put = await world.ask(`PUT ${INSTANCE}?${WHO}`, undefined, JAVA)
  expect(put.status).toBe(400)
  expect(put.text).toMatch(/^instance not exist: \{"instanceId":"1\.1\.1\.1#80#/)
  expect(
    (await world.ask(`PUT ${INSTANCE}?serviceName=x&ip=2.2.2.2&port=80`, undefined, JAVA)).text,
  ).toBe('ok')
})

test('PUT by anyone else registers, and replaces all', async () => {
  await using world = new HttpWorld()
  const curl = { 'user-agent': 'curl/8.0' }
  expect(
    (await world.ask(`PUT ${INSTANCE}?${WHO}&enabled=false&weight=3`, undefined, curl)).text,
  ).toBe('ok')
  expect(await world.hosts('serviceName=x')).toBe('')
  await world.ask(`PUT ${INSTANCE}?${WHO}&weight=2`, undefined, curl)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT+')
})

test('PATCH changes what it names and keeps the rest', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&metadata=a=b&weight=7`)
  expect(await world.text(`PATCH ${INSTANCE}?${WHO}&weight=2`)).toBe('ok')
  expect(await world.json(`GET ${INSTANCE}?${WHO}`)).toMatchObject({
    weight: 2,
    metadata: { a: 'b' },
  })
  await world.ask(`PATCH ${INSTANCE}`, `${WHO}&metadata=${encodeURIComponent('{"c":"d"}')}`)
  expect(await world.json(`GET ${INSTANCE}?${WHO}`)).toMatchObject({ metadata: { c: 'd' } })
  await world.ask(`PATCH ${INSTANCE}?${WHO}&enabled=False`)
  expect(await world.hosts('serviceName=x')).toBe('')
})

test('DELETE takes the instance of its cluster and its kind', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}`)
  await world.ask(`POST ${INSTANCE}?${WHO}&ephemeral=false`)
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=c`)
  expect(await world.text(`DELETE ${INSTANCE}`, WHO)).toBe('ok')
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT+ 1.1.1.1:80/c+')
  await world.ask(`DELETE ${INSTANCE}?${WHO}&ephemeral=False`)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/c+')
  await world.ask(`DELETE ${INSTANCE}?${WHO}&cluster=other`)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/c+')
})

test('DELETE without cluster takes the instance that stands in one other cluster only', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=None`)
  await world.ask(`DELETE ${INSTANCE}?${WHO}`)
  expect(await world.hosts('serviceName=x')).toBe('')
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=a`)
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=b`)
  expect(await world.text(`DELETE ${INSTANCE}?${WHO}`)).toBe('ok')
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/a+ 1.1.1.1:80/b+')
})

test('both kinds live in one service, as in Nacos 1.x', async () => {
  await using world = new HttpWorld()
  await world.ask('POST /nacos/v1/ns/service?serviceName=x')
  expect(await world.text(`POST ${INSTANCE}?${WHO}`)).toBe('ok')
  expect(await world.text(`POST ${INSTANCE}?serviceName=x&ip=2.2.2.2&port=1&ephemeral=false`)).toBe(
    'ok',
  )
  world.clock.pass(60_000)
  expect(await world.hosts('serviceName=x')).toBe('2.2.2.2:1/DEFAULT+')
})

test('a light beat of a stranger asks it to register', async () => {
  await using world = new HttpWorld()
  expect(await world.text(`PUT ${BEAT}?${WHO}`)).toBe(UNKNOWN)
  expect(await world.hosts('serviceName=x')).toBe('')
})

test('a full beat of a stranger registers it', async () => {
  await using world = new HttpWorld()
  const beat = JSON.stringify({
    serviceName: 'x',
    ip: '1.1.1.1',
    port: 80,
    cluster: 'c',
    weight: 2,
    metadata: { 'preserved.heart.beat.interval': 7_000, a: 'b' },
  })
  const form = `serviceName=DEFAULT_GROUP@@x&beat=${encodeURIComponent(beat)}`
  expect(await world.json(`PUT ${BEAT}`, form)).toMatchObject({
    clientBeatInterval: 7_000,
    code: 10_200,
  })
  expect(await world.json(`GET ${INSTANCE}?${WHO}&clusterName=c`)).toMatchObject({
    weight: 2,
    metadata: { a: 'b', 'preserved.heart.beat.interval': '7000' },
  })
})

test.each([
  ['light', `PUT ${BEAT}?${WHO}`],
  ['light, with blank words', `PUT ${BEAT}?${WHO}&beat=&clusterName=&namespaceId=`],
  ['full', `PUT ${BEAT}?serviceName=x&beat=${encodeURIComponent('{"ip":"1.1.1.1","port":80}')}`],
  ['full, by POST', `POST ${BEAT}?serviceName=x&beat={"ip":"1.1.1.1","port":80}`],
  [
    'full, naming another service inside',
    `PUT ${BEAT}?serviceName=x&beat={"serviceName":"y","ip":"1.1.1.1","port":80}`,
  ],
])('a beat (%s) keeps an instance alive and brings it back', async (_kind, beat) => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}`)
  await world.ask(`POST ${INSTANCE}?serviceName=x&ip=9.9.9.9&port=80&ephemeral=false`)
  for (let i = 0; i < 10; i++) {
    world.clock.pass(5_000)
    expect(await world.text(beat)).toBe(KNOWN)
  }
  world.clock.pass(16_000)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT- 9.9.9.9:80/DEFAULT+')
  expect(await world.text(beat)).toBe(KNOWN)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT+ 9.9.9.9:80/DEFAULT+')
  world.clock.pass(31_000)
  expect(await world.hosts('serviceName=x')).toBe('9.9.9.9:80/DEFAULT+')
})

test('a beat without cluster belongs to the only cluster that has the address', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=None`)
  await world.ask(`PUT ${BEAT}?serviceName=x&beat={"ip":"1.1.1.1","port":80}`)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/None+')
  await world.ask(`POST ${INSTANCE}?${WHO}&clusterName=b`)
  await world.ask(`PUT ${BEAT}?serviceName=x&beat={"ip":"1.1.1.1","port":80}`)
  expect(await world.hosts('serviceName=x')).toBe(
    '1.1.1.1:80/DEFAULT+ 1.1.1.1:80/None+ 1.1.1.1:80/b+',
  )
})

test('a beat of a persistent instance is harmless', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&ephemeral=false&healthy=false`)
  expect(await world.text(`PUT ${BEAT}?${WHO}`)).toBe(KNOWN)
  expect(await world.json(`GET ${INSTANCE}?${WHO}`)).toMatchObject({ healthy: false })
})

test('a full beat brings a deregistered instance back', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}`)
  await world.ask(`DELETE ${INSTANCE}?${WHO}`)
  await world.ask(`PUT ${BEAT}?serviceName=x&beat={"ip":"1.1.1.1","port":80}`)
  expect(await world.hosts('serviceName=x')).toBe('1.1.1.1:80/DEFAULT+')
})

test('the answer to a beat repeats the interval of the metadata, light or full', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${INSTANCE}?${WHO}&metadata=preserved.heart.beat.interval=1000`)
  expect(await world.json(`PUT ${BEAT}?${WHO}`)).toMatchObject({ clientBeatInterval: 1_000 })
})

test.each([
  ['serviceName=x', "400 Param 'ip' is required."],
  ['serviceName=x&beat={"ip":"1.1', "400 Param 'beat' is illegal, it should be a JSON object."],
  ['serviceName=x&beat=[]', "400 Param 'beat' is illegal, it should be a JSON object."],
  ['beat={}', "400 Param 'serviceName' is required."],
])('the beat %s is refused', async (form, expected) => {
  await using world = new HttpWorld()
  expect(await world.text(`PUT ${BEAT}`, form)).toBe(expected)
})

test('a service that is full says so', async () => {
  await using world = new HttpWorld()
  for (let i = 1; i <= 100; i++) {
    await world.ask(`POST ${INSTANCE}?serviceName=x&ip=1.1.1.${i}&port=80`)
  }
  const over = await world.ask(`POST ${INSTANCE}?serviceName=x&ip=1.1.2.1&port=80`)
  expect(over.status).toBe(413)
  expect(over.text).toMatch(/holds 100 instances/)
  expect(await world.text(`POST ${INSTANCE}?serviceName=x&ip=1.1.1.1&port=80`)).toBe('ok')
})
