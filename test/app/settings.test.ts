import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { listSettings } from '../../src/app/settings/list.ts'
import { integer, text } from '../../src/app/settings/kinds.ts'
import { readSettings, type Env, type Flag } from '../../src/app/settings/read.ts'
import { showEffective, showMistakes, showTable } from '../../src/app/settings/show.ts'
import { parseToml } from '../../src/app/settings/toml.ts'
import { describeSettings } from '../../src/app/settings/table.ts'

const HOST = { name: 'vm1', cores: 4 }
const TABLE = listSettings(HOST)

interface Given {
  readonly toml?: string
  readonly env?: Env
  readonly flags?: readonly (readonly [string, string])[]
}

function read({ toml = '', env = {}, flags = [] }: Given) {
  const file = parseToml('cairn.toml', toml)
  if ('what' in file) throw new Error(file.what)
  const uses: Flag[] = flags.map(([key, text]) => ({ key, written: `--${key}`, text }))
  return readSettings({ file, env, flags: uses }, HOST)
}

function mistakes(given: Given): readonly string[] {
  return showMistakes(read(given).mistakes).split('\n').slice(0, -1)
}

test('the defaults stand and are without mistakes', () => {
  const { settings, mistakes } = read({})
  expect(mistakes).toEqual([])
  expect(settings).toMatchObject({
    server: { name: 'vm1', dataDir: './data', listen: ['127.0.0.1', '::1'], mode: 'standalone' },
    http: {
      port: 8848,
      bodyMaxBytes: 10_485_760,
      bodiesBytesMax: 134_217_728,
      connectionsMax: 10_000,
      connectionsPerClientMax: 2_000,
    },
    grpc: { port: 9848 },
    peer: { port: 7848 },
    dns: { port: 5300, zone: ['nacos.'], workers: 3, ttlSeconds: 1, negativeTtlSeconds: 5 },
    naming: { emptyServiceMs: 60_000, metadataBytesMax: 8_192 },
    log: { level: 'info', format: 'json' },
  })
  expect(settings.dns.nsid).toBe('vm1')
})

test.each([
  [1, 1],
  [2, 1],
  [8, 7],
  [200, 64],
])('%i processors make %i DNS workers', (cores, workers) => {
  const { settings } = readSettings({ file: undefined, env: {}, flags: [] }, { name: 'a', cores })
  expect(settings.dns.workers).toBe(workers)
})

test.each(TABLE)('$key has a doc line and three spellings', ({ key, env, flag, doc, expects }) => {
  expect(key).toMatch(/^[a-z]+\.[a-z_]+$/)
  expect(env).toBe(`CAIRN_${key.replace('.', '_').toUpperCase()}`)
  expect(flag).toBe(key.replaceAll('_', '-'))
  expect(doc).toMatch(/^.{15,95}[.]$/)
  expect(expects).not.toBe('')
})

// `secret` is told by no setting yet, so nothing is left out here.
test.each(TABLE)('$key is read alike from the file, the environment and a flag', (row) => {
  const [section = '', leaf = ''] = row.key.split('.')
  const text = plain(row.shownDefault)
  const places = [
    read({ toml: `[${section}]\n${leaf} = ${row.shownDefault}\n` }),
    read({ env: text === '' ? {} : { [row.env]: text } }),
    read({ flags: [[row.key, text]] }),
  ]
  for (const { settings, mistakes } of places) {
    expect(mistakes).toEqual([])
    expect(settings).toEqual(read({}).settings)
  }
  const origins = places.map((place) => place.rows.find(({ key }) => key === row.key)?.origin)
  const inEnv = text === '' ? 'default' : row.env
  expect(origins).toEqual([`cairn.toml:2:${leaf.length + 4}`, inEnv, `--${row.key}`])
})

/** A TOML value as one writes it on a command line. */
function plain(toml: string): string {
  const value: unknown = parse(`value = ${toml}`)['value']
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' ? '' : toml.replaceAll('"', '')
}

test('a flag beats the environment, the environment beats the file', () => {
  const toml = 'dns.ttl = "1s"\ndns.negative_ttl = "2s"\ndns.port = 1'
  const env = { CAIRN_DNS_TTL: '3s', CAIRN_DNS_NEGATIVE_TTL: '4s' }
  const { settings } = read({ toml, env, flags: [['dns.ttl', '5s']] })
  expect(settings.dns).toMatchObject({ port: 1, negativeTtlSeconds: 4, ttlSeconds: 5 })
})

