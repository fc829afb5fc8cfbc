import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

interface Said {
  readonly isGood: boolean
  /** The zone as it was read, where the program tells. */
  readonly printed: string
}

/** Asks for each file; the names come behind the program and its arguments, after `--`. */
const ASK_ALL = `
  ask=""; while [ "$1" != -- ]; do ask="$ask $1"; shift; done; shift
  for file; do $ask "$file" >"$file.out" 2>/dev/null; echo $?; done`

/** What a program says of the texts. One shell asks for all: a child of ours is far dearer. */
function askAll(command: readonly string[], texts: readonly string[]): readonly Said[] {
  const cwd = mkdtempSync(join(directory, 'asked-'))
  const files = texts.map((_, n) => `${n}.zone`)
  for (const [n, text] of texts.entries()) {
    writeFileSync(join(cwd, `${n}.zone`), `${HEAD}${text}\n`)
  }
  const shell = ['-c', ASK_ALL, 'sh', ...command, '--', ...files]
  const { stdout } = spawnSync('sh', shell, { cwd, encoding: 'utf8' })
  const statuses = stdout.trim().split('\n')
  expect(statuses.length).toBe(texts.length)
  return files.map((file, n) => ({
    isGood: statuses[n] === '0',
    printed: readFileSync(join(cwd, `${file}.out`), 'utf8'),
  }))
}

describe.each(PROGRAMS)('%s', (name, program, args) => {
  const isThere = spawnSync(program, ['-v']).error === undefined
  if (!isThere) console.warn(`${program} is not installed: the comparison with it is skipped`)
  const differing = new Set(DIFFERING.flatMap(([who, , texts]) => (who === name ? texts : [])))
  const texts = [...GOOD, ...WARNED, ...BAD]
  let said: readonly Said[] = []
  beforeAll(() => {
    if (isThere) said = askAll([program, ...args], texts)
  })

  test.skipIf(!isThere)('says the same of all, but for what is listed', () => {
    const wrong = texts.filter((text, n) => {
      const isSame = said[n]?.isGood !== BAD.includes(text)
      return isSame === differing.has(text)
    })
    expect(wrong).toEqual([])
  })

  // kzonecheck does not tell what it read.
  test.skipIf(!isThere || name === 'knot')('reads the same records, but for what is listed', () => {
    const otherwise = READ_OTHERWISE.flatMap(([who, text]) => (who === name ? [text] : []))
    const found = GOOD.filter((text, n) => {
      if (differing.has(text)) return false
      const theirs = linesOf(readZone(said[n]?.printed ?? '', name, parseName('z.test.')))
      return theirs.join('\n') !== linesOf(read(text)).join('\n')
    })
    expect(found).toEqual(otherwise)
  })
})
