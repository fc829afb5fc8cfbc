import { expect, test } from 'vitest'
import { isStrictUpdater } from '../../../src/core/nacos/agent.ts'
import { isAdmitted, type ServerStatus } from '../../../src/core/nacos/status.ts'
import { encodeServerList } from '../../../src/core/nacos/encode-operator.ts'

test.each([
  ['Nacos-Java-Client:v1.0.0', true],
  ['Nacos-Java-Client:v1.4.8', true],
  ['Nacos-Java-Client:v2.5.1', true],
  ['Nacos-Java-Client:v0.9.0', false],
  ['Nacos-Go-Client:v1.1.6', false],
  ['Nacos-Python-Client:v2.0', false],
  ['curl/8.0', false],
  ['', false],
])('an update by %s is strict: %s', (agent, expected) => {
  expect(isStrictUpdater(agent)).toBe(expected)
})

test.each<[ServerStatus, string, boolean]>([
  ['UP', 'GET', true],
  ['UP', 'POST', true],
  ['STARTING', 'GET', false],
  ['DOWN', 'PUT', false],
  ['READ_ONLY', 'GET', true],
  ['READ_ONLY', 'HEAD', true],
  ['READ_ONLY', 'POST', false],
  ['WRITE_ONLY', 'DELETE', true],
  ['WRITE_ONLY', 'GET', false],
])('a server that is %s admits %s: %s', (status, method, expected) => {
  expect(isAdmitted(status, method)).toBe(expected)
})

test('the server list is divided by CR LF and ends in nothing', () => {
  expect(encodeServerList(['a:1', 'b:2'])).toBe('a:1\r\nb:2')
})
