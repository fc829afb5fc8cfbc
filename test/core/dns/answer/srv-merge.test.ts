import { expect, test } from 'vitest'
import { parseClusterName, parseHost, parsePort } from '../../../../src/core/registry/ids.ts'
import { instance, ref } from '../../registry/build.ts'
import { DnsWorld } from './world.ts'

test('instances of one host and port in two clusters are one SRV record of both weights', () => {
  const world = new DnsWorld()
  const ip = parseHost('10.5.0.1')
  const port = parsePort('80')
  world.put(ref('dup'), [
    instance(1, { ip, port, cluster: parseClusterName('a') }),
    instance(1, { ip, port, cluster: parseClusterName('b') }),
    instance(1, { ip, port: parsePort('81') }),
  ])
  const records = world.ask('dup.nacos', 'SRV').answers.map(({ data }) => data)
  expect(records.toSorted()).toEqual(['0 1 81 10-5-0-1.nacos.', '0 2 80 10-5-0-1.nacos.'])
})
