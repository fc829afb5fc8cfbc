import { describe, expect, test } from 'vitest'
import { parseClusterName, parseHost, parsePort } from '../../../src/core/registry/ids.ts'
import { inClusters, isProtected } from '../../../src/core/registry/select.ts'
import { emptyService, type Instance, type Service } from '../../../src/core/registry/state.ts'
import { instance, ref } from './build.ts'

function serviceOf(...all: readonly Instance[]): Service {
  const empty = emptyService(ref('orders'))
  const instances = all.reduce((map, one) => map.with(one), empty.instances)
  return { ...empty, instances }
}

describe('the instances of a service', () => {
  test('come in one order, whatever the order in which they came', () => {
    const a = instance(1, { ip: parseHost('10.0.0.1'), port: parsePort('80') })
    const b = instance(1, { ip: parseHost('10.0.0.1'), port: parsePort('443') })
    const c = instance(1, { ip: parseHost('10.0.0.1'), cluster: parseClusterName('z') })
    const d = instance(1, { ip: parseHost('10.0.0.2'), port: parsePort('1') })
    expect(serviceOf(d, c, b, a).instances.list).toEqual([b, a, c, d])
    expect(serviceOf(a, c, d, b).instances.list).toEqual([b, a, c, d])
  })

  test('are those of the named clusters, or all when none is named', () => {
    const hz = instance(1, { cluster: parseClusterName('hz') })
    const sh = instance(2, { cluster: parseClusterName('sh') })
    expect(inClusters([hz, sh], new Set())).toEqual([hz, sh])
    expect(inClusters([hz, sh], new Set([sh.cluster]))).toEqual([sh])
    expect(inClusters([hz, sh], new Set([parseClusterName('bj')]))).toEqual([])
  })
})

describe('the protect rule', () => {
  test.each([
    [0, 0, 0, false, 'nothing to protect'],
    [0, 3, 0, true, 'nobody healthy: fail open'],
    [1, 3, 0, false, 'one healthy'],
    [1, 2, 0.5, true, 'exactly at the threshold'],
    [2, 3, 0.5, false, 'above it'],
    [3, 3, 1, true, 'a threshold of 1 gives all, always'],
  ])('%d of %d healthy, threshold %d: %s (%s)', (healthy, total, threshold, isGivenAll) => {
    expect(isProtected(healthy, total, threshold)).toBe(isGivenAll)
  })
})
