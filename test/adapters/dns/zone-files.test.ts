import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ZoneFiles } from '../../../src/adapters/dns/zone-files.ts'
import { DnsWorld } from '../../core/dns/answer/world.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'

let directory = ''
let world: DnsWorld
let events: string[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-zones-'))
  world = new DnsWorld()
  events = []
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function event(_level: string, name: string, facts: Readonly<Record<string, unknown>>): void {
  const zone = typeof facts['zone'] === 'string' ? ` ${facts['zone']}` : ''
  events.push(name + zone)
}

function files(from: string = directory): ZoneFiles {
  return new ZoneFiles({ directory: from, table: world.table, telemetry: { event } })
}

const put = (name: string, text: string): void => writeFileSync(join(directory, name), text)

describe('the zones of a directory', () => {
  test('are served, follow their files, and go with them', () => {
    put('z.test.zone', `${HEAD}a A 192.0.2.2\n`)
    put('readme.txt', 'no zone')
    put('.hidden.zone', 'no zone')
    const zones = files()
    zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.2')
    put('z.test.zone', `${HEAD}b A 192.0.2.3\n`)
    put('y.test.zone', HEAD)
    zones.load()
    expect(world.look('a.z.test')).toBe('NXDOMAIN')
    expect(world.look('b.z.test')).toBe('192.0.2.3')
    expect([...zones.states].map(({ zone }) => zone)).toEqual(['z.test.', 'y.test.'])
    rmSync(join(directory, 'z.test.zone'))
    zones.load()
    expect(world.look('b.z.test')).toBe('REFUSED')
    expect(world.look('ns1.y.test')).toBe('192.0.2.1')
    expect(events).toContain('zone_unloaded z.test.')
  })

  test('a file with mistakes leaves the version before', () => {
    put('z.test.zone', `${HEAD}a A 192.0.2.2\n`)
    const zones = files()
    zones.load()
    put('z.test.zone', `${HEAD}a A 192.0.2\nb A x\n`)
    zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.2')
    expect([...zones.states]).toEqual([{ zone: 'z.test.', records: 4, errors: 2 }])
    expect(events.filter((one) => one === 'zone_refused z.test.')).toHaveLength(2)
    put('z.test.zone', `${HEAD}a A 192.0.2.9\n`)
    zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.9')
    expect([...zones.states][0]?.errors).toBe(0)
  })

  test('a file whose name is no zone harms nobody, now and when it goes', () => {
    put('z.test.zone', HEAD)
    put('a..b.zone', HEAD)
    put(`${'x'.repeat(64)}.zone`, HEAD)
    const zones = files()
    zones.load()
    expect(world.look('ns1.z.test')).toBe('192.0.2.1')
    expect([...zones.states].map(({ zone, errors }) => `${zone} ${errors}`)).toContain(
      'a..b.zone 1',
    )
    rmSync(join(directory, 'a..b.zone'))
    zones.load()
    expect([...zones.states].map(({ zone }) => zone)).not.toContain('a..b.zone')
    expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  })

  test('a file in the place of a zone of the registry is refused', () => {
    put('nacos.zone', HEAD)
    put('pay.nacos.zone', HEAD)
    put('z.test.zone', HEAD)
    files().load()
    expect(events).toEqual([
      'zone_refused nacos.',
      'zone_refused pay.nacos.',
      'zone_loaded z.test.',
    ])
  })

  test('a folder in the place of a file is a mistake of that zone alone', () => {
    mkdirSync(join(directory, 'y.test.zone'))
    put('z.test.zone', HEAD)
    files().load()
    expect(events).toEqual(['zone_refused y.test.', 'zone_loaded z.test.'])
  })
})

test('no directory is no zones', () => {
  const zones = files(join(directory, 'absent'))
  zones.load()
  expect([[...zones.states], events]).toEqual([[], []])
})

test('a directory that cannot be read takes no zone away', () => {
  const inner = join(directory, 'zones')
  mkdirSync(inner)
  writeFileSync(join(inner, 'z.test.zone'), HEAD)
  const zones = files(inner)
  zones.load()
  // A file in its place: readable by nobody as a directory, root included.
  rmSync(inner, { recursive: true })
  writeFileSync(inner, '')
  chmodSync(inner, 0)
  zones.load()
  expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  expect(events).toEqual(['zone_loaded z.test.', 'zones_unreadable'])
})
