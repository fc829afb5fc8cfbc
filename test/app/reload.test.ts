import { expect, test } from 'vitest'
import { readCommand, type Command } from '../../src/app/cli.ts'
import { Reloader } from '../../src/app/reload.ts'

function read(toml: string): Command {
  return readCommand({
    argv: [],
    env: { CAIRN_CONFIG: 'a.toml' },
    host: { name: 'vm1', cores: 2 },
    build: { version: '0', node: '26', platform: 'linux-x64' },
    readFile: () => toml,
  })
}

/** A reloader that was started with one file, and what it told since. */
function start(toml: string) {
  const started = read(toml)
  if (started.kind !== 'serve') throw new Error(started.text)
  const told: string[] = []
  let file = toml
  const reloader = new Reloader({
    rows: started.rows,
    log: {
      event: (level, name, facts) => told.push([level, name, ...Object.values(facts)].join(' ')),
      setLevel: (level) => told.push(`level is ${level}`),
    },
    read: () => read(file),
    loadZones: async () => void told.push('zones read'),
    renew: () => undefined,
  })
  return {
    reload: async (next: string): Promise<readonly string[]> => {
      file = next
      await reloader.reload()
      return told.splice(0)
    },
  }
}

test('the same settings are taken up in silence, and zones are read', async () => {
  expect(await start('').reload('')).toEqual(['level is info', 'zones read', 'info reloaded'])
})

test('the level of the log changes at once, and is told once', async () => {
  const running = start('')
  const quiet = 'log.level = "warn"'
  expect(await running.reload(quiet)).toEqual([
    'info setting_changed log.level "info" "warn"',
    'level is warn',
    'zones read',
    'info reloaded',
  ])
  expect(await running.reload(quiet)).toEqual(['level is warn', 'zones read', 'info reloaded'])
})

test('what needs a restart is told every time until it is as it was', async () => {
  const running = start('dns.ttl = "2s"')
  const line = 'warn setting_needs_restart dns.ttl "2s" "3s"'
  expect(await running.reload('dns.ttl = "3s"')).toContain(line)
  expect(await running.reload('dns.ttl = "3s"')).toContain(line)
  expect(await running.reload('dns.ttl = "2s"')).toHaveLength(3)
})

test('one mistake, and nothing is taken up', async () => {
  expect(await start('').reload('log.level = "warn"\nlog.lvl = 1\ndns.port = -1')).toEqual([
    'error reload_refused a.toml:2:1 log.lvl: unknown key, did you mean log.level?',
    'error reload_refused a.toml:3:12 dns.port: must be 0…65535, got -1',
  ])
})
