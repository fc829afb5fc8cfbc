import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { listSettings } from '../src/app/settings/list.ts'
import { readSettings } from '../src/app/settings/read.ts'
import { parseToml } from '../src/app/settings/toml.ts'

const SYSTEMD = new URL('../systemd/', import.meta.url)
const UNIT = new URL('cairn.service', SYSTEMD)
const HOST = { name: 'vm1', cores: 4 }

function flagsOf(line = ''): readonly string[] {
  return line.match(/(?<= )--\S+/g) ?? []
}

/** What a package must choose, and what has no default worth showing. */
const CHOSEN = ['server.data_dir', 'dns.port', 'dns.zones_dir']
const EXAMPLES = ['dns.reverse_zones', 'dns.namespace_aliases', 'dns.group_aliases']

const unit = readFileSync(UNIT, 'utf8')
const packaged = readFileSync(new URL('cairn.toml', SYSTEMD), 'utf8')

function settingsOf(text: string) {
  const file = parseToml('cairn.toml', text)
  if ('what' in file) throw new Error(`${file.where} ${file.what}`)
  return readSettings({ file, env: {}, flags: [] }, HOST)
}

test('the packaged settings are good, and choose what a package must', () => {
  const { settings, rows, mistakes } = settingsOf(packaged)
  expect(mistakes).toEqual([])
  expect(rows.filter(({ origin }) => origin !== 'default').map(({ key }) => key)).toEqual(CHOSEN)
  expect(settings.dns.port).toBe(53)
})

test('the packaged settings name every key, with its doc line and its default', () => {
  const { rows, mistakes } = settingsOf(packaged.replaceAll(/^#(?=[a-z_]+ = )/gm, ''))
  expect(mistakes).toEqual([])
  expect(rows.filter(({ origin }) => origin === 'default')).toEqual([])
  const shown = new Map(rows.map((row) => [row.key, row.shown]))
  const differs = new Set([...CHOSEN, ...EXAMPLES])
  for (const { key, doc, shownDefault } of listSettings(HOST)) {
    expect(packaged).toContain(`# ${doc}\n`)
    if (differs.has(key)) continue
    expect(`${key} = ${shown.get(key)}`).toBe(`${key} = ${shownDefault}`)
  }
})

test('the unit checks the settings before it starts, with the same program', () => {
  const start = /^ExecStart=(.+)$/m.exec(unit)?.[1]
  expect(/^ExecStartPre=(.+)$/m.exec(unit)?.[1]).toBe(`${start} --check-config`)
})

test('the unit gives Node the flags that `npm start` gives it', () => {
  const start = /^ExecStart=(.+)$/m.exec(unit)?.[1]
  expect(flagsOf(start)).toEqual(flagsOf(manifest.scripts.start))
  expect(flagsOf(start).length).toBeGreaterThan(0)
})

test('the unit does not start again what cannot get better, but a port may become free', () => {
  const codes = /^RestartPreventExitStatus=(.+)$/m.exec(unit)?.[1]?.split(' ')
  expect(codes).toEqual(['2', '69', '77', '78', '127'])
  expect(codes).not.toContain('75')
})

test('the unit may bind port 53 and may do nothing else', () => {
  expect(unit).toContain('\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n')
  expect(unit).toContain('\nNoNewPrivileges=yes\n')
  expect(unit).toContain('\nDynamicUser=yes\n')
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined
const NOTICE = '(skipped without systemd-analyze: apt-get install systemd)'

/** Cairn need not be installed where it is tested: that one complaint is expected then. */
const NOT_INSTALLED = /^\S+ Command \/usr\/lib\/cairn\/node is not executable: No such file.*$/

function verify(file: string): readonly string[] {
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
    encoding: 'utf8',
  })
  const lines = (stdout + stderr).split('\n').filter((line) => line !== '')
  // Units of the machine itself are not ours to judge.
  return lines.filter((line) => line.includes('cairn') && !NOT_INSTALLED.test(line))
}

test.skipIf(!hasSystemd)(`systemd understands every line of the unit ${NOTICE}`, () => {
  expect(verify(UNIT.pathname)).toEqual([])
})

test.skipIf(!hasSystemd)(`systemd finds the unit little exposed ${NOTICE}`, () => {
  const args = ['security', '--offline=true', '--threshold=20', UNIT.pathname]
  expect(spawnSync('systemd-analyze', args)).toMatchObject({ status: 0 })
})
