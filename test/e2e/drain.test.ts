import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { DnsClient } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

const TTL_MS = 3_000
/** What a busy machine may add to what is measured here. */
const LATE_MS = 1_500
const DRAIN = '/cairn/v1/instance/drain?serviceName=orders&ip=10.0.0.1&port=80'

/** A cache that keeps an answer as long as it may, and asks again at that moment. */
class Cache {
  readonly #dns: DnsClient
  #until = 0
  #addresses: readonly string[] = []
  ttl = 0

  constructor(dns: DnsClient) {
    this.#dns = dns
  }

  async look(): Promise<readonly string[]> {
    if (Date.now() < this.#until) return this.#addresses
    const { answers = [] } = await this.#dns.ask('_all.orders.nacos', 'A')
    this.#addresses = answers.flatMap((one) => (one.type === 'A' ? [one.data] : []))
    this.ttl = answers[0]?.type === 'A' ? (answers[0].ttl ?? 0) : 0
    this.#until = Date.now() + this.ttl * 1_000
    return this.#addresses
  }
}

test('a drained instance leaves answers and caches when it was said, and comes back', async () => {
  await using server = await TestServer.start({ flags: ['--dns.ttl=3s'] })
  using dns = new DnsClient(server.dns)
  const api = new NacosApi(server.url)
  await api.register('orders', '10.0.0.1', 80, '&ephemeral=false')
  await api.register('orders', '10.0.0.2', 80, '&ephemeral=false')
  await eventually(async () => {
    expect(await dns.addresses('_all.orders.nacos')).toHaveLength(2)
  })
  // Many caches, filled at different moments.
  const caches = Array.from({ length: 20 }, () => new Cache(dns))
  for (const cache of caches) {
    expect(await cache.look()).toHaveLength(2)
    expect(cache.ttl).toBe(3)
    await sleep(50)
  }
  const said = JSON.parse(await api.call('POST', DRAIN)) as Record<string, string>
  const outAt = Date.parse(said['outOfAnswersAt'] ?? '')
  const clearAt = Date.parse(said['clearOfCachesAt'] ?? '')
  expect(Math.abs(outAt - Date.now() - TTL_MS)).toBeLessThan(LATE_MS)
  expect(clearAt - outAt).toBe(3_000)
  let heldUntil = 0
  let goneAt = Number.POSITIVE_INFINITY
  const ttls = new Set<number>()
  while (Date.now() < clearAt + 200) {
    const { answers = [] } = await dns.ask('_all.orders.nacos', 'A')
    const isThere = answers.some((one) => one.type === 'A' && one.data === '10.0.0.1')
    // The answers follow the commit within milliseconds; here they have half a second.
    const isSettled = Date.now() > outAt - TTL_MS + 500
    if (isThere && isSettled)
      for (const one of answers) if (one.type === 'A') ttls.add(one.ttl ?? 0)
    if (!isThere) goneAt = Math.min(goneAt, Date.now())
    for (const cache of caches) {
      if ((await cache.look()).includes('10.0.0.1')) heldUntil = Date.now()
    }
    await sleep(20)
  }
  // Before it goes the TTL is short; at the moment that was said it is out.
  expect(Math.max(...ttls)).toBe(1)
  expect(goneAt).toBeGreaterThanOrEqual(outAt)
  expect(goneAt).toBeLessThan(outAt + LATE_MS)
  expect(heldUntil).toBeGreaterThan(outAt - LATE_MS)
  expect(heldUntil).toBeLessThan(clearAt)
  // Still registered; the others have their TTL back.
  expect(await api.listed('orders')).toEqual(['10.0.0.1', '10.0.0.2'])
  expect((await dns.ask('orders.nacos', 'A')).answers).toMatchObject([{ ttl: 3 }])
  await api.call('DELETE', DRAIN)
  await eventually(async () => {
    expect(await dns.addresses('_all.orders.nacos')).toHaveLength(2)
  })
})
