import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ZoneFiles } from '../../../src/adapters/dns/zone-files.ts'
import { formatName } from '../../../src/core/dns/name.ts'
import { InvariantError } from '../../../src/kernel/errors.ts'
import { DnsWorld } from '../../core/dns/answer/world.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'

let directory = ''
let world: DnsWorld
let events: string[] = []
let messages: string[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cairn-zones-'))
  world = new DnsWorld()
  events = []
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function event(_level: string, name: string, facts: Readonly<Record<string, unknown>>): void {
  const zone = typeof facts['zone'] === 'string' ? ` ${facts['zone']}` : ''
  events.push(name + zone)
  if (typeof facts['message'] === 'string') messages.push(facts['message'])
}

function files(from: string = directory): ZoneFiles {
  return new ZoneFiles({ directory: from, table: world.table, telemetry: { event } })
}

const put = (name: string, text: string): void => writeFileSync(join(directory, name), text)

/** The line of a mistake, and what is wrong without its path. */
function lineAndEnd(message: string): string {
  const [, line] = /:(\d+):/.exec(message) ?? []
  const what = /is outside.*|no such file or directory|is not a file/.exec(message)
  return `${line} ${what?.[0]}`
}

describe('the zones of a directory', () => {
  test('are served, follow their files, and go with them', async () => {
    put('z.test.zone', `${HEAD}a A 192.0.2.2\n`)
    put('readme.txt', 'no zone')
    put('.hidden.zone', 'no zone')
    const zones = files()
    await zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.2')
    put('z.test.zone', `${HEAD}b A 192.0.2.3\n`)
    put('y.test.zone', HEAD)
    await zones.load()
    expect(world.look('a.z.test')).toBe('NXDOMAIN')
    expect(world.look('b.z.test')).toBe('192.0.2.3')
    expect([...zones.states].map(({ zone }) => zone)).toEqual(['z.test.', 'y.test.'])
    rmSync(join(directory, 'z.test.zone'))
    await zones.load()
    expect(world.look('b.z.test')).toBe('REFUSED')
    expect(world.look('ns1.y.test')).toBe('192.0.2.1')
    expect(events).toContain('zone_unloaded z.test.')
  })

  test('a file with mistakes leaves the version before', async () => {
    put('z.test.zone', `${HEAD}a A 192.0.2.2\n`)
    const zones = files()
    await zones.load()
    put('z.test.zone', `${HEAD}a A 192.0.2\nb A x\n`)
    await zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.2')
    expect([...zones.states]).toEqual([{ zone: 'z.test.', records: 4, errors: 2 }])
    expect(events.filter((one) => one === 'zone_refused z.test.')).toHaveLength(2)
    put('z.test.zone', `${HEAD}a A 192.0.2.9\n`)
    await zones.load()
    expect(world.look('a.z.test')).toBe('192.0.2.9')
    expect([...zones.states][0]?.errors).toBe(0)
  })

  test('a file whose name is no zone harms nobody, now and when it goes', async () => {
    put('z.test.zone', HEAD)
    put('a..b.zone', HEAD)
    put(`${'x'.repeat(64)}.zone`, HEAD)
    const zones = files()
    await zones.load()
    expect(world.look('ns1.z.test')).toBe('192.0.2.1')
    expect([...zones.states].map(({ zone, errors }) => `${zone} ${errors}`)).toContain(
      'a..b.zone 1',
    )
    rmSync(join(directory, 'a..b.zone'))
    await zones.load()
    expect([...zones.states].map(({ zone }) => zone)).not.toContain('a..b.zone')
    expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  })

  test('of two files of one zone the first is served, and the other when it goes', async () => {
    put('EXAMPLE.test.zone', `${HEAD}a A 192.0.2.2\n`)
    put('example.test.zone', `${HEAD}a A 192.0.2.3\n`)
    const zones = files()
    messages = []
    await zones.load()
    expect(world.look('a.example.test')).toBe('192.0.2.2')
    expect(messages).toEqual([
      'EXAMPLE.test.zone is the zone example.test., too, and the one served',
    ])
    expect(events[1]).toBe('zone_refused example.test.zone')
    expect([...zones.states].map(({ zone, errors }) => `${zone} ${errors}`)).toEqual([
      'example.test. 0',
      'example.test.zone 1',
    ])
    rmSync(join(directory, 'EXAMPLE.test.zone'))
    await zones.load()
    expect(world.look('a.example.test')).toBe('192.0.2.3')
    expect([...zones.states]).toEqual([{ zone: 'example.test.', records: 4, errors: 0 }])
    expect(events).not.toContain('zone_unloaded example.test.')
  })

  test('and it is so for files that come and go while they are followed', async () => {
    put('example.test.zone', `${HEAD}a A 192.0.2.3\n`)
    using zones = files()
    await zones.load()
    await zones.follow()
    put('EXAMPLE.test.zone', `${HEAD}a A 192.0.2.2\n`)
    await vi.waitFor(() => expect(world.look('a.example.test')).toBe('192.0.2.2'), 5_000)
    expect([...zones.states].map(({ zone }) => zone)).toContain('example.test.zone')
    rmSync(join(directory, 'EXAMPLE.test.zone'))
    await vi.waitFor(() => expect(world.look('a.example.test')).toBe('192.0.2.3'), 5_000)
    expect([...zones.states].map(({ zone }) => zone)).toEqual(['example.test.'])
  })

  test('a file in the place of a zone of the registry is refused', async () => {
    put('nacos.zone', HEAD)
    put('pay.nacos.zone', HEAD)
    put('z.test.zone', HEAD)
    await files().load()
    expect(events).toEqual([
      'zone_refused nacos.',
      'zone_refused pay.nacos.',
      'zone_loaded z.test.',
    ])
  })

  test('a folder in the place of a file is a mistake of that zone alone', async () => {
    mkdirSync(join(directory, 'y.test.zone'))
    put('z.test.zone', HEAD)
    await files().load()
    expect(events).toEqual(['zone_refused y.test.', 'zone_loaded z.test.'])
  })
})

describe('included files', () => {
  test('are read from the folder and below it, and nowhere else', async () => {
    mkdirSync(join(directory, 'parts'))
    writeFileSync(join(directory, '..', `${basename(directory)}-secret`), 'a A 192.0.2.66\n')
    symlinkSync(`../${basename(directory)}-secret`, join(directory, 'link.inc'))
    put('parts/hosts.inc', 'a A 192.0.2.7\n$INCLUDE more.inc\n')
    put('parts/more.inc', 'b A 192.0.2.8\n')
    put('z.test.zone', `${HEAD}$INCLUDE parts/hosts.inc\n`)
    await files().load()
    expect(world.look('a.z.test')).toBe('192.0.2.7')
    expect(world.look('b.z.test')).toBe('192.0.2.8')
    const wrong = [`../${basename(directory)}-secret`, 'link.inc', '/etc/passwd', 'gone', 'parts']
    put('y.test.zone', `${HEAD}${wrong.map((path) => `$INCLUDE ${path}\n`).join('')}`)
    messages = []
    await files().load()
    expect(messages.filter((one) => one.startsWith('y.test')).map(lineAndEnd)).toEqual([
      '5 is outside the folder of the zone files',
      '6 is outside the folder of the zone files',
      '7 is outside the folder of the zone files',
      '8 no such file or directory',
      '9 is not a file',
    ])
    rmSync(join(directory, '..', `${basename(directory)}-secret`))
  })
})

function hosts(net: number): string {
  return Array.from({ length: 20_000 }, (_, i) => `h${i} A 10.${net}.${i >> 8}.${i & 255}\n`).join(
    '',
  )
}

describe('a large zone', () => {
  test('is read in another thread, and changes whole', async () => {
    world = new DnsWorld({ bytes: 1 << 26 })
    put('z.test.zone', HEAD + hosts(1))
    const zones = files()
    // A turn of the loop must come while the file is read.
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    await zones.load()
    expect(world.look('h19999.z.test')).toBe('10.1.78.31')
    put('z.test.zone', HEAD + hosts(2))
    await zones.load()
    clearInterval(ticking)
    expect(world.look('h19999.z.test')).toBe('10.2.78.31')
    expect(turns).toBeGreaterThan(2)
    put('z.test.zone', `${HEAD}${hosts(2)}x A 1.2.3\n`)
    await zones.load()
    expect([...zones.states]).toEqual([{ zone: 'z.test.', records: 20_003, errors: 1 }])
    zones[Symbol.dispose]()
  })

  test('hands its records to who wants them', async () => {
    const changes: string[] = []
    put('z.test.zone', `${HEAD}$GENERATE 1-3 g$ A 192.0.2.$\n`)
    using zones = new ZoneFiles({
      directory,
      table: world.table,
      telemetry: { event },
      onChange: (apex, records) => changes.push(`${formatName(apex)} ${records?.length}`),
    })
    await zones.load()
    rmSync(join(directory, 'z.test.zone'))
    await zones.load()
    expect(changes).toEqual(['z.test. 6', 'z.test. undefined'])
  })
})

test('no directory is no zones', async () => {
  const zones = files(join(directory, 'absent'))
  await zones.load()
  expect([[...zones.states], events]).toEqual([[], ['zones_absent']])
})

test('a directory that goes takes no zone away: it may be one that is not mounted', async () => {
  const inner = join(directory, 'zones')
  mkdirSync(inner)
  writeFileSync(join(inner, 'z.test.zone'), HEAD)
  const zones = files(inner)
  await zones.load()
  rmSync(inner, { recursive: true })
  await zones.load()
  expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  expect(events).toEqual(['zone_loaded z.test.', 'zones_unreadable'])
})

test('a zone with mistakes from the first is SERVFAIL until it is mended', async () => {
  put('z.test.zone', 'nonsense')
  const zones = files()
  await zones.load()
  expect([world.ask('z.test').rcode, world.ask('a.b.z.test').rcode]).toEqual([2, 2])
  put('z.test.zone', HEAD)
  await zones.load()
  expect(world.look('ns1.z.test')).toBe('192.0.2.1')
})

test('a directory that cannot be read takes no zone away', async () => {
  const inner = join(directory, 'zones')
  mkdirSync(inner)
  writeFileSync(join(inner, 'z.test.zone'), HEAD)
  const zones = files(inner)
  await zones.load()
  // A file in its place: readable by nobody as a directory, root included.
  rmSync(inner, { recursive: true })
  writeFileSync(inner, '')
  chmodSync(inner, 0)
  await zones.load()
  expect(world.look('ns1.z.test')).toBe('192.0.2.1')
  expect(events).toEqual(['zone_loaded z.test.', 'zones_unreadable'])
})

/** Has a fault whenever the zone `bad.test.` changes. */
function failing(fault: Error): ZoneFiles {
  return new ZoneFiles({
    directory,
    table: world.table,
    telemetry: { event },
    onChange: (apex) => {
      if (formatName(apex) === 'bad.test.') throw fault
    },
  })
}

describe('a fault of ours', () => {
  test('is told once; the other zones, and later rounds, go on', async () => {
    put('bad.test.zone', HEAD)
    put('z.test.zone', HEAD)
    using zones = failing(new TypeError('no such thing'))
    await zones.load()
    await zones.follow()
    expect(events).toEqual(['zone_refused bad.test.', 'zone_loaded z.test.'])
    put('z.test.zone', `${HEAD}a A 192.0.2.9\n`)
    await vi.waitFor(() => expect(world.look('a.z.test')).toBe('192.0.2.9'), 5_000)
    expect(events.filter((one) => one.startsWith('zone_refused'))).toHaveLength(1)
    rmSync(join(directory, 'bad.test.zone'))
    await zones.load()
    expect(events.at(-1)).toBe('zones_fault')
    await zones.load()
    expect(events.filter((one) => one === 'zones_fault')).toHaveLength(1)
  })

  test('is not survived when it is a broken invariant', async () => {
    put('bad.test.zone', HEAD)
    await expect(failing(new InvariantError('broken')).load()).rejects.toThrow('broken')
  })
})
