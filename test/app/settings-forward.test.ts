import { expect, test } from 'vitest'
import { forwardData } from '../../src/app/dns-forward.ts'
import { readSettings } from '../../src/app/settings/read.ts'
import { showEffective } from '../../src/app/settings/show.ts'
import { parseToml } from '../../src/app/settings/toml.ts'

const HOST = { name: 'vm1', cores: 4 }

function read(toml: string, flags: readonly (readonly [string, string])[] = []) {
  const file = parseToml('cairn.toml', toml)
  if ('what' in file) throw new Error(file.what)
  const uses = flags.map(([key, text]) => ({ key, written: `--${key}`, text }))
  return readSettings({ file, env: {}, flags: uses }, HOST)
}

const TABLE = `[dns]
forward = ["1.1.1.1", "10.0.0.2:5353", "::1"]
forward_zones = { "Corp.example" = ["10.0.0.3", "10.0.0.4"], "10.in-addr.arpa." = "10.0.0.5" }
`

test('name servers and suffixes, in a table and in flags', () => {
  const zones: readonly (readonly [string, readonly string[]])[] = [
    ['corp.example.', ['10.0.0.3:53', '10.0.0.4:53']],
    ['10.in-addr.arpa.', ['10.0.0.5:53']],
  ]
  const text = 'Corp.example=10.0.0.3 10.0.0.4,10.in-addr.arpa.=10.0.0.5'
  const flags: readonly (readonly [string, string])[] = [
    ['dns.forward', '1.1.1.1,10.0.0.2:5353,::1'],
    ['dns.forward_zones', text],
  ]
  for (const { settings, mistakes } of [read(TABLE), read('', flags)]) {
    expect(mistakes).toEqual([])
    expect(settings.dns.forward).toEqual(['1.1.1.1:53', '10.0.0.2:5353', '[::1]:53'])
    expect([...settings.dns.forwardZones]).toEqual(zones)
  }
})

test('what is shown is a settings file with the same meaning', () => {
  const first = read(`${TABLE}resolv_conf = "/etc/resolv.conf"\n`)
  const again = read(showEffective(first.rows))
  expect(again.mistakes).toEqual([])
  expect(again.settings).toEqual(first.settings)
})

test.each([
  ['forward = ["dns.google"]', 'dns.google'],
  ['forward = ["1.1.1.1:99999"]', '99999'],
  ['forward_zones = { "a..b" = "1.1.1.1" }', 'a..b'],
  ['forward_zones = { "a.b" = [] }', 'a.b'],
  ['forward_zones = { "a.b" = "1.1.1.1", "A.B." = "1.1.1.2" }', 'twice'],
  ['forward_zones = "1.1.1.1"', 'name servers'],
  ['resolv_conf = "resolv"', 'resolv'],
  ['resolv_conf = true', 'true'],
  ['recursion_allow = ["10.0.0.0/40"]', '10.0.0.0/40'],
  ['recursion_allow = ["near"]', 'near'],
])('%s is a mistake', (line, named) => {
  const { mistakes } = read(`[dns]\n${line}\n`)
  expect(mistakes).toHaveLength(1)
  expect(mistakes[0]?.what).toContain(named)
})

test('nobody is asked unless an operator says whom', () => {
  expect(forwardData(read('').settings)).toBeUndefined()
  const data = forwardData(read(TABLE).settings)
  expect(data?.upstreams).toHaveLength(3)
  // Three workers share.
  expect(data?.cacheBytes).toBe(Math.floor(2 ** 26 / 3))
  expect(data?.inFlightMax).toBe(334)
  expect(data?.allow).toContain('127.0.0.0/8')
  expect(data?.allow).not.toContain('attached')
  expect(data?.loop.label).toMatch(/^[0-9a-f]{32}$/)
  expect(data?.loop.label).not.toBe(data?.loop.proof)
})
