import { expect, test } from 'vitest'
import { CairnError, ERROR_CODES, InvariantError } from '../../../src/kernel/errors.ts'
import { STATUS } from '../../../src/adapters/http/v1/errors.ts'
import { DEFAULT_HTTP_LIMITS } from '../../../src/adapters/http/front.ts'
import { HttpWorld } from './world.ts'

const NS = '/nacos/v1/ns'

test.each([
  [`GET ${NS}/instances`, 'GET', `${NS}/instances`],
  [`PUT ${NS}/instance/list?a=b`, 'PUT', `${NS}/instance/list`],
  [`POST //nacos//v1/ns/foo?x`, 'POST', `${NS}/foo`],
])('%s is no such API: 501', async (request, method, path) => {
  await using world = new HttpWorld()
  const { status, text } = await world.ask(request)
  expect(status).toBe(501)
  expect(JSON.parse(text)).toEqual({
    timestamp: '2026-11-20T00:00:00.000+0000',
    status: 501,
    error: 'Not Implemented',
    message: `no such api:${method}:${path}`,
    path,
  })
})

test.each(['GET /', 'GET /nacos/v1/cs/foo', 'POST /nacos/v3/auth/user/login', 'GET /nacos/V1/ns'])(
  '%s is unknown: 404',
  async (request) => {
    await using world = new HttpWorld()
    const { status, text, headers } = await world.ask(request)
    expect(status).toBe(404)
    expect(headers['content-type']).toBe('application/json;charset=UTF-8')
    expect(JSON.parse(text)).toMatchObject({ status: 404, error: 'Not Found' })
  },
)

test.each([
  '//nacos/v1/ns/instance/list?serviceName=x',
  '/nacos//v1/ns///instance/list?serviceName=x',
  '/nacos/v1/ns/instance/list/?serviceName=x',
])('%s is tolerated', async (url) => {
  await using world = new HttpWorld()
  expect((await world.ask(`GET ${url}`)).status).toBe(200)
})

test('a path that is no URL is a clear refusal', async () => {
  await using world = new HttpWorld()
  const { status, text } = await world.ask('GET /nacos/%zz')
  expect(status).toBe(400)
  expect(JSON.parse(text)).toMatchObject({ status: 400, message: 'the path is not a valid URL' })
})

test('HEAD is answered like GET, without a body', async () => {
  await using world = new HttpWorld()
  const { status, text, headers } = await world.ask(`HEAD ${NS}/instance/list?serviceName=x`)
  expect([status, text]).toEqual([200, ''])
  expect(Number(headers['content-length'])).toBeGreaterThan(100)
})

test('no answer is compressed, and none is for other origins', async () => {
  await using world = new HttpWorld()
  const { headers } = await world.ask(`GET ${NS}/operator/switches`, undefined, {
    'accept-encoding': 'gzip,deflate,sdch',
    origin: 'http://example.test',
  })
  expect(headers).not.toHaveProperty('content-encoding')
  expect(headers).not.toHaveProperty('access-control-allow-origin')
  expect(headers['x-content-type-options']).toBe('nosniff')
})

test('every code has its status', async () => {
  for (const code of ERROR_CODES) {
    await using world = new HttpWorld({
      counts: () => {
        throw new CairnError(code, `refused: ${code}`, { cause: new Error('/opt/secret') })
      },
    })
    const { status, text } = await world.ask(`GET ${NS}/operator/metrics`)
    expect([status, text]).toEqual([STATUS[code], `refused: ${code}`])
    expect(world.faults).toEqual([])
  }
})

test.each([new InvariantError('one is two'), new TypeError('x is not a function')])(
  'a fault of ours is told to the owner and never to the client: %s',
  async (error) => {
    await using world = new HttpWorld({
      counts: () => {
        throw error
      },
    })
    const { status, text } = await world.ask(`GET ${NS}/operator/metrics`)
    expect([status, text]).toEqual([500, 'caused: internal error;'])
    expect(world.faults).toEqual([error])
  },
)

test('metrics that fail are a fault too', async () => {
  await using world = new HttpWorld({ metrics: () => Promise.reject(new Error('broken')) })
  expect((await world.ask('GET /metrics')).status).toBe(500)
  expect(world.faults).toHaveLength(1)
})

test('answers are observed by route, never by URL', async () => {
  await using world = new HttpWorld()
  await world.ask(`GET //nacos/v1/ns/instance/list/?serviceName=secret&accessToken=secret`)
  await world.ask(`PUT ${NS}/instance/beat`, 'serviceName=secret')
  await world.ask('GET /secret')
  await world.ask(`GET ${NS}/secret`)
  await world.ask(`HEAD /livez`)
  expect(world.observed).toEqual([
    'GET /nacos/v1/ns/instance/list 200 true',
    'PUT /nacos/v1/ns/instance/beat 400 true',
    'GET unmatched 404 true',
    'GET unmatched 501 true',
    'HEAD /livez 200 true',
  ])
})

test('/livez and /readyz say it in one word, or in many', async () => {
  await using world = new HttpWorld()
  expect(await world.text('GET /livez')).toBe('ok')
  expect(await world.text('GET /readyz')).toBe('ok')
  expect(await world.text('GET /nacos/actuator/health')).toBe('{"status":"UP"}')
  world.reasons = ['zones are being read', 'draining']
  expect(await world.text('GET /readyz?verbose')).toBe(
    '503 [-] zones are being read\n[-] draining\nnot ready',
  )
  expect(await world.text('GET /nacos/actuator/health')).toBe('503 {"status":"OUT_OF_SERVICE"}')
  expect(await world.text('GET /livez')).toBe('ok')
  world.isLive = false
  expect(await world.text('GET /livez')).toBe('503 not live')
})

test('/metrics is what telemetry wrote', async () => {
  await using world = new HttpWorld()
  const { text, headers } = await world.ask('GET /metrics')
  expect(text).toBe('cairn_up 1\n')
  expect(headers['content-type']).toBe('text/plain; version=0.0.4')
})

test('/nacos/serverlist is one line without an end', async () => {
  await using world = new HttpWorld()
  expect(await world.text('GET /nacos/serverlist')).toBe('127.0.0.1:8848')
})

test('a body over the limit is refused in clear words', async () => {
  await using world = new HttpWorld({ limits: { ...DEFAULT_HTTP_LIMITS, bodyBytesMax: 1_000 } })
  const { status, text } = await world.ask(`POST ${NS}/instance`, 'x'.repeat(1_001))
  expect([status, text]).toEqual([413, 'the request body exceeds 1000 bytes'])
  expect((await world.ask(`POST ${NS}/instance`, 'x'.repeat(1_000))).status).toBe(400)
  expect(world.faults).toEqual([])
})

test('ten megabytes are read, one byte more is not', async () => {
  await using world = new HttpWorld()
  const form = 'serviceName=x&ip=1.1.1.1&port=80&junk='
  const fill = (bytes: number): string => form + 'x'.repeat(bytes - form.length)
  expect((await world.ask(`POST ${NS}/instance`, fill(10_485_760))).text).toBe('ok')
  expect((await world.ask(`POST ${NS}/instance`, fill(10_485_761))).status).toBe(413)
})
