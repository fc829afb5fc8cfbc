import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../../src/kernel/errors.ts'
import type { Change } from '../../../src/core/registry/changes.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_SNAPSHOT,
  findGroup,
  findService,
  groupedName,
  type Instance,
  type ServiceRef,
  type Snapshot,
} from '../../../src/core/registry/state.ts'
import { applyChanges, listNames } from '../../../src/core/registry/step.ts'
import { instance, ref } from './build.ts'

const ORDERS = ref('orders')

function put(to: ServiceRef, after: Instance, before?: Instance): Change {
  return { kind: 'instance_put', ref: to, before, after, reason: 'registered' }
}

function remove(from: ServiceRef, before: Instance): Change {
  return {
    kind: 'instance_removed',
    ref: from,
    key: before.key,
    before,
    reason: 'deregistered',
  }
}

function declare(of: ServiceRef, protectThreshold = 0): Change {
  const settings = { ...DEFAULT_SETTINGS, protectThreshold }
  return { kind: 'service_put', ref: of, settings, declared: true }
}

function after(...changes: readonly Change[]): Snapshot {
  return applyChanges(EMPTY_SNAPSHOT, changes)
}

describe('the registry', () => {
  test('makes the service that an instance is put into', () => {
    const service = findService(after(put(ORDERS, instance(1))), ORDERS)
    expect(service).toMatchObject({ ref: ORDERS, declared: false, settings: DEFAULT_SETTINGS })
    expect(service?.instances.list).toEqual([instance(1)])
  })

  test('replaces an instance of the same key', () => {
    const disabled = instance(1, { enabled: false })
    const service = findService(after(put(ORDERS, instance(1)), put(ORDERS, disabled)), ORDERS)
    expect(service?.instances.list).toEqual([disabled])
  })

  test('keeps a service whose last instance left', () => {
    const snapshot = after(put(ORDERS, instance(1)), remove(ORDERS, instance(1)))
    expect(findService(snapshot, ORDERS)?.instances.size).toBe(0)
    expect(snapshot.namespaces.get(ORDERS.namespace)?.serviceCount).toBe(1)
  })

  test('changes the settings of a service and leaves its instances alone', () => {
    const before = after(put(ORDERS, instance(1)))
    const service = findService(applyChanges(before, [declare(ORDERS, 0.5)]), ORDERS)
    expect(service).toMatchObject({ declared: true, settings: { protectThreshold: 0.5 } })
    expect(service?.instances).toBe(findService(before, ORDERS)?.instances)
  })

  test('puts an instance into a declared service without forgetting that it is declared', () => {
    const snapshot = after(declare(ORDERS, 0.5), put(ORDERS, instance(1)))
    expect(findService(snapshot, ORDERS)).toMatchObject({
      declared: true,
      settings: { protectThreshold: 0.5 },
    })
  })

  test('leaves nothing behind of a group and a namespace whose last service went', () => {
    const alone = ref('a', 'g', 'ns')
    const snapshot = after(declare(alone), { kind: 'service_removed', ref: alone })
    expect(snapshot.namespaces.size).toBe(0)
  })

  test('keeps the group when another of its services is left', () => {
    const [a, b] = [ref('a', 'g'), ref('b', 'g')]
    const snapshot = after(declare(a), declare(b), { kind: 'service_removed', ref: a })
    const group = findGroup(snapshot, b.namespace, b.group)
    expect(group === undefined ? [] : listNames(group)).toEqual(['b'])
    expect(snapshot.namespaces.get(b.namespace)?.serviceCount).toBe(1)
  })

  test('removes an unknown service by changing nothing', () => {
    const before = after(declare(ORDERS))
    const next = applyChanges(before, [{ kind: 'service_removed', ref: ref('ghost') }])
    expect(next.namespaces).toBe(before.namespaces)
  })

  test('counts services per namespace, whatever their group', () => {
    const snapshot = after(declare(ref('a')), declare(ref('a', 'g')), declare(ref('a', 'g', 'ns')))
    const counts = [...snapshot.namespaces].map(([id, { serviceCount }]) => [id, serviceCount])
    expect(Object.fromEntries(counts)).toEqual({ ns: 1, public: 2 })
  })

  test('grows its revision by one per commit, whatever the number of changes', () => {
    const one = after(put(ORDERS, instance(1)), put(ORDERS, instance(2)))
    expect(one.revision).toBe(1)
    expect(applyChanges(one, [declare(ORDERS)]).revision).toBe(2)
  })

  test('never changes a snapshot that somebody holds', () => {
    const before = after(put(ORDERS, instance(1)))
    applyChanges(before, [remove(ORDERS, instance(1)), declare(ref('other'))])
    expect(findService(before, ORDERS)?.instances.size).toBe(1)
    expect(findService(before, ref('other'))).toBeUndefined()
  })

  test('holds an instance that leaves a service nobody knows to be a broken invariant', () => {
    expect(() => after(remove(ORDERS, instance(1)))).toThrow(InvariantError)
  })

  test('names a service on the wire as Nacos does', () => {
    expect(groupedName(ref('orders', 'billing'))).toBe('billing@@orders')
  })
})

