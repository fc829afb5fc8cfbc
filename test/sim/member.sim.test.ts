import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { Chance } from './chance.ts'
import { Digest } from './digest.ts'
import { Violation } from './invariants.ts'
import { runSeed } from './run.ts'
import { drawSpec, refOf } from './scenario.ts'
import { keyOf, World } from './world.ts'

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1)

describe('one member, simulated', () => {
  test.each([...SEEDS, ...keptSeeds()])('keeps its promises under seed %i', async (seed) => {
    const { violation } = await runSeed(seed)
    expect(violation).toBeUndefined()
  })

  test('the same seed gives the same run, event by event', async () => {
    const [first, second] = [await runSeed(42), await runSeed(42)]
    expect(second).toEqual(first)
    expect(first.events).toBeGreaterThan(1_000)
  })

  test('another seed gives another run', async () => {
    expect((await runSeed(1)).digest).not.toBe((await runSeed(2)).digest)
  })

  test('a thousand services expire on virtual time in well under a second', async () => {
    const world = new World()
    const spec = ephemeralSpec()
    for (let n = 1; n <= 1_000; n++) world.register(refOf(n), spec)
    const startedMs = performance.now()
    await world.runUntil(31_000)
    const tookMs = performance.now() - startedMs
    expect(world.telemetry.counters.get('registry_changes instance_silent')).toBe(1_000)
    expect(world.telemetry.counters.get('registry_changes instance_expired')).toBe(1_000)
    await world.runUntil(92_000)
    expect(world.zones.published.size).toBe(0)
    // Some 100 ms alone on a machine; the bound leaves room for neighbours.
    expect(tookMs).toBeLessThan(2_000)
  })

  test('an instance that stops beating is unhealthy after 15 s and gone after 30 s', async () => {
    const world = new World()
    const spec = ephemeralSpec()
    const find = () => healthOf(world)
    world.register(refOf(1), spec)
    await world.runUntil(15_000)
    expect(find()).toEqual([true])
    await world.runUntil(15_250)
    expect(find()).toEqual([false])
    await world.runUntil(30_000)
    expect(find()).toEqual([false])
    await world.runUntil(30_250)
    expect(find()).toEqual([])
  })

  test('beats that wait in the sockets of a stalled process are not missed', async () => {
    const world = new World()
    const spec = ephemeralSpec()
    world.register(refOf(1), spec)
    for (let at = 5_000; at <= 120_000; at += 5_000) {
      world.clock.at(at, () => world.lightBeat(refOf(1), keyOf(spec)))
    }
    world.clock.at(14_000, () => world.stall(90_000))
    await world.runUntil(120_000)
    expect(world.telemetry.counters.get('registry_changes instance_silent')).toBeUndefined()
    expect(healthOf(world)).toEqual([true])
  })
})

describe('the invariants', () => {
  test('name an instance that was registered behind their back', () => {
    const world = new World()
    world.register(refOf(1), ephemeralSpec())
    world.member.naming.register(refOf(1), { ...ephemeralSpec(), cluster: otherCluster() })
    expect(() => world.check()).toThrow(Violation)
  })

  test('name a zone that was not published', () => {
    const world = new World()
    world.register(refOf(1), ephemeralSpec())
    world.zones.published.clear()
    expect(() => world.check()).toThrow('published as it was')
  })

  test('name an instance that outlives its silence', async () => {
    const world = new World()
    world.register(refOf(1), ephemeralSpec())
    // Nobody looks for due leases any more.
    world.member[Symbol.dispose]()
    await world.runUntil(15_251)
    expect(() => world.check()).toThrow('is healthy after 15251 ms of silence')
    await world.runUntil(30_251)
    expect(() => world.check()).toThrow('is here after 30251 ms of silence')
  })
})

describe('the trace digest', () => {
  test('tells two traces apart that differ in where a line ends', () => {
    const [a, b] = [new Digest(), new Digest()]
    a.add('ab')
    a.add('c')
    b.add('a')
    b.add('bc')
    expect(a.hex()).not.toBe(b.hex())
  })
})

function keptSeeds(): readonly number[] {
  const text = readFileSync(new URL('seeds.txt', import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => /^\d/.test(line))
  return lines.map((line) => Number.parseInt(line, 10))
}

function ephemeralSpec(): ReturnType<typeof drawSpec> {
  const times = { intervalMs: millis(5_000), unhealthyMs: millis(15_000), removeMs: millis(30_000) }
  return { ...drawSpec(new Chance(1), 1), kind: 'ephemeral', healthy: true, times }
}

function otherCluster(): ReturnType<typeof drawSpec>['cluster'] {
  return 'other' as ReturnType<typeof drawSpec>['cluster']
}

function healthOf(world: World): readonly boolean[] {
  const services = [...world.zones.published.values()]
  return services.flatMap((service) => [...service.instances.list].map((i) => i.healthy))
}
