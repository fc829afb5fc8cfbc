import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/core/registry/changes.ts'
import { instance, ref } from '../core/registry/build.ts'
import { build } from './build.ts'

function put(name: string, n: number): Change {
  return {
    kind: 'instance_put',
    ref: ref(name),
    before: undefined,
    after: instance(n),
    reason: 'registered',
  }
}

describe('the one door', () => {
  test('does nothing for no change', () => {
    const { member, zones } = build()
    member.registry.commit([])
    expect([member.registry.snapshot.revision, zones.publishCount]).toEqual([0, 0])
  })

  test('publishes once per commit, with every service that it touched', () => {
    const { member, zones } = build()
    member.registry.commit([put('a', 1), put('b', 1), put('a', 2)])
    expect(zones.publishCount).toBe(1)
    const sizes = [...zones.published].map(([id, service]) => [id, service.instances.size])
    expect(Object.fromEntries(sizes)).toEqual({
      'public DEFAULT_GROUP@@a': 2,
      'public DEFAULT_GROUP@@b': 1,
    })
  })

  test('publishes before it tells: who reads the log can ask DNS', () => {
    const { member, trace } = build()
    member.registry.commit([put('a', 1)])
    expect(trace.tail.map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
      'publish 1',
      'info instance_registered',
    ])
  })

  test('tells each change with the facts that find the instance', () => {
    const { member, trace, telemetry } = build()
    member.registry.commit([put('a', 1)])
    expect(trace.tail.at(-1)).toContain(
      '{"namespace":"public","service":"DEFAULT_GROUP@@a","ip":"10.0.0.1","port":8080,' +
        '"cluster":"DEFAULT"}',
    )
    expect(telemetry.counters.get('registry_changes instance_registered')).toBe(1)
  })
})

describe('the tally', () => {
  test('counts by namespace, kind and state, and forgets what is zero', () => {
    const { member } = build()
    const { naming, registry } = member
    naming.register(ref('a'), instance(1))
    naming.register(ref('a'), instance(2, { enabled: false, healthy: false }))
    naming.register(ref('a', '', 'staging'), instance(3, { kind: 'persistent', healthy: false }))
    expect([...registry.tally.rows()]).toEqual([
      ['public', 'ephemeral', 'healthy', 1],
      ['public', 'ephemeral', 'disabled', 1],
      ['staging', 'persistent', 'unhealthy', 1],
    ])
    expect(registry.tally.instanceCount).toBe(3)
    naming.patch(ref('a'), instance(2).key, { enabled: true })
    naming.deregister(ref('a'), instance(1).key)
    expect([...registry.tally.rows()]).toEqual([
      ['staging', 'persistent', 'unhealthy', 1],
      ['public', 'ephemeral', 'unhealthy', 1],
    ])
  })
})