describe('names of a group', () => {
  test('come in code-point order', () => {
    const snapshot = after(...['b', 'B', 'a-1', 'a', 'ä', 'a1'].map((name) => declare(ref(name))))
    const group = findGroup(snapshot, ORDERS.namespace, ORDERS.group)
    expect(group === undefined ? [] : listNames(group)).toEqual(['B', 'a', 'a-1', 'a1', 'b', 'ä'])
  })

  test('are sorted once, and again only when a service comes or goes', () => {
    const first = after(put(ORDERS, instance(1)))
    const second = applyChanges(first, [put(ORDERS, instance(2))])
    const third = applyChanges(second, [declare(ref('new'))])
    const [a, b, c] = [first, second, third].map((snapshot) => {
      const group = findGroup(snapshot, ORDERS.namespace, ORDERS.group)
      return group === undefined ? [] : listNames(group)
    })
    expect(b).toBe(a)
    expect(c).toEqual(['new', 'orders'])
  })
})

describe('a change', () => {
  test('shares every service, group and namespace that it does not touch', () => {
    const others = [ref('a'), ref('b'), ref('a', 'g'), ref('a', 'g', 'ns')]
    const before = after(...others.map(declare1))
    const next = applyChanges(before, [put(ORDERS, instance(1))])
    for (const other of others) {
      expect(findService(next, other)).toBe(findService(before, other))
    }
    const [untouched] = others.slice(2)
    if (untouched !== undefined) {
      expect(findGroup(next, untouched.namespace, untouched.group)).toBe(
        findGroup(before, untouched.namespace, untouched.group),
      )
    }
    expect(next.namespaces.get(ref('a', 'g', 'ns').namespace)).toBe(
      before.namespaces.get(ref('a', 'g', 'ns').namespace),
    )
  })

  test('among 100,000 services makes a few nodes, not a copy', () => {
    const changes = Array.from({ length: 100_000 }, (_, i) => declare(ref(`service-${i}`)))
    const before = after(...changes)
    const next = applyChanges(before, [put(ref('service-777'), instance(1))])
    const old = nodesOf(before)
    const fresh = [...nodesOf(next)].filter((node) => !old.has(node))
    // One path per map (32 wide: depth 4 at most) and the records on the way; here some 16.
    expect(fresh.length).toBeLessThan(40)
    expect(old.size).toBeGreaterThan(100_000)
  })
})

function declare1(of: ServiceRef): Change {
  return declare(of)
}

/** Every object that can be reached: the price of a snapshot, by difference that of a change. */
function nodesOf(root: unknown): ReadonlySet<object> {
  const seen = new Set<object>()
  const open: unknown[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null || seen.has(node)) continue
    seen.add(node)
    open.push(...Object.values(node).filter((value) => typeof value === 'object'))
  }
  return seen
}
