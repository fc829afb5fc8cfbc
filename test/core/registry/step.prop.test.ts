import * as fc from 'fast-check'
import type { Instances } from '../../../src/core/registry/instances.ts'
import { expect, test } from 'vitest'
import type { Change } from '../../../src/core/registry/changes.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_SNAPSHOT,
  findService,
  groupedName,
  type Instance,
  type ServiceRef,
  type Snapshot,
} from '../../../src/core/registry/state.ts'
import { applyChanges, listNames } from '../../../src/core/registry/step.ts'
import { instance, ref } from './build.ts'

interface NaiveService {
  readonly ref: ServiceRef
  declared: boolean
  readonly instances: Map<string, Instance>
}

/** The same registry as nested plain maps that are changed in place. */
type Naive = Map<string, NaiveService>

type Op =
  | {
      readonly kind: 'put'
      readonly service: number
      readonly n: number
      readonly healthy: boolean
    }
  | { readonly kind: 'remove'; readonly service: number; readonly n: number }
  | { readonly kind: 'declare'; readonly service: number }
  | { readonly kind: 'drop'; readonly service: number }

const SERVICES = ['', 'g', 'h'].flatMap((group) =>
  ['', 'ns'].flatMap((namespace) => ['a', 'b', 'c'].map((name) => ref(name, group, namespace))),
)

const service = fc.nat(SERVICES.length - 1)
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), service, n: fc.nat(5), healthy: fc.boolean() }),
    fc.record({ kind: fc.constant('remove' as const), service, n: fc.nat(5) }),
    fc.record({ kind: fc.constant('declare' as const), service }),
    fc.record({ kind: fc.constant('drop' as const), service }),
  ),
  { maxLength: 60 },
)

test('the registry holds what plain maps hold, and shares what it does not touch', () => {
  fc.assert(
    fc.property(ops, (all) => {
      const naive: Naive = new Map()
      let snapshot = EMPTY_SNAPSHOT
      for (const op of all) {
        const change = changeOf(op, naive)
        if (change === undefined) continue
        const next = applyChanges(snapshot, [change])
        applyNaively(naive, change)
        for (const other of SERVICES) {
          if (other !== change.ref)
            expect(findService(next, other)).toBe(findService(snapshot, other))
        }
        snapshot = next
        expect(contentsOf(snapshot)).toEqual(naiveContents(naive))
      }
    }),
    { numRuns: 150 },
  )
})

test('changes in one commit come to the same as one commit each', () => {
  fc.assert(
    fc.property(ops, (all) => {
      const naive: Naive = new Map()
      const changes: Change[] = []
      for (const op of all) {
        const change = changeOf(op, naive)
        if (change === undefined) continue
        changes.push(change)
        applyNaively(naive, change)
      }
      const together = applyChanges(EMPTY_SNAPSHOT, changes)
      const oneByOne = changes.reduce((s, change) => applyChanges(s, [change]), EMPTY_SNAPSHOT)
      expect(contentsOf(together)).toEqual(contentsOf(oneByOne))
      expect(oneByOne.revision).toBe(changes.length)
    }),
  )
})

/** The change that an operation means in this state; undefined when nobody would make it. */
function changeOf(op: Op, naive: Naive): Change | undefined {
  const to = SERVICES[op.service] ?? ref('never')
  const known = naive.get(idOf(to))
  if (op.kind === 'declare') {
    return { kind: 'service_put', ref: to, settings: DEFAULT_SETTINGS, declared: true }
  }
  if (op.kind === 'drop') return { kind: 'service_removed', ref: to }
  const { key } = instance(op.n)
  const before = known?.instances.get(key)
  if (op.kind === 'put') {
    const after = instance(op.n, { healthy: op.healthy })
    return { kind: 'instance_put', ref: to, before, after, reason: 'registered' }
  }
  if (before === undefined) return undefined
  return { kind: 'instance_removed', ref: to, key, before, reason: 'expired' }
}

function applyNaively(naive: Naive, change: Change): void {
  const id = idOf(change.ref)
  if (change.kind === 'service_removed') {
    naive.delete(id)
    return
  }
  const known = naive.get(id) ?? { ref: change.ref, declared: false, instances: new Map() }
  naive.set(id, known)
  if (change.kind === 'service_put') known.declared = change.declared
  else if (change.kind === 'instance_put') known.instances.set(change.after.key, change.after)
  else known.instances.delete(change.key)
}

function contentsOf(snapshot: Snapshot): unknown {
  const services: [string, unknown][] = []
  const counts: [string, number][] = []
  for (const [namespace, { groups, serviceCount }] of snapshot.namespaces) {
    let names = 0
    for (const group of groups.values()) {
      names += listNames(group).length
      for (const one of group.services.values()) services.push(rowOf(one))
    }
    expect(names).toBe(serviceCount)
    counts.push([namespace, serviceCount])
  }
  return { services: new Map(services), counts: new Map(counts) }
}

function naiveContents(naive: Naive): unknown {
  const counts = new Map<string, number>()
  for (const { ref: of } of naive.values()) {
    counts.set(of.namespace, (counts.get(of.namespace) ?? 0) + 1)
  }
  return { services: new Map([...naive.values()].map(rowOf)), counts }
}

function rowOf(one: {
  readonly ref: ServiceRef
  readonly declared: boolean
  readonly instances: ReadonlyMap<string, Instance> | Instances
}): [string, unknown] {
  return [idOf(one.ref), { declared: one.declared, instances: mapOf(one.instances) }]
}

function mapOf(instances: ReadonlyMap<string, Instance> | Instances): Map<string, Instance> {
  if (!('list' in instances)) return new Map(instances)
  return new Map(instances.list.map((one) => [one.key, one]))
}

function idOf(of: ServiceRef): string {
  return `${of.namespace} ${groupedName(of)}`
}
