import { describe, expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { DEFAULT_SETTINGS, findService } from '../../src/core/registry/state.ts'
import { instance, ref } from '../core/registry/build.ts'
import { build, find } from './build.ts'

const ORDERS = ref('orders')
const ONE = instance(1)

describe('silence', () => {
  test('makes unhealthy after 15 s and removes after 30 s, each told once', () => {
    const { member, clock, telemetry } = build()
    member.naming.register(ORDERS, ONE)
    clock.pass(15_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
    clock.pass(200)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
    clock.pass(14_800)
    expect(find(member, ORDERS, ONE)).toBeDefined()
    clock.pass(200)
    expect(find(member, ORDERS, ONE)).toBeUndefined()
    expect(telemetry.counters.get('registry_changes instance_silent')).toBe(1)
    expect(telemetry.counters.get('registry_changes instance_expired')).toBe(1)
  })

  test('never removes where the setting forbids it, and a beat still revives', () => {
    const { member, clock } = build({ expireInstances: false })
    member.naming.register(ORDERS, ONE)
    clock.pass(3_600_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
    member.naming.lightBeat(ORDERS, ONE.key)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
    clock.pass(15_200)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
  })

  test('means nothing for a persistent instance', () => {
    const { member, clock } = build()
    const persistent = instance(1, { kind: 'persistent' })
    member.naming.register(ORDERS, persistent)
    clock.pass(86_400_000)
    expect(find(member, ORDERS, persistent)).toEqual(persistent)
  })

  test('is not counted while the process stands still', () => {
    const { member, clock, telemetry } = build()
    member.naming.register(ORDERS, ONE)
    clock.stall(60_000)
    clock.pass(100)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
    expect(telemetry.counters.get('stalled_ms lease')).toBe(59_500)
    // Half a second of the stall was counted.
    clock.pass(14_600)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(false)
  })

  test('of very many is told over several ticks, so that no tick is long', () => {
    const { member, clock, telemetry } = build()
    for (let n = 0; n < 3_500; n++) member.naming.register(ref(`s${n % 7}`), instance(n))
    clock.pass(15_000)
    const ticks: number[] = []
    for (let i = 0; i < 5; i++) {
      const before = silent()
      clock.pass(100)
      ticks.push(silent() - before)
    }
    expect(ticks).toEqual([1_000, 1_000, 1_000, 500, 0])

    function silent(): number {
      return telemetry.counters.get('registry_changes instance_silent') ?? 0
    }
  })

  test('is looked for in a bounded number of leases per tick', () => {
    const { member, clock, telemetry } = build()
    const renew = () => {
      for (let n = 0; n < 25_000; n++) member.naming.fullBeat(ref(`s${n % 7}`), instance(n))
    }
    renew()
    clock.pass(10_000)
    renew()
    clock.pass(5_100)
    expect(telemetry.counters.get('expiry_looks lease')).toBe(20_000)
    clock.pass(100)
    expect(telemetry.counters.get('expiry_looks lease')).toBe(25_000)
  })

  test('ends with the member: a disposed one expires nobody', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    member[Symbol.dispose]()
    clock.pass(60_000)
    expect(find(member, ORDERS, ONE)?.healthy).toBe(true)
  })
})

describe('an empty service', () => {
  test('that nobody declared is removed after a minute', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    member.naming.deregister(ORDERS, ONE.key)
    clock.pass(59_900)
    expect(findService(member.registry.snapshot, ORDERS)).toBeDefined()
    clock.pass(200)
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
  })

  test('whose last instance expired is removed a minute after that', () => {
    const { member, clock } = build()
    member.naming.register(ORDERS, ONE)
    clock.pass(89_900)
    expect(findService(member.registry.snapshot, ORDERS)?.instances.size).toBe(0)
    clock.pass(400)
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
  })

  test('that was declared is kept', () => {
    const { member, clock } = build()
    member.naming.createService(ORDERS, DEFAULT_SETTINGS)
    member.naming.register(ORDERS, ONE)
    member.naming.deregister(ORDERS, ONE.key)
    clock.pass(3_600_000)
    expect(findService(member.registry.snapshot, ORDERS)).toBeDefined()
  })

  test('that is used again meanwhile is kept, and its minute begins anew', () => {
    const { member, clock } = build()
    const leave = () => member.naming.deregister(ORDERS, ONE.key)
    member.naming.register(ORDERS, ONE)
    leave()
    clock.pass(50_000)
    member.naming.register(ORDERS, ONE)
    leave()
    clock.pass(50_000)
    expect(findService(member.registry.snapshot, ORDERS)).toBeDefined()
    clock.pass(10_200)
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
  })

  test('is kept as long as the setting says', () => {
    const { member, clock } = build({ emptyServiceMs: millis(1_000) })
    member.naming.register(ORDERS, ONE)
    member.naming.deregister(ORDERS, ONE.key)
    clock.pass(1_200)
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
  })

  test('waits a tick when very many are looked at before it', () => {
    const { member, clock } = build({ emptyServiceMs: millis(1_000) })
    const persistent = instance(1, { kind: 'persistent' })
    for (let n = 0; n < 1_000; n++) {
      member.naming.register(ref(`used-again-${n}`), persistent)
      member.naming.deregister(ref(`used-again-${n}`), persistent.key)
      member.naming.register(ref(`used-again-${n}`), persistent)
    }
    member.naming.register(ORDERS, persistent)
    member.naming.deregister(ORDERS, persistent.key)
    clock.pass(1_000)
    expect(findService(member.registry.snapshot, ORDERS)).toBeDefined()
    clock.pass(100)
    expect(findService(member.registry.snapshot, ORDERS)).toBeUndefined()
    expect(member.registry.tally.instanceCount).toBe(1_000)
  })
})
