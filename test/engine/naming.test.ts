import { describe, expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { parseWeight } from '../../src/core/registry/ids.ts'
import { DEFAULT_SETTINGS, findService } from '../../src/core/registry/state.ts'
import { instance, ref } from '../core/registry/build.ts'
import { times } from '../core/health/build.ts'
import { build, find } from './build.ts'

const ORDERS = ref('orders')
const ONE = instance(1)
const DOWN = instance(1, { healthy: false })
const PERSISTENT = instance(1, { kind: 'persistent' })

describe('a registration', () => {
  test('is found at once, and published', () => {
    const { member, zones } = build()
    member.naming.register(ORDERS, ONE)
    expect(find(member, ORDERS, ONE)).toEqual(ONE)
    expect(zones.published.get('public DEFAULT_GROUP@@orders')?.instances.size).toBe(1)
  })

  test('of a known instance replaces what was said before', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    const heavier = instance(1, { weight: parseWeight(5), metadata: new Map([['a', 'b']]) })
    member.naming.register(ORDERS, heavier)
    expect(find(member, ORDERS, ONE)).toEqual(heavier)
  })

  test('revives an instance that was found silent', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    clock.pass(20_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
    member.naming.register(ORDERS, ONE)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
    clock.pass(15_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
  })

  test('of a known persistent instance keeps the health that was found', () => {
    const { member } = build()
    member.naming.register(ORDERS, PERSISTENT)
    member.naming.patch(ORDERS, PERSISTENT.key, { healthy: false })
    member.naming.register(ORDERS, PERSISTENT)
    expect(find(member, ORDERS, PERSISTENT)?.healthy).toBe(false)
  })

  test('of the same address in two kinds is two instances', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    member.naming.register(ORDERS, PERSISTENT)
    expect(findService(member.registry.snapshot, ORDERS)?.instances.size).toBe(2)
  })
})

describe('the limits', () => {
  const limits = { instancesPerServiceMax: 2, servicesPerNamespaceMax: 2 }

  test('refuse one instance too many, and say which setting to change', () => {
    const { member } = build({ limits })
    member.naming.register(ORDERS, instance(1))
    member.naming.register(ORDERS, instance(2))
    expect(() => member.naming.register(ORDERS, instance(3))).toThrow(
      expect.objectContaining({
        code: 'too_large',
        message: expect.stringContaining('naming.instances_per_service_max'),
      }),
    )
    expect(member.health.leaseCount).toBe(2)
  })

  test('let a known instance register again in a full service', () => {
    const { member } = build({ limits })
    for (const n of [1, 2, 1, 2]) member.naming.register(ORDERS, instance(n))
    expect(member.registry.tally.instanceCount).toBe(2)
  })

  test('refuse one service too many, by registration, by beat and by declaration', () => {
    const { member } = build({ limits })
    member.naming.register(ref('a'), ONE)
    member.naming.createService(ref('b'), DEFAULT_SETTINGS)
    const tooMany = expect.objectContaining({
      code: 'too_large',
      message: expect.stringContaining('naming.services_per_namespace_max'),
    })
    expect(() => member.naming.register(ref('c'), ONE)).toThrow(tooMany)
    expect(() => member.naming.fullBeat(ref('c'), ONE)).toThrow(tooMany)
    expect(() => member.naming.createService(ref('c'), DEFAULT_SETTINGS)).toThrow(tooMany)
    expect(member.registry.snapshot.revision).toBe(2)
  })

  test('are counted per namespace', () => {
    const { member } = build({ limits })
    for (const name of ['a', 'b']) member.naming.register(ref(name), ONE)
    expect(() => member.naming.register(ref('a', '', 'staging'), ONE)).not.toThrow()
  })

  test('give a place back when a service goes', () => {
    const { member } = build({ limits })
    for (const name of ['a', 'b']) member.naming.createService(ref(name), DEFAULT_SETTINGS)
    member.naming.deleteService(ref('a'))
    expect(member.naming.createService(ref('c'), DEFAULT_SETTINGS)).toBe('created')
  })
})

describe('a deregistration', () => {
  test('takes a known instance out, and its lease', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    expect(member.naming.deregister(ORDERS, ONE.key)).toBe(true)
    expect(find(member, ORDERS, ONE)).toBeUndefined()
    expect(member.health.leaseCount).toBe(0)
  })

  test('of an unknown one is no error and no commit', () => {
    const { member } = build()
    expect(member.naming.deregister(ORDERS, ONE.key)).toBe(false)
    expect(member.registry.snapshot.revision).toBe(0)
  })
})

