import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { FileZone } from '../../../../src/core/dns/transfer/file-zone.ts'
import { Journal } from '../../../../src/core/dns/transfer/journal.ts'
import { planTransfer } from '../../../../src/core/dns/transfer/plan.ts'
import { isNewer, soaSerial } from '../../../../src/core/dns/transfer/serial.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import type { ZoneRecord } from '../../../../src/core/dns/zone/state.ts'

const APEX = parseName('example.test.')
const LIMITS = { entriesMax: 10, bytesMax: 100_000 }

function zone(serial: number, ...hosts: readonly number[]): readonly ZoneRecord[] {
  const lines = hosts.map((host) => `h${host} 300 A 192.0.2.${host}`)
  const soa = `@ 300 SOA a b ${serial} 2 3 4 5`
  return readZone([soa, '@ 300 NS a', 'a 300 A 192.0.2.250', ...lines].join('\n'), 'z', APEX)
    .records
}

/** `SOA 5`, or the last octet of an address. */
function short({ type, rdata }: ZoneRecord): string {
  if (type === TYPE.SOA) return `SOA ${soaSerial(rdata)}`
  return type === TYPE.A ? `A ${rdata[3]}` : 'NS'
}

/** Versions one after the other; what a client with `serial` is sent. */
function sent(versions: readonly (readonly ZoneRecord[])[], serial?: number): string {
  const [first = [], ...later] = versions
  const file = new FileZone(APEX, first, LIMITS)
  for (const records of later) file.load(records)
  const { result, records } = planTransfer(file.version(), serial)
  return `${result}: ${[...records].map(short).join(', ')}`
}

const MANY = [1, 2, 3, 4, 5, 6, 7, 8, 9]

describe('what is sent', () => {
  test('AXFR: all between two SOAs (RFC 5936 §2.2)', () => {
    expect(sent([zone(5, 1)])).toBe('full: SOA 5, NS, A 250, A 1, SOA 5')
  })

  test('IXFR: old SOA, what goes, new SOA, what comes (RFC 1995 §4)', () => {
    const versions = [zone(5, ...MANY), zone(6, ...MANY.slice(1)), zone(8, ...MANY.slice(1), 77)]
    const last = 'SOA 6, SOA 8, A 77, SOA 8'
    expect(sent(versions, 5)).toBe(`delta: SOA 8, SOA 5, A 1, SOA 6, ${last}`)
    expect(sent(versions, 6)).toBe(`delta: SOA 8, ${last}`)
  })

  test.each([8, 9, 2 ** 31 + 7])('a client with serial %i has nothing to get', (serial) => {
    expect(sent([zone(5), zone(8, 1)], serial)).toBe('current: SOA 8')
  })

  test.each([4, 7, 2 ** 31 + 9])('serial %i is unknown: the whole zone', (serial) => {
    expect(sent([zone(5), zone(8, 1)], serial)).toBe('full: SOA 8, NS, A 250, A 1, SOA 8')
  })

  test('more changes than records: the whole zone', () => {
    expect(sent([zone(5, ...MANY), zone(6)], 5)).toBe('full: SOA 6, NS, A 250, SOA 6')
  })

  test('serials run around the circle (RFC 1982)', () => {
    const top = 2 ** 32 - 1
    expect(sent([zone(top, ...MANY), zone(0, ...MANY, 77)], top)).toBe(
      `delta: SOA 0, SOA ${top}, SOA 0, A 77, SOA 0`,
    )
    expect([isNewer(0, top), isNewer(top, 0), isNewer(1, 1)]).toEqual([true, false, false])
  })
})

test('a file whose serial did not grow is told, and breaks the chain', () => {
  const file = new FileZone(APEX, zone(5, 1), LIMITS)
  expect(file.load(zone(6, 1, 2))).toBe('newer')
  expect(file.load(zone(6, 1, 2))).toBe('same')
  expect(file.journal.size).toBe(1)
  expect(file.load(zone(6, 1, 3))).toBe('stuck')
  expect(file.journal.size).toBe(0)
  expect([...file.version().records()].map(short)).toContain('A 3')
})

function soa(serial: number): ZoneRecord {
  const [record] = zone(serial)
  if (record === undefined) throw new Error('no SOA')
  return record
}

function host(octets: number): ZoneRecord {
  return { owner: APEX, type: TYPE.TXT, ttl: 1, rdata: new Uint8Array(octets) }
}

describe('the journal', () => {
  test('is bounded in entries', () => {
    const journal = new Journal({ entriesMax: 3, bytesMax: 1e6 })
    for (let i = 0; i < 9; i++) {
      journal.push({ from: soa(i), to: soa(i + 1), removed: [], added: [host(10)] })
    }
    expect([journal.size, journal.since(5), journal.since(6)?.length]).toEqual([3, undefined, 3])
  })

  test('is bounded in bytes, and counts what it has', () => {
    const journal = new Journal({ entriesMax: 100, bytesMax: 50_000 })
    for (let i = 0; i < 40; i++) {
      journal.push({ from: soa(i), to: soa(i + 1), removed: [host(4_000)], added: [] })
    }
    expect(journal.bytes).toBeLessThanOrEqual(50_000)
    expect(journal.bytes).toBeGreaterThan(journal.size * 4_000)
    journal.push({ from: soa(40), to: soa(41), removed: [host(60_000)], added: [] })
    expect([journal.size, journal.bytes]).toEqual([0, 0])
  })

  test('of no entries keeps nothing', () => {
    const journal = new Journal({ entriesMax: 0, bytesMax: 50_000 })
    journal.push({ from: soa(1), to: soa(2), removed: [], added: [] })
    expect([journal.size, journal.since(1)]).toEqual([0, undefined])
  })
})