test('the ports beside follow http.port', () => {
  const { settings } = read({ flags: [['http.port', '18848']] })
  expect([settings.grpc.port, settings.peer.port]).toEqual([19_848, 17_848])
})

test('all mistakes are told at once, each with its place and a guess', () => {
  const toml = `port = 5
[dns]
lisen = "::1"
ttl = 5
zone = ["a", "b..", 3]
[dsn]
port = 53
[log]
level = "loud"
[naming]
metadata_bytes_max = "9"
ttl = "4s"`
  const env = { CAIRN_HTTP_PORT: '99999999', CAIRN_DNS_TTTL: '5s', CAIRN_SERVICE_HOST: '10.0.0.1' }
  expect(mistakes({ toml, env })).toEqual([
    'CAIRN_DNS_TTTL unknown variable, did you mean CAIRN_DNS_TTL?',
    'CAIRN_HTTP_PORT http.port: must be 0…65535, got 99999999',
    'cairn.toml:1:1 port: a key outside of any section, did you mean http.port or grpc.port or peer.port?',
    'cairn.toml:3:1 dns.lisen: unknown key, did you mean server.listen?',
    'cairn.toml:4:7 dns.ttl: expected a duration such as 30s, got 5 (the unit is missing: ms, s, m, h)',
    'cairn.toml:5:8 dns.zone: expected a DNS name such as nacos., got "b.."; expected a DNS name such as nacos., got 3',
    'cairn.toml:6:2 dsn: unknown section, did you mean dns?',
    'cairn.toml:9:9 log.level: expected debug or info or warn or error, got "loud"',
    'cairn.toml:11:22 naming.metadata_bytes_max: expected a size such as 64MiB, got "9" (the unit is missing: B, KiB, MiB, GiB)',
    'cairn.toml:12:1 naming.ttl: unknown key, did you mean dns.ttl?',
  ])
})

test.each<[Given, string]>([
  [{ flags: [['dns.ttl', '90m']] }, '--dns.ttl dns.ttl: must be 0s…3600s, got 90m'],
  [{ flags: [['dns.ttl', '1500ms']] }, '--dns.ttl dns.ttl: DNS counts whole seconds, got "1500ms"'],
  [{ flags: [['dns.workers', '0']] }, '--dns.workers dns.workers: must be 1…64, got 0'],
  [{ flags: [['dns.workers', '1e1']] }, 'expected a whole number 1…64, got "1e1"'],
  [
    { toml: 'dns.workers = 1.5' },
    'cairn.toml:1:15 dns.workers: expected a whole number 1…64, got 1.5',
  ],
  [{ toml: 'dns.workers = inf' }, 'expected a whole number 1…64, got Infinity'],
  [{ toml: 'dns.fail_open = "true"' }, 'dns.fail_open: expected true or false, got "true"'],
  [{ toml: 'dns = 5' }, 'cairn.toml:1:1 dns: a key outside of any section'],
  [{ toml: '[[dns]]\nport = 5' }, 'cairn.toml:1:3 dns: expected one table, got an array'],
  [{ toml: 'server.listen = []' }, 'at least 1'],
  [{ toml: 'server.listen = "localhost"' }, 'an IPv4 or IPv6 address, got "localhost"'],
  [{ env: { CAIRN_DNS_ANSWERS: '65' } }, 'expected auto, all or 1…64, got "65"'],
  [{ toml: 'dns.answers = true' }, 'expected auto, all or 1…64, got true'],
  [{ toml: 'dns.reverse_zones = ["example.org"]' }, 'each a reverse zone'.slice(5)],
  [{ env: { CAIRN_DNS_NAMESPACE_ALIASES: 'prod' } }, 'expected label = value, got "prod"'],
  [{ toml: '[dns.namespace_aliases]\n"a.b" = "x"' }, '"a.b" is not a DNS label'],
  [{ toml: '[dns.namespace_aliases]\na = "x"\nA = "y"' }, '"a" stands twice'],
  [{ toml: '[dns.group_aliases]\na = "x y"' }, '"a": expected a group name, got "x y"'],
  [
    { toml: 'http.port = 5300' },
    'cairn.toml:1:13 http.port: port 5300 is already that of dns.port',
  ],
  [{ flags: [['dns.tcp_connections_per_client_max', '1001']] }, 'must not be above'],
  [{ env: { CAIRN_SERVER_NAME: 'a\nb' } }, 'server.name: expected a name, got "a\\nb"'],
])('%j is refused', (given, what) => {
  const told = mistakes(given)
  expect(told).toHaveLength(1)
  expect(told[0]).toContain(what)
})

