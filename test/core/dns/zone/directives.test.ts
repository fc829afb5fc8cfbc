import { describe, expect, test } from 'vitest'
import { CairnError } from '../../../../src/kernel/errors.ts'
import { formatName, parseName } from '../../../../src/core/dns/name.ts'
import { formatRdata, typeName } from '../../../../src/core/dns/records/types.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import { formatZoneError, type ZoneReading } from '../../../../src/core/dns/zone/state.ts'

const APEX = parseName('example.test.')

/** Four lines that make any zone whole; what a test adds begins on line 5. */
const WHOLE = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n'

function read(text: string): ZoneReading {
  return readZone(WHOLE + text, 'z', APEX)
}

/** The records beyond the whole's own three. */
function added(text: string): string[] {
  const { records, errors } = read(text)
  expect(errors.map(formatZoneError)).toEqual([])
  return records
    .slice(3)
    .map(
      ({ owner, ttl, type, rdata }) =>
        `${formatName(owner)} ${ttl} ${typeName(type)} ${formatRdata(type, rdata)}`,
    )
}

function errors(text: string): string[] {
  return read(text).errors.map(formatZoneError)
}

function warnings(text: string): string[] {
  return read(text).warnings.map(formatZoneError)
}

describe('$GENERATE', () => {
  test.each([
    ['1-3 g$ A 192.0.2.$', ['g1 A 192.0.2.1', 'g2 A 192.0.2.2', 'g3 A 192.0.2.3']],
    ['1-3/2 g${10,3,x} MX "10 m$"', ['g00b MX 10 m1', 'g00d MX 10 m3']],
    ['1-1 g$ MX 10 m$', ['g1 MX 10 m1']],
    ['1-2 h$ TXT "a b $"', ['h1 TXT "a" "b" "1"', 'h2 TXT "a" "b" "2"']],
    ['2-2 h TXT "$$ \\$ $"', ['h TXT "$" "$" "2"']],
    ['2-2 h TXT "a b" "c $"', ['h TXT "a b" "c 2"']],
    ['17-17 ${0,3,n} CNAME b${0,7,N}.x', ['1.1 CNAME b1.1.0.0.x']],
    ['171-171 ${0,0,X} CNAME ${-1,4,o}', ['AB CNAME 0252']],
  ])('%s', (text, expected) => {
    const short = added(`$GENERATE ${text}`).map((line) =>
      line.replaceAll('.example.test.', '').replace(' 60 ', ' '),
    )
    expect(short).toEqual(expected)
  })

  test('may say TTL and class, and the next line inherits its owner', () => {
    expect(added('$GENERATE 1-2 g$ 7 IN A 192.0.2.$\n TXT x')).toEqual([
      'g1.example.test. 7 A 192.0.2.1',
      'g2.example.test. 7 A 192.0.2.2',
      'g2.example.test. 60 TXT "x"',
    ])
  })

  test('writes 65,536 lines at most', () => {
    expect(added('$GENERATE 0-65535 g$ TXT x')).toHaveLength(65_536)
  })
})

function including(text: string, files: Readonly<Record<string, string>>): ZoneReading {
  return readZone(WHOLE + text, 'z', APEX, (path, from) => {
    const file = from === undefined ? path : `${from}/${path}`
    const found = files[file]
    if (found === undefined) throw new CairnError('not_found', `there is no file ${file}`)
    return { file, text: found }
  })
}

function rrsig(type: string): string {
  return `RRSIG ${type} 5 3 1 1 1 1 . AAAA`
}

