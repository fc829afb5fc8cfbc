import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

const WHO = 'serviceName=orders&ip=10.0.0.7&port=8080'
const INSTANCE = '/nacos/v1/ns/instance'
const DRAIN = '/cairn/v1/instance/drain'

async function withInstance(): Promise<HttpWorld> {
  const world = new HttpWorld()
  await world.text(`POST ${INSTANCE}?${WHO}&ephemeral=false`)
  return world
}

async function phaseOf(world: HttpWorld): Promise<unknown> {
  const { instances } = await world.json('GET /cairn/v1/dns/explain?name=orders.nacos')
  return (instances as readonly { reason: string }[])[0]?.reason
}

test('a drain says when the answers are rid of the instance, and when the caches are', async () => {
  await using world = await withInstance()
  expect(await world.json(`POST ${DRAIN}?${WHO}`)).toEqual({
    namespace: 'public',
    service: 'DEFAULT_GROUP@@orders',
    ip: '10.0.0.7',
    port: 8080,
    cluster: 'DEFAULT',
    drain: 'leaving',
    by: 'operator',
    outOfAnswersAt: '2026-11-20T00:00:01.000Z',
    clearOfCachesAt: '2026-11-20T00:00:04.000Z',
  })
  expect(await phaseOf(world)).toBe('leaving')
  world.clock.pass(1_000)
  expect(await phaseOf(world)).toBe('drained')
  // Still registered, still listed.
  expect(await world.hosts('serviceName=orders')).toBe('10.0.0.7:8080/DEFAULT+')
  expect(await world.json(`POST ${DRAIN}`, WHO)).toMatchObject({ drain: 'drained' })
})

test('a drain is undone, whoever began it', async () => {
  await using world = await withInstance()
  await world.text(`PATCH ${INSTANCE}?${WHO}&ephemeral=false&metadata=dns.drain=true`)
  expect(await phaseOf(world)).toBe('leaving')
  expect(await world.json(`DELETE ${DRAIN}?${WHO}`)).toMatchObject({ drain: 'undrained' })
  expect(await phaseOf(world)).toBe('healthy')
  expect(await world.json(`DELETE ${DRAIN}?${WHO}`)).toMatchObject({ drain: 'not_draining' })
})

test.each([
  ['POST', `${DRAIN}?serviceName=orders&ip=10.0.0.9&port=8080`, 404, 'not_found'],
  ['DELETE', `${DRAIN}?serviceName=nobody&ip=10.0.0.7&port=8080`, 404, 'not_found'],
  ['POST', `${DRAIN}?serviceName=orders`, 400, 'invalid_argument'],
  ['POST', `${DRAIN}?${WHO}&namespaceId=%20x`, 404, 'not_found'],
])('%s %s is %i %s', async (method, url, status, code) => {
  await using world = await withInstance()
  const answer = await world.ask(`${method} ${url}`)
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.text)).toMatchObject({ code })
  expect(world.faults).toEqual([])
})

test('a body that is too long is refused in our words', async () => {
  await using world = await withInstance()
  const answer = await world.ask(`POST ${DRAIN}`, 'a'.repeat(11 * 2 ** 20))
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    413,
    { code: 'too_large', message: 'the body is too long' },
  ])
})