test('a syntax error is told with its place', () => {
  expect(parseToml('cairn.toml', '[dns]\nport = = 3')).toMatchObject({ where: 'cairn.toml:2:8' })
})

test('an overruled mistake is still a mistake', () => {
  expect(mistakes({ toml: 'dns.port = -1', flags: [['dns.port', '53']] })).toHaveLength(1)
})

test('lists and tables are read in all spellings', () => {
  const { settings } = read({
    toml: '[dns.namespace_aliases]\nPROD = "6f2b"\n',
    env: { CAIRN_DNS_GROUP_ALIASES: 'shop=SHOP_GROUP, x=Y' },
    flags: [
      ['server.listen', '0.0.0.0'],
      ['server.listen', '::,0.0.0.0'],
      ['dns.zone', 'Nacos,svc.local.'],
    ],
  })
  expect(settings.server.listen).toEqual(['0.0.0.0', '::'])
  expect(settings.dns.zone).toEqual(['nacos.', 'svc.local.'])
  expect(settings.dns.namespaceAliases).toEqual(new Map([['prod', '6f2b']]))
  expect(settings.dns.groupAliases).toEqual(
    new Map([
      ['shop', 'SHOP_GROUP'],
      ['x', 'Y'],
    ]),
  )
})

test('what --print-config prints is a settings file with the same meaning', () => {
  const toml = 'dns.ttl = "2m"\ndns.answers = 3\n[dns.namespace_aliases]\nprod = "6f2b"\n'
  const first = read({ toml, env: { CAIRN_HTTP_BODY_MAX: '3KiB' } })
  const shown = showEffective(first.rows)
  expect(shown).toMatch(/^dns\.ttl = "2m" +# cairn\.toml:1:11$/m)
  expect(read({ toml: shown }).settings).toEqual(first.settings)
})

test('a secret is shown nowhere', () => {
  const secret = { key: 'auth.password', shown: '"hunter2"', isSecret: true, origin: 'CAIRN_X' }
  const shown = showEffective([secret])
  expect(shown).toContain('auth.password = "********"')
  expect(shown).not.toContain('hunter2')
  const listed = { ...TABLE[0], key: 'auth.password', shownDefault: '"hunter2"', isSecret: true }
  expect(
    showTable([
      { ...listed, env: '', flag: '', doc: '', expects: '', arity: 'one', short: undefined },
    ]),
  ).not.toContain('hunter2')
})

test('settings are frozen all the way down', () => {
  const { settings } = read({})
  expect(Object.isFrozen(settings)).toBe(true)
  expect(Object.isFrozen(settings.dns)).toBe(true)
  expect(Object.isFrozen(settings.server.listen)).toBe(true)
})

test('a number is read as text and as TOML alike', () => {
  const kind = integer(0, 9)
  expect(kind.parse({ form: 'text', text: ' 7 ' })).toEqual({ ok: true, value: 7 })
  expect(kind.parse({ form: 'toml', value: 7 })).toEqual({ ok: true, value: 7 })
  expect(text('a name', 3).parse({ form: 'toml', value: 'long' }).ok).toBe(false)
})

test.each([
  ['0', 0],
  ['1.8', 1.8],
  ['2', 2],
  ['100', 100],
])('dns.stranger_ratio = %s is taken as TOML and as text', (written, value) => {
  const toml = read({ toml: `dns.stranger_ratio = ${written}` })
  const flag = read({ flags: [['dns.stranger_ratio', written]] })
  for (const { settings, mistakes } of [toml, flag]) {
    expect(mistakes).toEqual([])
    expect(settings.dns.strangerRatio).toBe(value)
  }
})

test.each(['1.49', '-2', '101', 'nan', 'inf', '"1.8"', 'true'])(
  'dns.stranger_ratio = %s is a mistake',
  (written) => {
    const [first] = mistakes({ toml: `dns.stranger_ratio = ${written}` })
    expect(first).toContain('expected 0 or a number 1.5…100')
  },
)

test('each key is described once', () => {
  const keys: string[] = []
  describeSettings((key, _kind, byDefault) => {
    keys.push(key)
    return byDefault
  }, HOST)
  expect(new Set(keys).size).toBe(keys.length)
})
