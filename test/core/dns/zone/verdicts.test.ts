import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatName, parseName } from '../../../../src/core/dns/name.ts'
import { formatRdata, typeName } from '../../../../src/core/dns/records/types.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import type { ZoneReading } from '../../../../src/core/dns/zone/state.ts'
import { BAD, DIFFERING, GOOD, HEAD, READ_OTHERWISE, WARNED } from './verdict-cases.ts'

const directory = mkdtempSync(join(tmpdir(), 'cairn-verdicts-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** What they are asked with, before the name of the file. */
const PROGRAMS = [
  ['bind', 'named-checkzone', ['-i', 'local', '-D', '-s', 'full', '-o', '-', 'z.test']],
  ['knot', 'kzonecheck', ['-o', 'z.test']],
  ['ldns', 'ldns-read-zone', []],
] as const

function read(text: string): ZoneReading {
  return readZone(`${HEAD}${text}\n`, 'z', parseName('z.test.'))
}

function linesOf({ records }: ZoneReading): readonly string[] {
  return records
    .map(
      ({ owner, ttl, type, rdata }) =>
        `${formatName(owner)} ${ttl} ${typeName(type)} ${formatRdata(type, rdata)}`,
    )
    .toSorted()
}

describe('we say', () => {
  test.each(GOOD)('nothing of %j', (text) => {
    expect(read(text)).toMatchObject({ errors: [], warnings: [] })
  })

  test.each(WARNED)('a word of warning of %j', (text) => {
    const { errors, warnings } = read(text)
    expect([errors.length, warnings.length]).toEqual([0, 1])
  })

  test.each(BAD)('no to %j', (text) => {
    expect(read(text).errors.length).toBeGreaterThan(0)
  })
})

describe.each(PROGRAMS)('%s', (name, program, args) => {
  const isThere = spawnSync(program, ['-v']).error === undefined
  if (!isThere) console.warn(`${program} is not installed: the comparison with it is skipped`)
  const differing = new Set(DIFFERING.flatMap(([who, , texts]) => (who === name ? texts : [])))
  const file = join(directory, `${name}.zone`)

  test.skipIf(!isThere)('says the same of all, but for what is listed', () => {
    const wrong: string[] = []
    for (const text of [...GOOD, ...WARNED, ...BAD]) {
      writeFileSync(file, `${HEAD}${text}\n`)
      const isGood = spawnSync(program, [...args, file]).status === 0
      const isSame = isGood !== BAD.includes(text)
      if (isSame === differing.has(text)) wrong.push(text)
    }
    expect(wrong).toEqual([])
  })

  // kzonecheck does not tell what it read.
  test.skipIf(!isThere || name === 'knot')('reads the same records, but for what is listed', () => {
    const otherwise = READ_OTHERWISE.flatMap(([who, text]) => (who === name ? [text] : []))
    const found: string[] = []
    for (const text of GOOD.filter((one) => !differing.has(one))) {
      writeFileSync(file, `${HEAD}${text}\n`)
      const { stdout } = spawnSync(program, [...args, file], { encoding: 'utf8' })
      const theirs = linesOf(readZone(stdout, name, parseName('z.test.')))
      if (theirs.join('\n') !== linesOf(read(text)).join('\n')) found.push(text)
    }
    expect(found).toEqual(otherwise)
  })
})
