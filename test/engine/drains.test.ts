import { expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { parseWeight } from '../../src/core/registry/ids.ts'
import { DEFAULT_SETTINGS, type Instance, type Metadata } from '../../src/core/registry/state.ts'
import { instance, ref } from '../core/registry/build.ts'
import { build, find, type Built } from './build.ts'

const ORDERS = ref('orders')
const ONE = instance(1, { kind: 'persistent' })
const DRAINING: Metadata = new Map([['dns.drain', 'true']])

function world(ttl: number): Built {
  const built = build({ answers: { ttl, answers: 0 } })
  built.member.naming.register(ORDERS, ONE)
  return built
}

function phase({ member }: Built): string {
  return find(member, ORDERS, ONE)?.drain?.phase ?? 'in'
}

test.each([
  ['a TTL ahead, and the caches are clear of it three seconds later', 30],
  ['with the TTL of a second', 1],
  ['at once when nothing is cached', 0],
])('a drained instance leaves the answers %s', (_, ttl) => {
  const built = world(ttl)
  const wall = built.clock.wall()
  const drain = built.member.naming.drain(ORDERS, ONE.key)
  expect(drain).toEqual({
    by: 'operator',
    phase: 'leaving',
    outAt: wall + ttl * 1_000,
    clearAt: wall + ttl * 1_000 + 3_000,
  })
  if (ttl > 0) built.clock.pass(ttl * 1_000 - 1)
  expect(phase(built)).toBe('leaving')
  built.clock.pass(1)
  expect(phase(built)).toBe('drained')
  expect(find(built.member, ORDERS, ONE)?.drain?.clearAt).toBe(drain?.clearAt)
})

test('a drain is told once: saying it again changes neither its times nor the registry', () => {
  const built = world(30)
  const first = built.member.naming.drain(ORDERS, ONE.key)
  const { revision } = built.member.registry.snapshot
  built.clock.pass(10_000)
  expect(built.member.naming.drain(ORDERS, ONE.key)).toBe(first)
  expect(built.member.registry.snapshot.revision).toBe(revision)
  expect(built.member.naming.drain(ORDERS, instance(9).key)).toBeUndefined()
})

test('an undone drain never happens, and one that happened is taken back', () => {
  const built = world(30)
  const { naming, drains } = built.member
  expect(naming.undrain(ORDERS, ONE.key)).toBe('not_draining')
  naming.drain(ORDERS, ONE.key)
  expect(drains.leavingCount).toBe(1)
  expect(naming.undrain(ORDERS, ONE.key)).toBe('undrained')
  expect(drains.leavingCount).toBe(0)
  built.clock.pass(60_000)
  expect(phase(built)).toBe('in')
  naming.drain(ORDERS, ONE.key)
  built.clock.pass(60_000)
  expect(phase(built)).toBe('drained')
  expect(naming.undrain(ORDERS, ONE.key)).toBe('undrained')
  expect(phase(built)).toBe('in')
  expect(naming.undrain(ORDERS, instance(9).key)).toBe('no_instance')
})

test('metadata begins a drain and ends it; a registration that says it is out after a TTL', () => {
  const built = world(30)
  const { naming } = built.member
  naming.patch(ORDERS, ONE.key, { metadata: DRAINING })
  expect(phase(built)).toBe('leaving')
  naming.patch(ORDERS, ONE.key, { metadata: new Map([['zone', 'a']]) })
  expect(phase(built)).toBe('in')
  naming.register(ORDERS, { ...ONE, metadata: new Map([['dns.drain', 'TRUE']]) })
  built.clock.pass(30_000)
  expect(phase(built)).toBe('drained')
  // Saying the same again does not begin it anew.
  naming.register(ORDERS, { ...ONE, metadata: DRAINING })
  expect(phase(built)).toBe('drained')
})

test("an operator's drain outlives what the client says, and ends with the instance", () => {
  const built = world(30)
  const { naming } = built.member
  naming.patch(ORDERS, ONE.key, { metadata: DRAINING })
  built.clock.pass(10_000)
  expect(naming.drain(ORDERS, ONE.key)).toMatchObject({ by: 'operator', phase: 'leaving' })
  naming.register(ORDERS, ONE)
  built.clock.pass(19_999)
  expect(phase(built)).toBe('leaving')
  built.clock.pass(1)
  expect(phase(built)).toBe('drained')
  naming.deregister(ORDERS, ONE.key)
  naming.register(ORDERS, ONE)
  expect(phase(built)).toBe('in')
})

test('an undone drain takes its metadata along', () => {
  const built = world(30)
  const { naming } = built.member
  const metadata = new Map([
    ['zone', 'a'],
    ['dns.drain', 'true'],
  ])
  naming.patch(ORDERS, ONE.key, { metadata })
  naming.undrain(ORDERS, ONE.key)
  expect(find(built.member, ORDERS, ONE)?.metadata).toEqual(new Map([['zone', 'a']]))
})

test('the moment of one instance is not taken for that of the next on its address', () => {
  const built = world(30)
  const { naming } = built.member
  naming.drain(ORDERS, ONE.key)
  built.clock.pass(20_000)
  naming.deregister(ORDERS, ONE.key)
  naming.register(ORDERS, ONE)
  naming.drain(ORDERS, ONE.key)
  built.clock.pass(29_999)
  expect(phase(built)).toBe('leaving')
  built.clock.pass(1)
  expect(phase(built)).toBe('drained')
})

test('a TTL that was lowered a moment ago still stands in caches', () => {
  const built = world(1)
  const { naming } = built.member
  const withTtl = (ttl: number): void => {
    const settings = { ...DEFAULT_SETTINGS, metadata: new Map([['dns.ttl', String(ttl)]]) }
    naming.updateService(ORDERS, settings)
  }
  withTtl(600)
  withTtl(5)
  built.clock.pass(100_000)
  const wall = built.clock.wall()
  expect(naming.drain(ORDERS, ONE.key)?.outAt).toBe(wall + 500_000)
  naming.undrain(ORDERS, ONE.key)
  built.clock.pass(500_000)
  expect(naming.drain(ORDERS, ONE.key)?.outAt).toBe(built.clock.wall() + 5_000)
})

test('TTLs of namespaces count', () => {
  const shop = ref('orders', '', 'shop')
  const namespaces = new Map([[shop.namespace, { ttl: 60 }]])
  const built = build({ answers: { ttl: 1, answers: 0, namespaces } })
  built.member.naming.register(shop, ONE)
  expect(built.member.naming.drain(shop, ONE.key)?.outAt).toBe(built.clock.wall() + 60_000)
})

test('a process that stood still says later that the caches are clear', () => {
  const built = world(30)
  const drain = built.member.naming.drain(ORDERS, ONE.key)
  built.clock.stall(100_000)
  built.clock.pass(1)
  expect(phase(built)).toBe('drained')
  expect(find(built.member, ORDERS, ONE)?.drain?.clearAt).toBe((drain?.clearAt ?? 0) + 70_000)
})

test('a stopped member moves nothing any more', () => {
  const built = world(30)
  built.member.naming.drain(ORDERS, ONE.key)
  built.member[Symbol.dispose]()
  built.clock.pass(60_000)
  expect(phase(built)).toBe('leaving')
})

test('an instance tells since when it stands as it does', () => {
  const built = build()
  const { naming } = built.member
  const one = instance(1)
  const since = (): number => (find(built.member, ORDERS, one)?.since ?? 0) - start
  const start = built.clock.wall()
  const steps: readonly (readonly [string, () => void, number])[] = [
    ['registered', () => naming.register(ORDERS, one), 1_000],
    ['again', () => naming.register(ORDERS, one), 1_000],
    ['another weight', () => patch({ weight: parseWeight(3) }), 1_000],
    ['disabled', () => patch({ enabled: false }), 4_000],
    ['enabled', () => patch({ enabled: true }), 5_000],
    ['weight 0', () => patch({ weight: parseWeight(0) }), 6_000],
    ['weight 1', () => patch({ weight: parseWeight(1) }), 7_000],
    ['draining', () => void naming.drain(ORDERS, one.key), 8_000],
    ['drained', () => undefined, 9_000],
    ['undrained', () => void naming.undrain(ORDERS, one.key), 10_000],
  ]
  const patch = (what: Partial<Instance>): void => void naming.patch(ORDERS, one.key, what)
  for (const [what, step, at] of steps) {
    built.clock.pass(1_000)
    step()
    expect([what, since()]).toEqual([what, at])
  }
  // The last word was heard at 10 s: silent after 15 s more, and removed after 30.
  built.clock.pass(16_000)
  expect(find(built.member, ORDERS, one)?.healthy).toBe(false)
  const silentAt = since()
  expect(silentAt).toBeGreaterThan(22_000)
  expect(silentAt).toBeLessThan(26_000)
  naming.lightBeat(ORDERS, one.key)
  expect(since()).toBe(26_000)
  expect(built.clock.wall()).toBe(millis(start + 26_000))
})
