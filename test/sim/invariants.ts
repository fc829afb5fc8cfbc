import type { InstanceState } from '../../src/engine/tally.ts'
import type { Instance, Service, Snapshot } from '../../src/core/registry/state.ts'
import {
  idOf,
  LATE_MAX_MS,
  silenceBetween,
  type Expected,
  type ExpectedService,
  type Model,
  type Moment,
} from './model.ts'
import type { SimZones } from './ports.ts'

/** A promise that the member broke, with the moment at which it did. */
export class Violation extends Error {}

function demand(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Violation(what())
}

export interface Rules {
  readonly expireInstances: boolean
  readonly emptyServiceMs: number
}

/** Holds the member against what the world knows; strikes out of the model what rightly expired. */
export function checkLeases(snapshot: Snapshot, model: Model, rules: Rules, now: Moment): void {
  for (const [id, expected] of model.services) {
    const service = serviceOf(snapshot, expected)
    for (const one of expected.instances.values()) {
      const found = service?.instances.get(one.key)
      if (one.kind === 'persistent') checkPersistent(found, one)
      else if (found === undefined) checkExpired(one, expected, rules, now)
      else checkPresent(found, one, rules, now)
    }
    demand(sizeOf(service) === expected.instances.size, () => `${id} holds what nobody registered`)
    checkEmpty(service, expected, rules, now)
    if (service === undefined) model.services.delete(id)
  }
}

function serviceOf(snapshot: Snapshot, { ref }: ExpectedService): Service | undefined {
  return snapshot.namespaces.get(ref.namespace)?.groups.get(ref.group)?.services.get(ref.name)
}

function sizeOf(service: Service | undefined): number {
  return service?.instances.size ?? 0
}

function checkPersistent(found: Instance | undefined, one: Expected): void {
  demand(found !== undefined, () => `${one.key} is persistent and gone`)
  demand(found.healthy !== one.isSaidDown, () => `${one.key} is persistent; its health moved`)
}

function checkExpired(one: Expected, service: ExpectedService, rules: Rules, now: Moment): void {
  const silence = silenceBetween(one.heard, now)
  const told = `${one.key} of ${idOf(one.ref)}`
  demand(rules.expireInstances, () => `${told} expired where nothing may expire`)
  demand(!one.isBeating, () => `${told} beats and was removed`)
  demand(
    silence.mostMs > one.times.removeMs,
    () => `${told} was removed after ${silence.mostMs} ms at most`,
  )
  service.instances.delete(one.key)
  service.emptySince = now
}

function checkPresent(found: Instance, one: Expected, rules: Rules, now: Moment): void {
  const { leastMs, mostMs } = silenceBetween(one.heard, now)
  const { unhealthyMs, removeMs } = one.times
  const told = `${one.key} of ${idOf(one.ref)}`
  demand(
    !rules.expireInstances || leastMs <= removeMs + LATE_MAX_MS,
    () => `${told} is here after ${leastMs} ms of silence`,
  )
  if (one.isSaidDown) {
    demand(!found.healthy, () => `${told} was said to be down and is healthy`)
    return
  }
  const downMs = rules.expireInstances ? unhealthyMs : Math.min(unhealthyMs, removeMs)
  if (found.healthy) {
    const isInTime = leastMs <= downMs + LATE_MAX_MS
    demand(isInTime, () => `${told} is healthy after ${leastMs} ms of silence`)
  } else {
    demand(!one.isBeating, () => `${told} beats and is unhealthy`)
    demand(mostMs > downMs, () => `${told} is unhealthy after ${mostMs} ms of silence at most`)
  }
}

function checkEmpty(
  service: Service | undefined,
  expected: ExpectedService,
  rules: Rules,
  now: Moment,
): void {
  const id = idOf(expected.ref)
  if (expected.instances.size > 0 || expected.isDeclared) {
    demand(service !== undefined, () => `${id} is gone though it is declared or in use`)
    demand(service.declared === expected.isDeclared, () => `${id} forgot whether it is declared`)
    return
  }
  const { leastMs, mostMs } = silenceBetween(expected.emptySince, now)
  if (service === undefined) {
    demand(mostMs >= rules.emptyServiceMs, () => `${id} went after ${mostMs} ms of emptiness`)
  } else {
    const isInTime = leastMs <= rules.emptyServiceMs + LATE_MAX_MS
    demand(isInTime, () => `${id} is kept after ${leastMs} ms of emptiness`)
  }
}

/** The registry, what was published of it, and what was counted of it say the same. */
export function checkAgreement(
  snapshot: Snapshot,
  zones: SimZones,
  counted: Iterable<readonly [string, Instance['kind'], InstanceState, number]>,
): void {
  const recount = new Map<string, number>()
  let services = 0
  for (const [namespace, { groups, serviceCount }] of snapshot.namespaces) {
    const before = services
    for (const group of groups.values()) {
      demand(group.names.size === group.services.size, () => 'a group lists a wrong set of names')
      for (const service of group.services.values()) {
        services++
        const isSame = zones.published.get(idOf(service.ref)) === service
        demand(isSame, () => `${idOf(service.ref)} is published as it was, not as it is`)
        for (const instance of service.instances.list) count(recount, namespace, instance)
      }
    }
    demand(services - before === serviceCount, () => `${namespace} counts ${serviceCount} services`)
  }
  demand(zones.published.size === services, () => 'a removed service is still published')
  checkCounts(recount, counted)
}

function checkCounts(recount: Map<string, number>, counted: Parameters<typeof checkAgreement>[2]) {
  for (const [namespace, kind, state, number] of counted) {
    const key = `${namespace} ${kind} ${state}`
    const right = recount.get(key) ?? 0
    demand(number >= 0 && number === right, () => `${key} is counted ${number}, is ${right}`)
    recount.delete(key)
  }
  demand(recount.size === 0, () => `not counted: ${[...recount.keys()].join(', ')}`)
}

function count(counts: Map<string, number>, namespace: string, instance: Instance): void {
  const state = !instance.enabled ? 'disabled' : instance.healthy ? 'healthy' : 'unhealthy'
  const key = `${namespace} ${instance.kind} ${state}`
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
