import { expect, test } from 'vitest'
import { CairnError } from '../../../../src/kernel/errors.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import type { ServiceRef } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from '../answer/world.ts'

const OPTIONS = { bytes: 1 << 20, table: { reverseZones: [parseName('10.in-addr.arpa.')] } }

/** Fills the table until it says that it is full. */
function fill(world: DnsWorld): readonly ServiceRef[] {
  const known: ServiceRef[] = []
  for (let i = 0; ; i++) {
    const next = ref(`a-rather-long-part.of-a-name-${i}`, `group-${i % 50}`, `namespace-${i % 20}`)
    try {
      world.put(next, [at(`10.1.${i >> 8}.${i & 255}`)])
      known.push(next)
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_large' })
      return known
    }
  }
}

/** Removes every service; a name of an address may be told of late, and is in the end. */
function empty(world: DnsWorld): void {
  for (const one of world.services()) {
    try {
      world.remove(one)
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_large' })
    }
  }
  for (let i = 0; i < 50; i++) world.table.settle(i)
}

test('a full table says too_large and goes on answering what it knows', () => {
  const world = new DnsWorld(OPTIONS)
  const known = fill(world)
  expect(known.length).toBeGreaterThan(300)
  for (const [i, { name, group, namespace }] of known.entries()) {
    expect(world.look(`${name}.${group}.${namespace}.nacos`)).toBe(`10.1.${i >> 8}.${i & 255}`)
  }
})

test('a full table can always be emptied, and is then as new', () => {
  const world = new DnsWorld(OPTIONS)
  const known = fill(world)
  const failed = ref('one-more', 'group-1', 'namespace-1')
  // What is small may still find a gap.
  const many = Array.from({ length: 250 }, (_, i) => at(`10.2.0.${i}`))
  expect(() => world.put(failed, many)).toThrow(CairnError)
  world.remove(failed)
  expect(known.every((one) => world.services().includes(one))).toBe(true)
  empty(world)
  expect(world.table.nameCount).toBe(new DnsWorld(OPTIONS).table.nameCount)
})

/** One of several that share ancestors. */
const refOf = (n: number): ServiceRef =>
  ref(n % 2 ? `x${n >> 1}.tail-${n % 7}` : `X${n >> 1}`, `g-${n % 5}`, `n-${n % 3}`)

test('whatever fails in a full table, existing names keep their ancestors and others do not', () => {
  const world = new DnsWorld(OPTIONS)
  const rng = new SeededRng(3)
  const alive = new Map<string, ServiceRef>()
  let failures = 0
  for (let i = 0; i < 6_000; i++) {
    const n = rng.u32() % 1_200
    const one = refOf(n)
    const id = JSON.stringify(one)
    try {
      if (rng.u32() % 3 === 0) {
        alive.delete(id)
        world.remove(one)
      } else {
        const count = 1 + (rng.u32() % 12)
        const ips = Array.from({ length: count }, (_, k) => at(`10.${n % 200}.${k}.${n >> 3}`))
        world.put(one, ips)
        alive.set(id, one)
      }
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      failures++
    }
  }
  expect(failures).toBeGreaterThan(10)
  for (const one of alive.values()) {
    const name = `${one.name}.${one.group}.${one.namespace}.nacos`
    expect(world.ask(name).rcode).toBe(0)
    const parts = name.split('.')
    for (let k = 1; k < parts.length; k++) expect(world.ask(parts.slice(k).join('.')).rcode).toBe(0)
  }
  empty(world)
  expect(world.table.nameCount).toBe(new DnsWorld(OPTIONS).table.nameCount)
})

test('a zone file that does not fit leaves the old version as it was', () => {
  const head = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'
  const world = new DnsWorld(OPTIONS)
  world.loadZone('z.test.', `${head}old A 192.0.2.2\n`)
  const names = world.table.nameCount
  for (const pad of ['', 'x'.repeat(55)]) {
    const lines = Array.from({ length: 9_000 }, (_, i) => `n${i}${pad} A 192.0.2.3\n`).join('')
    expect(() => world.loadZone('z.test.', head + lines)).toThrow(/full/)
    expect(world.look('old.z.test')).toBe('192.0.2.2')
    expect(world.look('n1.z.test')).toBe('NXDOMAIN')
    expect(world.table.nameCount).toBe(names)
  }
  expect(() => world.loadZone('y.test.', `${head}a.b.c A 192.0.2.3\n${big()}`)).toThrow()
  expect(world.look('ns1.y.test')).toBe('REFUSED')
  expect(world.table.nameCount).toBe(names)
})

function big(): string {
  return Array.from({ length: 9_000 }, (_, i) => `m${i} TXT "${'t'.repeat(200)}"\n`).join('')
}
