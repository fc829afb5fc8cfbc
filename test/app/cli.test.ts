import { expect, test } from 'vitest'
import { readCommand, type CliWorld, type Command } from '../../src/app/cli.ts'

const BUILD = { version: '0.1.0', node: '26.10.0', platform: 'linux-x64' }

function run(line: string, world: Partial<CliWorld> = {}): Command {
  return readCommand({
    argv: line.split(' ').filter((word) => word !== ''),
    env: {},
    host: { name: 'vm1', cores: 4 },
    build: BUILD,
    readFile: () => undefined,
    ...world,
  })
}

function served(command: Command) {
  if (command.kind !== 'serve') throw new Error(`not served: ${JSON.stringify(command)}`)
  return command.settings
}

test.each(['', 'server', 'server --dns.port 53', '--dns.port=53'])('%j starts a server', (line) => {
  expect(run(line)).toMatchObject({ kind: 'serve', file: undefined })
})

test('the version names its runtime', () => {
  const text = 'cairn 0.1.0 (node 26.10.0, linux-x64)\n'
  expect(run('--version')).toEqual({ kind: 'print', text })
  expect(run('-V')).toEqual({ kind: 'print', text })
})

test.each(['--help', '-h', 'server --help', '--nonsense --help'])('%j helps', (line) => {
  const command = run(line)
  expect(command).toMatchObject({ kind: 'print' })
  expect(JSON.stringify(command)).toContain('--dns.fail-open  (true)')
})

test.each(['settings', '--print-config', 'server --print-config'])(
  '%j prints the values',
  (line) => {
    const command = run(`${line} --dns.ttl 7s`)
    expect(command.kind).toBe('print')
    expect('text' in command && command.text).toMatch(/^dns\.ttl = "7s" +# --dns\.ttl$/m)
  },
)

test('--check-config tells good settings from bad ones', () => {
  const good = run('server --check-config --config a.toml', { readFile: () => 'dns.port = 53' })
  expect(good).toMatchObject({ kind: 'check', text: 'settings ok (a.toml)\n', file: 'a.toml' })
  const bad = run('server --check-config --config a.toml', { readFile: () => 'dns.prot = 53' })
  expect(bad).toEqual({
    kind: 'fail',
    exitCode: 78,
    text: 'a.toml:1:1 dns.prot: unknown key, did you mean dns.port?\n',
  })
})

test.each([
  ['--dns.fail-open', true],
  ['--dns.fail_open=true', true],
  ['--dns.fail-open=false', false],
  ['--dns.fail-open false', false],
  ['--dns.fail-open false server', false],
  ['--dns.fail-open server', true],
  ['--no-dns.fail-open', false],
])('%s means %j', (line, failOpen) => {
  expect(served(run(line)).dns.failOpen).toBe(failOpen)
})

test('--listen is short for --server.listen, and both add up', () => {
  const { listen } = served(run('--listen 10.0.0.1 --server.listen=::1')).server
  expect(listen).toEqual(['10.0.0.1', '::1'])
})

test.each([
  ['serve', 'unknown command serve, did you mean server?'],
  ['server settings', 'one command at a time: server or settings'],
  ['--dns.tttl 4s', 'unknown flag --dns.tttl, did you mean --dns.ttl?'],
  ['--nope', 'unknown flag --nope'],
  ['--no-dns.port', 'unknown flag --no-dns.port, did you mean --dns.port?'],
  ['-x', 'unknown flag -x'],
  ['--dns.ttl', '--dns.ttl needs a value: a duration such as 30s, 0s…3600s'],
  ['--config', '--config needs a file'],
])('%j is wrong usage', (line, what) => {
  const command = run(line)
  expect(command).toMatchObject({ kind: 'fail', exitCode: 2 })
  expect('text' in command && command.text.split('\n')).toContain(`cairn: ${what}`)
})

test('all wrong flags are told at once', () => {
  const command = run('serv --nope --http.prot 5')
  expect('text' in command && command.text.split('\n')).toHaveLength(5 + 1)
})

const readFile = (path: string): string => `server.name = "${path}"`

test('the file is the named one, then that of CAIRN_CONFIG, then the default one', () => {
  const env = { CAIRN_CONFIG: 'env.toml' }
  expect(served(run('--config flag.toml', { env, readFile })).server.name).toBe('flag.toml')
  expect(served(run('', { env, readFile })).server.name).toBe('env.toml')
  expect(served(run('', { readFile })).server.name).toBe('/etc/cairn/cairn.toml')
})

test.each([
  ['is not there', () => undefined, 'a.toml no such file\n'],
  [
    'cannot be read',
    () => {
      throw new Error('EACCES: permission denied')
    },
    'a.toml cannot be read: EACCES: permission denied\n',
  ],
  ['is no TOML', () => 'x = = 1', 'a.toml:1:5 invalid value\n'],
])('a named file that %s ends the start', (_what, readFile, text) => {
  expect(run('--config a.toml', { readFile })).toEqual({ kind: 'fail', exitCode: 78, text })
})
