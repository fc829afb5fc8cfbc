import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Instances } from '../../../../src/core/registry/instances.ts'
import { parseWeight } from '../../../../src/core/registry/ids.ts'
import { findService, type Instance, type ServiceRef } from '../../../../src/core/registry/state.ts'
import { hostLabelOf } from '../../../../src/core/dns/compile/address.ts'
import { formatName, latin1, parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { soaSerial } from '../../../../src/core/dns/transfer/serial.ts'
import { TransferZones } from '../../../../src/core/dns/transfer/zones.ts'
import type { ZoneVersion } from '../../../../src/core/dns/transfer/plan.ts'
import type { ZoneRecord } from '../../../../src/core/dns/zone/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld, tableSettings } from '../answer/world.ts'

const APEX = parseName('nacos.')
const REVERSE = parseName('10.in-addr.arpa.')

function zonesFrom(firstRevision = 0): TransferZones {
  const settings = { ...tableSettings(), reverseZones: [REVERSE], firstRevision }
  return new TransferZones({ ...settings, journal: { entriesMax: 1_000, bytesMax: 2 ** 26 } })
}

function versionOf(zones: TransferZones, apex: Uint8Array): ZoneVersion {
  const version = zones.find(latin1(apex))
  if (version === undefined) throw new Error('no such zone')
  return version
}

function spell({ owner, type, ttl, rdata }: ZoneRecord): string {
  return `${formatName(owner)} ${ttl} ${type} ${Buffer.from(rdata).toString('hex')}`
}

function recordsOf(version: ZoneVersion): string[] {
  return [...version.records()].map(spell)
}

const NAMES = ['a', 'A', 'b', 'x.y', 'X.y', 'c'].map((name) => ref(name))
const REFS: readonly ServiceRef[] = [...NAMES, ref('a', 'pay'), ref('a', 'PAY'), ref('a', '', 'ns')]

const anInstance = fc.record({
  host: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.9.0.1', 'fd00::1', 'FD00:0::1', 'web.test'),
  port: fc.constantFrom(80, 81),
  cluster: fc.constantFrom('DEFAULT', 'bj'),
  weight: fc.constantFrom(0, 1, 1, 2.5),
  healthy: fc.boolean(),
})

const aChange = fc.record({
  service: fc.nat(REFS.length - 1),
  instances: fc.option(fc.array(anInstance, { maxLength: 5 }), { freq: 4, nil: undefined }),
  threshold: fc.constantFrom(0, 0.5),
  ttl: fc.constantFrom(undefined, '7'),
})

type Change = typeof aChange extends fc.Arbitrary<infer T> ? T : never

function toInstances(drawn: Change['instances']): readonly Instance[] {
  const made = (drawn ?? []).map(({ host, weight, ...rest }) => {
    return at(host, { ...rest, weight: parseWeight(weight) })
  })
  // As the registry has them: each key once, in order.
  return made.reduce((all, one) => all.with(one), Instances.EMPTY).list
}

function apply(world: DnsWorld, { service, instances, threshold, ttl }: Change): ServiceRef {
  const target = REFS[service] ?? ref('a')
  if (instances === undefined) {
    world.remove(target)
  } else {
    const metadata = new Map(ttl === undefined ? [] : [['dns.ttl', ttl]])
    world.put(target, toInstances(instances), { protectThreshold: threshold, metadata })
  }
  return target
}

function advance(zones: TransferZones, world: DnsWorld, refs: readonly ServiceRef[]): void {
  for (const _ of zones.advance(world.snapshot, refs));
}

test('changes lead from each version to the next, and to what the registry alone would give', () => {
  const batches = fc.array(fc.array(aChange, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  fc.assert(
    fc.property(batches, (drawn) => {
      const world = new DnsWorld()
      const zones = zonesFrom()
      const copies = [APEX, REVERSE].map((apex) => ({
        apex,
        serial: 0,
        records: new Set(recordsOf(versionOf(zones, apex))),
      }))
      for (const batch of drawn) {
        const refs = batch.map((change) => apply(world, change))
        advance(zones, world, [...new Set(refs)])
        for (const copy of copies) {
          const version = versionOf(zones, copy.apex)
          for (const { removed, added } of version.since(copy.serial) ?? []) {
            for (const one of removed) expect(copy.records.delete(spell(one))).toBe(true)
            for (const one of added) {
              expect(copy.records.has(spell(one))).toBe(false)
              copy.records.add(spell(one))
            }
          }
          copy.serial = soaSerial(version.soa.rdata)
          expect(copy.serial).toBe(world.snapshot.revision)
          const records = recordsOf(version)
          expect(new Set(records).size).toBe(records.length)
          expect([...copy.records].toSorted()).toEqual(records.toSorted())
          expect(version.recordCount).toBe(records.length)
        }
      }
      const anew = zonesFrom()
      advance(anew, world, world.services())
      for (const { apex, records } of copies) {
        expect(recordsOf(versionOf(anew, apex)).toSorted()).toEqual([...records].toSorted())
      }
    }),
    { numRuns: 150 },
  )
})

test('a secondary would answer as the table does, selectors aside', () => {
  fc.assert(
    fc.property(fc.array(aChange, { maxLength: 12 }), (drawn) => {
      const world = new DnsWorld({ table: { answers: -1, reverseZones: [REVERSE] } })
      world.responder.client.isTcp = true
      const zones = zonesFrom()
      const refs = drawn.map((change) => apply(world, change))
      advance(zones, world, [...new Set(refs)])
      for (const apex of [APEX, REVERSE]) {
        const sets = Map.groupBy(
          versionOf(zones, apex).records(),
          ({ owner, type }) => `${formatName(owner)} ${type}`,
        )
        for (const [key, records] of sets) {
          const [name = '', type] = key.split(' ')
          if (Number(type) === TYPE.TXT && isCrowded(world, name)) continue
          const { answers } = world.ask(name, Number(type))
          const told = new Set(answers.map((one) => `${one.ttl} ${one.data.toLowerCase()}`))
          const sent = new Set(records.map((one) => `${one.ttl} ${readable(one)}`))
          expect([...told].toSorted(), key).toEqual([...sent].toSorted())
        }
      }
    }),
    { numRuns: 100 },
  )
})

/** Of an address with more instances than TXT tells, the table tells the oldest. */
function isCrowded(world: DnsWorld, name: string): boolean {
  const all = world
    .services()
    .flatMap((one) => findService(world.snapshot, one)?.instances.list ?? [])
  return all.filter(({ ip }) => name.startsWith(`${hostLabelOf(ip)}.`)).length > 8
}

/** As the reader of messages spells it, by way of a message. */
function readable({ type, rdata }: ZoneRecord): string {
  const bytes = [...rdata]
  if (type === TYPE.A) return bytes.join('.')
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length)
  if (type === TYPE.AAAA) {
    return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':')
  }
  const name = (from: number): string => formatName(rdata.subarray(from)).toLowerCase()
  if (type === TYPE.NS || type === TYPE.PTR) return name(0)
  if (type === TYPE.SRV) return `${[0, 2, 4].map((i) => view.getUint16(i)).join(' ')} ${name(6)}`
  const texts: string[] = []
  for (let i = 0; i < rdata.length; i += 1 + (rdata[i] ?? 0)) {
    texts.push(latin1(rdata.subarray(i + 1, i + 1 + (rdata[i] ?? 0))))
  }
  return texts.join('|').toLowerCase()
}

test('a change of one instance among many costs records of that one alone', () => {
  const world = new DnsWorld({ bytes: 1 << 25 })
  const zones = zonesFrom()
  const many = Array.from({ length: 2_000 }, (_, i) => at(`10.1.${i >> 8}.${i & 255}`))
  world.putState(ref('big'), many, 1)
  advance(zones, world, [ref('big')])
  const before = versionOf(zones, APEX)
  world.putState(ref('big'), many.with(7, at('10.1.0.7', { healthy: false })), 1)
  advance(zones, world, [ref('big')])
  const [delta] = versionOf(zones, APEX).since(soaSerial(before.soa.rdata)) ?? []
  // Four names with A, SRV and TXT; the instance's own TXT.
  expect(delta?.removed).toHaveLength(13)
  expect(delta?.added).toHaveLength(5)
  expect(findService(world.snapshot, ref('big'))?.instances.size).toBe(2_000)
})