describe('a patch', () => {
  test('changes what it names and leaves the rest', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    expect(member.naming.patch(ORDERS, ONE.key, { enabled: false })).toBe('patched')
    expect(find(member, ORDERS, ONE)).toEqual({ ...ONE, enabled: false })
  })

  test('of an unknown instance changes nothing', () => {
    const { member } = build()
    expect(member.naming.patch(ORDERS, ONE.key, { enabled: false })).toBe('no_instance')
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
  })

  test('counts as a beat', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    clock.pass(10_000)
    member.naming.patch(ORDERS, ONE.key, { weight: parseWeight(2) })
    clock.pass(10_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
  })

  test('of the times moves the deadlines', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    member.naming.patch(ORDERS, ONE.key, { times: times(100, 1_000, 2_000) })
    clock.pass(1_300)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
    clock.pass(1_000)
    expect(find(member, ORDERS, ONE)).toBeUndefined()
  })
})

describe('a light beat', () => {
  test('of an unknown instance says so, and makes none', () => {
    const { member } = build()
    expect(member.naming.lightBeat(ORDERS, ONE.key)).toEqual({ kind: 'unknown' })
    expect(member.registry.snapshot.revision).toBe(0)
  })

  test('renews the lease without a commit, and answers when to beat next', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, instance(1, { times: times(3_000, 15_000, 30_000) }))
    for (let i = 0; i < 10; i++) {
      clock.pass(10_000)
      const outcome = member.naming.lightBeat(ORDERS, ONE.key)
      expect(outcome).toEqual({ kind: 'known', intervalMs: millis(3_000) })
    }
    expect(member.registry.snapshot.revision).toBe(1)
  })

  test('makes a silent instance healthy again', () => {
    const { member, clock, telemetry } = build()
    member.naming.register(ORDERS, ONE)
    clock.pass(20_000)
    member.naming.lightBeat(ORDERS, ONE.key)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
    expect(telemetry.counters.get('registry_changes instance_recovered')).toBe(1)
  })

  test('does not touch the health of a persistent instance', () => {
    const { member } = build()
    member.naming.register(ORDERS, instance(1, { kind: 'persistent', healthy: false }))
    expect(member.naming.lightBeat(ORDERS, PERSISTENT.key).kind).toBe('known')
    expect(find(member, ORDERS, PERSISTENT)?.healthy).toBe(false)
    expect(member.health.leaseCount).toBe(0)
  })
})

describe('a full beat', () => {
  test('registers an unknown instance', () => {
    const { member, telemetry } = build()
    expect(member.naming.fullBeat(ORDERS, ONE).kind).toBe('known')
    expect(find(member, ORDERS, ONE)).toEqual(ONE)
    expect(telemetry.counters.get('registry_changes instance_beat')).toBe(1)
  })

  test('of a known instance leaves what it registered with', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    member.naming.fullBeat(ORDERS, instance(1, { weight: parseWeight(9) }))
    expect(find(member, ORDERS, ONE)).toEqual(ONE)
  })

  test('revives a known instance that somebody said is down', () => {
    const { member } = build()
    member.naming.register(ORDERS, ONE)
    member.naming.patch(ORDERS, ONE.key, { healthy: false })
    member.naming.fullBeat(ORDERS, DOWN)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
  })
})

describe('a service', () => {
  const settings = { ...DEFAULT_SETTINGS, protectThreshold: 0.5 }

  test('is created once', () => {
    const { member } = build()
    expect(member.naming.createService(ORDERS, settings)).toBe('created')
    expect(member.naming.createService(ORDERS, DEFAULT_SETTINGS)).toBe('exists')
    expect(findService(member.registry.snapshot, ORDERS)?.settings).toBe(settings)
  })

  test('that a registration made can be updated, and is declared from then on', () => {
    const { member } = build()
    expect(member.naming.updateService(ORDERS, settings)).toBe('not_found')
    member.naming.register(ORDERS, ONE)
    expect(member.naming.updateService(ORDERS, settings)).toBe('updated')
    expect(findService(member.registry.snapshot, ORDERS)).toMatchObject({
      declared: true,
      settings,
    })
  })

  test('is deleted only when it is empty', () => {
    const { member, zones } = build()
    expect(member.naming.deleteService(ORDERS)).toBe('not_found')
    member.naming.register(ORDERS, ONE)
    expect(member.naming.deleteService(ORDERS)).toBe('not_empty')
    member.naming.deregister(ORDERS, ONE.key)
    expect(member.naming.deleteService(ORDERS)).toBe('deleted')
    expect(zones.published.size).toBe(0)
  })
})