describe('$INCLUDE', () => {
  test('origin, owner and TTL of the file end with it', () => {
    const text = 'a 7 A 192.0.2.9\n$INCLUDE f sub\n A 192.0.2.8\nc A 192.0.2.7'
    const { records, errors } = including(text, { f: '$TTL 9\nx A 192.0.2.6\n$ORIGIN y\n@ TXT y' })
    expect(errors).toEqual([])
    expect(records.slice(3).map(({ owner, ttl }) => `${formatName(owner)} ${ttl}`)).toEqual([
      'a.example.test. 7',
      'x.sub.example.test. 9',
      'y.sub.example.test. 9',
      'a.example.test. 7',
      'c.example.test. 60',
    ])
  })

  test('mistakes are told with the file that has them, the zone itself first', () => {
    const text = '$INCLUDE f\n$INCLUDE gone\nb A x\nns TXT (\n'
    const files = { f: '\n\na A x\n A 192.0.2.8\n$INCLUDE g\n', 'f/g': ' A 192.0.2.1\n' }
    expect(including(text, files).errors.map(formatZoneError)).toEqual([
      'z:6:10: there is no file gone',
      'z:7:5: "x" is not an IPv4 address',
      'z:8:8: parenthesis is never closed',
      'f:3:5: "x" is not an IPv4 address',
      'f/g:1:2: there is no owner above to inherit',
    ])
  })

  test('is eight files deep at most', () => {
    const reading = readZone(`${WHOLE}$INCLUDE f`, 'z', APEX, () => ({
      file: 'f',
      text: 'a A 192.0.2.1\n$INCLUDE f\n',
    }))
    expect(reading.errors.map(formatZoneError)).toEqual([
      'f:2:10: files are included 8 deep, not deeper',
    ])
  })

  test('ends when it is all too much', () => {
    // Each file is included ten times by the one before.
    const reading = readZone(`${WHOLE}$INCLUDE 1`, 'z', APEX, (path) => ({
      file: path,
      text: `;${'-'.repeat(100_000)}\n${`$INCLUDE ${Number(path) + 1}\n`.repeat(path === '7' ? 0 : 10)}`,
    }))
    expect(reading.errors.map(formatZoneError).slice(0, 1)).toEqual([
      'z:1:1: the zone has more than 268435456 characters',
    ])
  })
})

describe('what may stand where', () => {
  const ds = `1 8 2 ${'00'.repeat(32)}`
  test.each([
    ['d DNAME x.\nd DNAME y.', 'z:6:1: d.example.test. DNAME is a second DNAME here'],
    [
      'a.d A 192.0.2.1\nd DNAME x.',
      'z:5:1: a.d.example.test. A stands below the DNAME of d.example.test. (RFC 6672 §2.4)',
    ],
    [
      'd DNAME x.\nd NS ns',
      'z:5:1: d.example.test. DNAME cannot stand beside a delegation (RFC 6672 §2.4)',
    ],
    ['a NSEC b A\na NSEC c A', 'z:6:1: a.example.test. NSEC is a second one here'],
    ['*.w NS ns', 'z:5:1: *.w.example.test. NS: a wildcard cannot be delegated (RFC 4592 §4.2)'],
    [`@ DS ${ds}`, 'z:5:1: example.test. DS stands at the apex (RFC 4035 §2.4)'],
    [
      '@ NSEC3PARAM 1 0 151 -',
      'z:5:1: example.test. NSEC3PARAM has 151 iterations, more than 150 (RFC 9276)',
    ],
  ])('%j is refused', (text, expected) => {
    expect(errors(text)).toContain(expected)
  })

  test('hashed names stand below a DNAME at the apex, and nothing is said of aliases through it', () => {
    const text = `@ DNAME x.\n${'0'.repeat(32)} NSEC3 1 0 0 - ${'0'.repeat(32)} A\n`
    const found = readZone(
      WHOLE.replace('NS ns', 'NS ns.x.').replace(/ns A.*/, '') + text,
      'z',
      APEX,
    )
    expect(found.errors).toEqual([])
    expect(warnings('d DNAME ns\nm MX 1 a.d')).toEqual([])
  })

  test('a DS without delegation is told', () => {
    expect(warnings(`a DS ${ds}\nb DS ${ds}\nb NS x.`)).toEqual([
      'z:5:1: a.example.test. DS stands where no delegation is (RFC 4035 §2.4)',
    ])
  })

  test('each signature has the TTL of what it covers', () => {
    expect(added(`a 7 A 192.0.2.1\na 7 ${rrsig('A')}\na 9 ${rrsig('NSEC')}\na 9 NSEC b A`)).toEqual(
      expect.arrayContaining([expect.stringContaining('a.example.test. 7 RRSIG A ')]),
    )
  })
})
