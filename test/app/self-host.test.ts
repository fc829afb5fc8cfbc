import { expect, test } from 'vitest'
import { selfHost } from '../../src/app/self-host.ts'

const LOCAL = ['127.0.0.1', '169.254.1.1', '10.1.2.3', '172.17.0.1', '::1', 'fd00::3']

test.each([
  [['127.0.0.1', '::1'], '127.0.0.1'],
  [['::1', '127.0.0.1'], '::1'],
  [['10.9.9.9', '127.0.0.1'], '10.9.9.9'],
  [['0.0.0.0'], '10.1.2.3'],
  [['0.0.0.0', '::'], '10.1.2.3'],
  [['::', '0.0.0.0'], '10.1.2.3'],
  [['127.0.0.1', '0.0.0.0'], '10.1.2.3'],
  [['127.0.0.1', '::'], 'fd00::3'],
  [['::'], 'fd00::3'],
  [['10.9.9.9', '::'], '10.9.9.9'],
])('who listens on %j tells clients %s', (listen, host) => {
  expect(selfHost(listen, LOCAL, 'vm1')).toBe(host)
})

test('a machine without an address of its own tells its name', () => {
  expect(selfHost(['0.0.0.0'], ['127.0.0.1', '::1', 'fd00::3'], 'vm1')).toBe('vm1')
})
