import { expect, test } from 'vitest'
import { readSettings } from '../../src/app/settings/read.ts'

function mistakes(key: string, text: string): readonly string[] {
  const flags = [{ key, written: '--it', text }]
  const host = { name: 'vm1', cores: 2 }
  return readSettings({ file: undefined, env: {}, flags }, host).mistakes.map(({ what }) => what)
}

const LONG = 'A.B'.repeat(20)

test.each([
  ['dns.group_aliases', 'shop=SHOP', []],
  ['dns.group_aliases', 'default=DEFAULT_GROUP', []],
  [
    'dns.group_aliases',
    'default=SHOP',
    ['dns.group_aliases: "default" always means DEFAULT_GROUP'],
  ],
  [
    'dns.group_aliases',
    '_tcp=SHOP',
    ['dns.group_aliases: "_tcp" would be a selector, for it begins with "_"'],
  ],
  [
    'dns.group_aliases',
    `long=${LONG}`,
    [`dns.group_aliases: the group "${LONG}" is longer than a DNS label, even by its alias "long"`],
  ],
  ['dns.namespace_aliases', 'prod=6f2b0c1e-1a2b-4c3d-8e9f-001122334455', []],
  ['dns.namespace_aliases', 'public=prod', ['dns.namespace_aliases: "public" always means public']],
])('%s %s', (key, text, expected) => {
  expect(mistakes(key, text)).toEqual(expected)
})
