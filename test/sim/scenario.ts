import {
  DEFAULT_CLUSTER,
  parseGroupName,
  parseHost,
  parseNamespaceId,
  parsePort,
  parseServiceName,
  parseWeight,
} from '../../src/core/registry/ids.ts'
import { NO_METADATA, type ServiceRef } from '../../src/core/registry/state.ts'
import type { InstancePatch, InstanceSpec } from '../../src/engine/naming.ts'
import { Chance } from './chance.ts'
import { drawTimes, SimClient, type Knobs } from './client.ts'
import { keyOf, World, type WorldSettings } from './world.ts'

/** How long clients come and go; after that nothing more is said for `QUIET_MS`. */
const BUSY_MS = 150_000
const QUIET_MS = 180_000

export interface Scenario {
  readonly world: World
  readonly untilMs: number
}

type Who = { readonly ref: ServiceRef; readonly spec: InstanceSpec }

/** Everything in a run follows from its seed: the member's settings, the clients, the faults. */
export function createScenario(seed: number): Scenario {
  const chance = new Chance(seed)
  const world = new World(drawSettings(chance.fork('settings')))
  const knobs = drawKnobs(chance.fork('knobs'))
  const everyone = drawClients(chance.fork('clients'))
  for (const [i, who] of everyone.entries()) {
    const own = chance.fork(`client ${i}`)
    new SimClient(world, own, knobs, who).start(own.between(0, 30_000))
  }
  startOperator(world, chance.fork('operator'), everyone)
  if (chance.fork('has stalls').coin(0.7)) startStalls(world, chance.fork('stalls'), knobs)
  return { world, untilMs: BUSY_MS + QUIET_MS }
}

function drawSettings(chance: Chance): WorldSettings {
  return {
    expireInstances: chance.coin(0.9),
    emptyServiceMs: chance.pick([60_000, 60_000, 5_000]),
    instancesPerServiceMax: chance.pick([10_000, 10_000, 3]),
    servicesPerNamespaceMax: chance.pick([50_000, 50_000, 4]),
  }
}

function drawKnobs(chance: Chance): Knobs {
  return {
    delayMaxMs: chance.pick([0, 50, 1_000]),
    lossProbability: chance.pick([0, 0, 0.3]),
    stallGapMs: chance.pick([2_000, 10_000, 40_000]),
  }
}

function drawClients(chance: Chance): readonly Who[] {
  const services = chance.between(1, 12)
  const count = chance.between(1, 40)
  return Array.from({ length: count }, (_, i) => ({
    ref: refOf(chance.between(1, services)),
    spec: drawSpec(chance, i),
  }))
}

export function refOf(n: number): ServiceRef {
  return {
    namespace: parseNamespaceId(n % 3 === 0 ? 'staging' : ''),
    group: parseGroupName(n % 4 === 0 ? 'billing' : ''),
    name: parseServiceName(`service-${n}`),
  }
}

export function drawSpec(chance: Chance, i: number): InstanceSpec {
  return {
    kind: chance.coin(0.9) ? 'ephemeral' : 'persistent',
    ip: parseHost(`10.0.${i >> 8}.${i & 255}`),
    port: parsePort('8080'),
    cluster: DEFAULT_CLUSTER,
    weight: parseWeight(chance.between(0, 10)),
    enabled: chance.coin(0.9),
    healthy: chance.coin(0.9),
    metadata: NO_METADATA,
    times: drawTimes(chance),
  }
}

/** Somebody at the console: patches instances, declares and deletes services, sets the clock. */
function startOperator(world: World, chance: Chance, everyone: readonly Who[]): void {
  const act = (): void => {
    if (world.clock.now() > BUSY_MS) return
    const who = everyone[chance.between(0, everyone.length - 1)]
    if (who !== undefined) actOn(world, chance, who)
    world.clock.at(world.clock.now() + chance.between(100, 10_000), act)
  }
  world.clock.at(chance.between(0, 10_000), act)
}

function actOn(world: World, chance: Chance, { ref, spec }: Who): void {
  const what = chance.pick(['patch', 'patch', 'times', 'declare', 'delete', 'wall'])
  if (what === 'patch') world.patch(ref, keyOf(spec), drawPatch(chance))
  else if (what === 'declare') world.declareService(ref)
  else if (what === 'delete') world.deleteService(ref)
  else if (what === 'wall') world.clock.stepWall(chance.between(-3_600_000, 3_600_000))
  else {
    // From now on the client's beats may be too rare for what was set: nothing is demanded.
    const expected = world.model.find(ref, keyOf(spec))
    if (expected !== undefined) expected.isBeating = false
    world.patch(ref, keyOf(spec), { times: drawTimes(chance) })
  }
}

function drawPatch(chance: Chance): InstancePatch {
  return chance.pick<InstancePatch>([
    { enabled: chance.coin(0.5) },
    { healthy: chance.coin(0.5) },
    { weight: parseWeight(chance.between(0, 100)) },
  ])
}

function startStalls(world: World, chance: Chance, knobs: Knobs): void {
  const stall = (): void => {
    const [min, max] = chance.pick([
      [1, 600],
      [600, 5_000],
      [5_000, 60_000],
    ])
    world.stall(chance.between(min, max))
    const gap = chance.between(knobs.stallGapMs, 3 * knobs.stallGapMs)
    world.clock.at(world.clock.now() + gap, stall)
  }
  world.clock.at(chance.between(0, 3 * knobs.stallGapMs), stall)
}
