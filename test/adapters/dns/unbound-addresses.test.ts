import { expect, test } from 'vitest'
import { UnboundAddresses } from '../../../src/adapters/dns/unbound-addresses.ts'
import type { BindFailure } from '../../../src/adapters/dns/worker-data.ts'

const failure = (address: string): BindFailure => ({ address, port: 53, code: 'EADDRINUSE' })
const line = (address: string): unknown => {
  return ['warn', 'dns_address_not_bound', failure(address)]
}

test('an address that several workers cannot bind is told once, and again after it was had', () => {
  const told: unknown[] = []
  const unbound = new UnboundAddresses({ event: (...line) => void told.push(line) })
  unbound.tell(0, [failure('10.0.0.1')])
  unbound.tell(1, [failure('10.0.0.1'), failure('10.0.0.2')])
  unbound.tell(0, [failure('10.0.0.1')])
  expect(told).toEqual([line('10.0.0.1'), line('10.0.0.2')])
  unbound.tell(1, [])
  expect(unbound.size).toBe(1)
  unbound.tell(0, [])
  expect(unbound.size).toBe(0)
  unbound.tell(0, [failure('10.0.0.1')])
  expect(told).toHaveLength(3)
})
