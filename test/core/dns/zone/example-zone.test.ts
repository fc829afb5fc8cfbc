import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatName, parseName } from '../../../../src/core/dns/name.ts'
import { formatRdata, RECORD_TYPES, typeName } from '../../../../src/core/dns/records/types.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import type { ZoneReading } from '../../../../src/core/dns/zone/state.ts'

const ZONE = new URL('../../../../zones/example.test.zone', import.meta.url).pathname
const READING = readZone(
  readFileSync(ZONE, 'utf8'),
  'example.test.zone',
  parseName('example.test.'),
)
const LINES = linesOf(READING)

/** Not ours to bring: the comparison is left out where they are missing. */
const BIND = 'named-checkzone'
const LDNS = 'ldns-read-zone'

function isInstalled(program: string): boolean {
  const isThere = spawnSync(program, ['-v']).error === undefined
  if (!isThere) console.warn(`${program} is not installed: the comparison with it is skipped`)
  return isThere
}

test('the example zone is without blemish', () => {
  expect(READING.errors).toEqual([])
  expect(READING.warnings).toEqual([])
})

/** What signers write, and makes no sense in a zone that is not signed. */
const SIGNED_ONLY = ['RRSIG', 'NSEC', 'DNSKEY', 'NSEC3', 'NSEC3PARAM', 'CDS', 'CDNSKEY']

test('the example zone shows every type', () => {
  const shown = new Set(READING.records.map(({ type }) => typeName(type)))
  const names = RECORD_TYPES.map(({ name }) => name)
  expect(names.filter((name) => !shown.has(name))).toEqual(SIGNED_ONLY)
})

test.skipIf(!isInstalled(BIND))('BIND reads the same records', () => {
  const args = ['-q', '-i', 'local', '-D', '-s', 'full', '-o', '-', 'example.test', ZONE]
  const { stdout, status } = spawnSync(BIND, args, { encoding: 'utf8' })
  expect(status).toBe(0)
  expect(respelled(stdout)).toEqual(LINES.toSorted())
})

test.skipIf(!isInstalled(LDNS))('ldns reads the same from what we write', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cairn-zone-'))
  try {
    const file = join(dir, 'written.zone')
    writeFileSync(file, `${LINES.join('\n')}\n`)
    const { stdout, status } = spawnSync(LDNS, [file], { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(respelled(stdout)).toEqual(LINES.toSorted())
  } finally {
    rmSync(dir, { recursive: true })
  }
})

function linesOf({ records }: ZoneReading): readonly string[] {
  return records.map(
    ({ owner, ttl, type, rdata }) =>
      `${formatName(owner)} ${ttl} IN ${typeName(type)} ${formatRdata(type, rdata)}`,
  )
}

/** What another program wrote, one plain record a line, in our spelling: quotes, spaces, case. */
function respelled(text: string): readonly string[] {
  const reading = readZone(text, 'theirs', parseName('example.test.'))
  expect(reading.errors).toEqual([])
  return linesOf(reading).toSorted()
}
