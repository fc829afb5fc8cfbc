import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serviceNames } from '../../../../src/core/dns/labels.ts'
import { concatNames, formatName, parseName, prefixName } from '../../../../src/core/dns/name.ts'
import type { ServiceRef } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld } from './world.ts'

const APEX = parseName('nacos.')

/** Characters that are legal in Nacos and hard in DNS come often. */
const hard = fc.constantFrom(
  ...'- -- _ . .. : @ / $ \\ " x x-- --41 h-- ns1 10-0-0-1 default A Z é 😀 % *'.split(' '),
  '\u0000',
  '\u007f',
  'a'.repeat(62),
)
const plain = fc.constantFrom(...'abcXYZ019'.split(''))
const text = (max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(hard, plain, plain), { minLength: 1, maxLength: max })
    .map((all) => all.join(''))

const only = (pattern: RegExp, max: number, parts: number): fc.Arbitrary<string> =>
  text(parts).map((all) =>
    Array.from(all)
      .filter((one) => pattern.test(one))
      .join('')
      .slice(0, max),
  )

const service = text(7)
  .map((name) => name.replace(/^@+/, '').replaceAll('@@', '@').slice(0, 512))
  .filter((name) => name !== '' && !/[\s\u4E00-\u9FA5]/.test(name))
const aRef: fc.Arbitrary<ServiceRef> = fc
  .record({
    name: service,
    group: fc.oneof(fc.constantFrom('', 'g', 'default'), only(/[a-zA-Z0-9\-_:.]/, 128, 4)),
    namespace: fc.oneof(fc.constantFrom('', 'n', 'public'), only(/[\w-]/, 64, 3)),
  })
  .map(({ name, group, namespace }) => ref(name, group, namespace))

const idOf = (one: ServiceRef): string => `${one.namespace}\n${one.group}\n${one.name}`
const fold = (id: string): string => id.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Distinct also when folded, so that each bears its names. */
function sample(count: number, seed: number): readonly ServiceRef[] {
  const found = new Map<string, ServiceRef>()
  for (let round = 0; found.size < count; round++) {
    for (const one of fc.sample(aRef, { numRuns: count, seed: seed + round })) {
      const id = fold(idOf(one))
      if (found.size < count && !found.has(id)) found.set(id, one)
    }
  }
  return [...found.values()]
}

const addressOf = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`

test('each of ten thousand legal names resolves to its service and to no other', () => {
  const refs = sample(10_000, 20_261_101)
  const world = new DnsWorld({ bytes: 1 << 26 })
  const fresh = world.table.nameCount
  for (const [i, one] of refs.entries()) world.putState(one, [at(addressOf(i))], i)
  let forms = 0
  for (const [i, one] of refs.entries()) {
    const { full, group, short, hash } = serviceNames(one, APEX.length)
    for (const labels of [full, group, short, hash]) {
      if (labels === undefined) continue
      const name = formatName(prefixName(labels, APEX))
      expect([name, world.look(name)]).toEqual([name, addressOf(i)])
      forms++
    }
    const raw = full === undefined ? undefined : rawName(one)
    if (raw !== undefined) expect([raw, world.look(raw)]).toEqual([raw, addressOf(i)])
  }
  expect(forms).toBeGreaterThan(20_000)
  for (const one of refs) world.remove(one)
  for (let i = 0; i < 200; i++) world.table.settle(i)
  expect(world.table.nameCount).toBe(fresh)
}, 60_000)

/**
 * The full name in raw octets, as far as that spelling is one: no label is empty, too long, starts
 * with `_`, or has what reads as an escape.
 */
function rawName(one: ServiceRef): string | undefined {
  const { name, group, namespace } = one
  const labels = [...name.split('.'), group, namespace].map((label) =>
    Buffer.from(label).toString('latin1'),
  )
  const isAlias = group.toLowerCase() === 'default' || namespace.toLowerCase() === 'ns'
  if (!labels.every(isSpelled) || isAlias) return undefined
  const wire = prefixName(labels, new Uint8Array(1))
  if (wire.length + APEX.length > 192) return undefined
  return formatName(concatNames(wire, APEX))
}

function isSpelled(label: string): boolean {
  return label !== '' && label.length < 64 && !/^_|--[0-9a-fA-F]{2}/.test(label)
}

test('a name that nobody registered is NXDOMAIN, or NODATA above one that is', () => {
  const refs = sample(400, 7)
  const world = new DnsWorld({ bytes: 1 << 25 })
  const known = refs.slice(0, 200)
  for (const [i, one] of known.entries()) world.putState(one, [at(addressOf(i))], i)
  const names = known.flatMap((one) => {
    const { full, group, short } = serviceNames(one, APEX.length)
    return [full, group, short].flatMap((labels) =>
      labels === undefined ? [] : [formatName(prefixName(labels, APEX)).toLowerCase()],
    )
  })
  let absent = 0
  for (const one of refs.slice(200)) {
    const { full, group, short, hash } = serviceNames(one, APEX.length)
    for (const labels of [full, group, short, hash]) {
      if (labels === undefined) continue
      const name = formatName(prefixName(labels, APEX)).toLowerCase()
      const isAncestor = names.some((other) => other.endsWith(`.${name}`))
      if (names.includes(name)) continue
      expect([name, world.ask(name).rcode]).toEqual([name, isAncestor ? 0 : 3])
      expect(world.ask(name).answers).toEqual([])
      absent++
    }
  }
  expect(absent).toBeGreaterThan(200)
})

test('the winner of a folded name does not depend on who came when', () => {
  const spelled: fc.Arbitrary<string[]> = fc
    .array(fc.constantFrom('order', 'Order', 'ORDER', 'orDer', 'OrdeR'), { minLength: 2 })
    .map((names) => Array.from(new Set<string>(names)))
  fc.assert(
    fc.property(spelled, fc.constantFrom('', 'g', 'G'), fc.nat(), (names, group, turn) => {
      const look = (order: readonly string[]): string => {
        const world = new DnsWorld({ bytes: 1 << 20 })
        for (const name of order) {
          world.put(ref(name, group), [at(addressOf(names.indexOf(name)))])
        }
        return `${world.look(`order.${group || 'default'}.public.nacos`)} ${world.table.collisions}`
      }
      const turned = [...names.slice(turn % names.length), ...names.slice(0, turn % names.length)]
      expect(look(turned)).toBe(look(names))
      expect(look(names.toReversed())).toBe(look(names))
    }),
    { numRuns: 60 },
  )
})
