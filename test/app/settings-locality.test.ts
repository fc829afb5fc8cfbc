import { expect, test } from 'vitest'
import { readSettings, type Env } from '../../src/app/settings/read.ts'
import { showEffective, showMistakes } from '../../src/app/settings/show.ts'
import { parseToml } from '../../src/app/settings/toml.ts'
import { answerPolicy } from '../../src/app/dns-settings.ts'

function read(toml: string, env: Env = {}) {
  const file = parseToml('cairn.toml', toml)
  if ('what' in file) throw new Error(file.what)
  return readSettings({ file, env, flags: [] }, { name: 'vm1', cores: 4 })
}

const PLACES = [
  ['10.1.0.0/16', 'bj'],
  ['2001:db8::/32', 'sh'],
]

test.each<[string, string, Env]>([
  [
    'as tables',
    'dns.localities = [{ cidr = "10.1.0.0/16", cluster = "bj" }, { cidr = "2001:db8::/32", cluster = "sh" }]',
    {},
  ],
  ['as text', 'dns.localities = ["10.1.0.0/16=bj", "2001:db8::/32 = sh"]', {}],
  ['in the environment', '', { CAIRN_DNS_LOCALITIES: '10.1.0.0/16=bj, 2001:db8::/32=sh' }],
])('localities are written %s', (_, toml, env) => {
  const { settings, rows, mistakes } = read(toml, env)
  expect(mistakes).toEqual([])
  const told = settings.dns.localities.map(({ network, cluster }) => [network.text, cluster])
  expect(told).toEqual(PLACES)
  expect(read(showEffective(rows)).settings.dns.localities).toEqual(settings.dns.localities)
})

test.each([
  ['dns.localities = ["10.1.0.0/16"]', 'expected { cidr = "10.1.0.0/16", cluster = "bj" }'],
  ['dns.localities = ["10.1.0.0/33=bj"]', 'an address or a network'],
  ['dns.localities = ["10.1.0.0/16=b j"]', 'expected a cluster, got "b j"'],
  ['dns.localities = [{ cidr = "10.0.0.0/8", cluster = "bj", x = 1 }]', 'expected { cidr'],
  [
    'dns.localities = ["10.1.0.0/16=bj", "10.1.2.3/16=sh"]',
    '10.1.2.3/16 is in two clusters, bj and sh',
  ],
  ['dns.locality_mode = "near"', 'expected off or prefer or spill or only, got "near"'],
  ['dns.ecs_trusted = ["everybody"]', 'an address or a network'],
  ['[dns.namespace_ttl]\n"a b" = "5s"', '"a b" is not a namespace id'],
  ['[dns.namespace_ttl]\n"" = "5s"\npublic = "6s"', '"public" stands twice'],
  ['[dns.namespace_answers]\na = 65', '"a": expected auto, all or 1…64, got 65'],
  ['log.dns_sample = -1', 'log.dns_sample'],
])('%s is refused', (toml, what) => {
  const told = showMistakes(read(toml).mistakes).trimEnd().split('\n')
  expect(told).toHaveLength(1)
  expect(told[0]).toContain(what)
})

test('a namespace has a TTL, a number of answers, or both', () => {
  const { settings } = read(
    'dns.ttl = "2s"\n[dns.namespace_ttl]\n"" = "9s"\nProd = "0s"\n' +
      '[dns.namespace_answers]\nProd = "all"\ndev = "auto"\n',
  )
  expect(answerPolicy(settings)).toEqual({
    ttl: 2,
    answers: 0,
    locality: 'prefer',
    namespaces: new Map([
      ['public', { ttl: 9 }],
      ['Prod', { ttl: 0, answers: -1 }],
      ['dev', { answers: 0 }],
    ]),
  })
})
