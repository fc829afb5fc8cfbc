import { expect, test } from 'vitest'
import { HttpWorld } from '../world.ts'

const SERVICE = '/nacos/v1/ns/service'

test('a service is created, shown, changed and deleted', async () => {
  await using world = new HttpWorld()
  const selector = encodeURIComponent('{"type":"none"}')
  const form = `serviceName=x&groupName=g&protectThreshold=0.5&metadata=a=b&selector=${selector}`
  expect(await world.text(`POST ${SERVICE}`, form)).toBe('ok')
  await world.ask('POST /nacos/v1/ns/instance?serviceName=g@@x&ip=1.1.1.1&port=1&cluster=c')
  expect(await world.text(`GET ${SERVICE}?serviceName=g@@x`)).toBe(
    '{"name":"x","groupName":"g","namespaceId":"public","protectThreshold":0.5,' +
      '"metadata":{"a":"b"},"selector":{"type":"none"},' +
      '"clusters":[{"name":"c","healthChecker":{"type":"TCP"},"metadata":{}}]}',
  )
  expect(await world.text(`PUT ${SERVICE}?serviceName=g@@x&protectThreshold=0`)).toBe('ok')
  expect(await world.json(`GET ${SERVICE}?serviceName=g@@x`)).toMatchObject({
    protectThreshold: 0,
    metadata: {},
  })
  expect(await world.text(`DELETE ${SERVICE}?serviceName=g@@x`)).toBe(
    "400 Service g@@x is not empty, can't be delete. Please unregister instance first",
  )
  await world.ask('DELETE /nacos/v1/ns/instance?serviceName=g@@x&ip=1.1.1.1&port=1')
  expect(await world.text(`DELETE ${SERVICE}`, 'serviceName=g@@x')).toBe('ok')
  expect((await world.ask(`GET ${SERVICE}?serviceName=g@@x`)).status).toBe(404)
})

test.each([
  ['GET', 'serviceName=x', '404 service DEFAULT_GROUP@@x is not found!'],
  ['PUT', 'serviceName=x&protectThreshold=1', '400 service DEFAULT_GROUP@@x not found!'],
  ['PUT', 'serviceName=x', "400 Param 'protectThreshold' is required."],
  ['DELETE', 'serviceName=x', '400 service DEFAULT_GROUP@@x not found!'],
  ['GET', '', "400 Param 'serviceName' is required."],
  ['POST', 'serviceName=@@x', "400 Param 'serviceName' is illegal, groupName can't be empty"],
  ['POST', 'serviceName=x&protectThreshold=a', '400 For input string: "a"'],
])('%s /service?%s is answered with %s', async (method, query, expected) => {
  await using world = new HttpWorld()
  expect(await world.text(`${method} ${SERVICE}?${query}`)).toBe(expected)
})

test('a service is not created twice', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${SERVICE}?serviceName=x`)
  expect(await world.text(`POST ${SERVICE}?serviceName=x`)).toBe(
    '400 specified service already exists, serviceName : DEFAULT_GROUP@@x',
  )
})

test('the list of services is sorted, of one group, and paged', async () => {
  await using world = new HttpWorld()
  for (const name of ['c', 'a', 'b', 'g@@z']) await world.ask(`POST ${SERVICE}?serviceName=${name}`)
  const page = (query: string): Promise<string> => world.text(`GET ${SERVICE}/list?${query}`)
  expect(await page('pageNo=1&pageSize=2')).toBe('{"doms":["a","b"],"count":3}')
  expect(await page('pageNo=2&pageSize=2')).toBe('{"doms":["c"],"count":3}')
  expect(await page('pageNo=3&pageSize=2')).toBe('{"doms":[],"count":3}')
  expect(await page('pageNo=0&pageSize=2')).toBe('{"doms":["a","b"],"count":3}')
  expect(await page('pageNo=1&pageSize=2147483647')).toBe('{"doms":["a","b","c"],"count":3}')
  expect(await page('pageNo=2147483647&pageSize=2147483647')).toBe('{"doms":[],"count":3}')
  expect(await page('pageNo=1&pageSize=9&groupName=g')).toBe('{"doms":["z"],"count":1}')
  expect(await page('pageNo=1&pageSize=9&groupName=*')).toBe(
    '{"doms":["DEFAULT_GROUP@@a","DEFAULT_GROUP@@b","DEFAULT_GROUP@@c","g@@z"],"count":4}',
  )
  expect(await page('pageNo=1&pageSize=9&namespaceId=none')).toBe('{"doms":[],"count":0}')
  expect(await page('pageNo=1')).toBe("400 Param 'pageSize' is required.")
  expect(await page('pageNo=1&pageSize=x')).toBe('400 For input string: "x"')
})

test('public and the empty namespace are one, others are apart', async () => {
  await using world = new HttpWorld()
  await world.ask(`POST ${SERVICE}?serviceName=x&namespaceId=`)
  expect((await world.ask(`GET ${SERVICE}?serviceName=x&namespaceId=public`)).status).toBe(200)
  expect((await world.ask(`GET ${SERVICE}?serviceName=x&namespaceId=dev`)).status).toBe(404)
})

test('a namespace that is full says so', async () => {
  await using world = new HttpWorld()
  for (let i = 0; i < 200; i++) await world.ask(`POST ${SERVICE}?serviceName=s${i}`)
  const over = await world.ask(`POST ${SERVICE}?serviceName=one-more`)
  expect(over.status).toBe(413)
  expect(over.text).toMatch(/holds 200 services/)
})

test.each(['1e999', '-1e999'])('a threshold of %s is refused, and nothing is kept', async (raw) => {
  await using world = new HttpWorld()
  const service = `${SERVICE}?serviceName=a`
  const refusal = `400 For input string: "${raw}"`
  expect(await world.text(`POST ${service}&protectThreshold=${raw}`)).toBe(refusal)
  expect(await world.text(`GET ${service}`)).toMatch(/^404 /)
  expect(await world.text(`POST ${service}`)).toBe('ok')
  expect(await world.text(`PUT ${service}&protectThreshold=${raw}`)).toBe(refusal)
  expect(await world.json(`GET ${service}`)).toMatchObject({ protectThreshold: 0 })
})
