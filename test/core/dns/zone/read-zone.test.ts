import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatName, parseName } from '../../../../src/core/dns/name.ts'
import { formatRdata, typeName } from '../../../../src/core/dns/records/types.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import { formatZoneError, type ZoneReading } from '../../../../src/core/dns/zone/state.ts'

const APEX = parseName('example.test.')

/** Four lines that make any zone whole; what a test adds begins on line 5. */
const WHOLE = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n NS ns\nns A 192.0.2.1\n'

function read(text: string): ZoneReading {
  return readZone(text, 'z', APEX)
}

/** The records beyond the whole's own three. */
function lines(text: string): string[] {
  const { records, errors } = read(text)
  expect(errors.map(formatZoneError)).toEqual([])
  return records.map(
    ({ owner, ttl, type, rdata }) =>
      `${formatName(owner)} ${ttl} ${typeName(type)} ${formatRdata(type, rdata)}`,
  )
}

function added(text: string): string[] {
  return lines(WHOLE + text).slice(3)
}

function errors(text: string): string[] {
  return read(WHOLE + text).errors.map(formatZoneError)
}

function warnings(text: string): string[] {
  const reading = read(WHOLE + text)
  expect(reading.errors).toEqual([])
  return reading.warnings.map(formatZoneError)
}

/** One set of so many addresses. */
function addresses(count: number): string {
  return Array.from({ length: count }, (_, i) => `a A 10.0.${i >> 8}.${i & 255}`).join('\n')
}

describe('entries of a master file (RFC 1035 §5.1)', () => {
  test.each([
    ['a A 192.0.2.9', ['a.example.test. 60 A 192.0.2.9']],
    ['a\tIN\tA\t192.0.2.9\r\n', ['a.example.test. 60 A 192.0.2.9']],
    ['a 5 A 192.0.2.9', ['a.example.test. 5 A 192.0.2.9']],
    ['a 5 IN A 192.0.2.9', ['a.example.test. 5 A 192.0.2.9']],
    ['a in 1h30m a 192.0.2.9', ['a.example.test. 5400 A 192.0.2.9']],
    ['a CLASS1 A 192.0.2.9', ['a.example.test. 60 A 192.0.2.9']],
    ['a TXT 1 IN', ['a.example.test. 60 TXT "1" "IN"']],
    ['5 5 A 192.0.2.9', ['5.example.test. 5 A 192.0.2.9']],
    ['in IN A 192.0.2.9', ['in.example.test. 60 A 192.0.2.9']],
    ['a TXT "x;y" ; z', ['a.example.test. 60 TXT "x;y"']],
    ['a TXT x\\;y', ['a.example.test. 60 TXT "x;y"']],
    ['a TXT "("', ['a.example.test. 60 TXT "("']],
    ['a TXT "a""b"c', ['a.example.test. 60 TXT "a" "b" "c"']],
    ['a TXT ( x ; one\n\n  y\n) z', ['a.example.test. 60 TXT "x" "y" "z"']],
    ['a ( TXT (x)y )', ['a.example.test. 60 TXT "x" "y"']],
    ['(a) A 192.0.2.9', ['a.example.test. 60 A 192.0.2.9']],
    ['a\\.b A 192.0.2.9', ['a\\.b.example.test. 60 A 192.0.2.9']],
    ['@ MX 10 @', ['example.test. 60 MX 10 example.test.']],
    ['\n;\n   ; nothing\n\t\n', []],
    ['$ORIGIN sub\na A 192.0.2.9', ['a.sub.example.test. 60 A 192.0.2.9']],
    ['$ORIGIN a\n$ORIGIN b\n@ A 192.0.2.9', ['b.a.example.test. 60 A 192.0.2.9']],
    ['$origin test.\na.example A 192.0.2.9', ['a.example.test. 60 A 192.0.2.9']],
    ['$TTL 1d\na A 192.0.2.9', ['a.example.test. 86400 A 192.0.2.9']],
    [
      'a 5 A 192.0.2.9\nb A 192.0.2.9',
      ['a.example.test. 5 A 192.0.2.9', 'b.example.test. 60 A 192.0.2.9'],
    ],
  ])('%j', (text, expected) => {
    expect(added(text)).toEqual(expected)
  })

  test('a line that begins with white space inherits the owner', () => {
    expect(added('a A 192.0.2.9\n\n  ; between\n\tA 192.0.2.8\n 5 IN TXT x')).toEqual([
      'a.example.test. 60 A 192.0.2.9',
      'a.example.test. 60 A 192.0.2.8',
      'a.example.test. 5 TXT "x"',
    ])
  })

  test('without $TTL the TTL is that of the record before, at first the SOA minimum', () => {
    const text = '\uFEFF@ SOA ns h 1 2 3 4 30\n NS ns\nns 9 A 192.0.2.1\n AAAA ::1'
    expect(lines(text).map((line) => line.split(' ')[1])).toEqual(['30', '30', '9', '9'])
    expect(read(text).warnings.map(formatZoneError)).toEqual([
      'z:1:1: there is no TTL: the SOA minimum is used',
    ])
  })
})

describe('mistakes are told with line and column, all of them', () => {
  test.each([
    ['a A 1.2.3', ['z:5:5: "1.2.3" is not an IPv4 address']],
    ['a A', ['z:5:3: address is missing']],
    ['a', ['z:5:1: record type is missing']],
    ['a\tTXT "x', ['z:5:7: quote is not closed on its line']],
    ['a TXT ( x\nb A 192.0.2.1\n', ['z:5:7: parenthesis is never closed']],
    ['a TXT ) x', ['z:5:7: parenthesis closes nothing']],
    ['a TXT x\\', ['z:5:7: name "x\\" ends in a backslash']],
    ['a FOO x', ['z:5:3: there is no record type "FOO"']],
    ['a ANY x', ['z:5:3: there is no record type "ANY"']],
    ['a TYPE255 \\# 0', ['z:5:3: type TYPE255 exists in queries only']],
    ['a TYPE41 \\# 0', ['z:5:3: type TYPE41 exists in queries only']],
    ['a CH A 192.0.2.9', ['z:5:3: class CH is not served, only IN']],
    ['a 1 2 A 192.0.2.9', ['z:5:5: there is no record type "2"']],
    ['a..b A 192.0.2.9', ['z:5:1: name "a..b" has an empty label']],
    ['$INCLUDE other.zone', ['z:5:10: no file can be included here']],
    ['$INCLUDE', ['z:5:1: file is missing']],
    [
      '$INCLUDE a b c',
      ['z:5:10: no file can be included here', 'z:5:14: unexpected "c" at the end'],
    ],
    ['$GENERATE 9-1 a A 1', ['z:5:11: range must be like 1-100 or 1-100/2']],
    ['$GENERATE 1-9/0 a A 1', ['z:5:11: range must be like 1-100 or 1-100/2']],
    ['$GENERATE 0-65536 a A 1', ['z:5:11: range has more than 65536 steps']],
    ['$GENERATE 1-2 a A', ['z:5:17: an owner, a type and data must follow the range']],
    ['$GENERATE 1-2 a', ['z:5:15: an owner, a type and data must follow the range']],
    [
      '$GENERATE 1-9 a$ A 192.0.2.${1,2,z}',
      ['z:5:20: a modifier is {offset,width,base}, base one of d o x X n N'],
    ],
    ['$GENERATE 1-9 a${-2} A 192.0.2.1', ['z:5:24: the offset makes the counter negative']],
    [
      '$GENERATE 254-300 a$ A 192.0.2.$',
      ['z:5:24: "a256 A 192.0.2.256": "192.0.2.256" is not an IPv4 address'],
    ],
    ['$GENERATE 1-9 a$ TXT "a(b"', ['z:5:22: "a1 TXT a(b": parenthesis is never closed']],
    ['$FOO', ['z:5:1: there is no directive "$FOO"']],
    ['$TTL', ['z:5:1: TTL is missing']],
    ['$TTL x', ['z:5:6: TTL must be seconds or a duration like 1h30m, got "x"']],
    ['$ORIGIN a b', ['z:5:11: unexpected "b" at the end']],
  ])('%j', (text, expected) => {
    expect(errors(text)).toEqual(expected)
  })

  test('one mistake does not hide the next, nor does it lend its owner', () => {
    expect(
      errors('a..b A 192.0.2.9\n A 1.2.3\n A 192.0.2.8\nc A x\n AAAA y\nd A 192.0.2.9'),
    ).toEqual([
      'z:5:1: name "a..b" has an empty label',
      'z:6:4: "1.2.3" is not an IPv4 address',
      'z:8:5: "x" is not an IPv4 address',
      'z:9:7: "y" is not an IPv6 address',
    ])
  })

  test('the first entry must name its owner and, but for the SOA, its TTL', () => {
    expect(read(' A 192.0.2.1\nb A 192.0.2.1').errors.map(formatZoneError).slice(1, 4)).toEqual([
      'z:1:1: the zone example.test. has no NS at its apex',
      'z:1:2: there is no owner above to inherit',
      'z:2:5: there is no TTL: write one, or a $TTL line above',
    ])
  })

  test('of very many mistakes a thousand are told', () => {
    const found = read(`${WHOLE}${'x A y\n'.repeat(5000)}`).errors
    expect(found).toHaveLength(1001)
    expect(found.at(-1)?.message).toBe('and more')
  })
})

describe('the zone as a whole', () => {
  test('a SOA and an NS must be at the apex', () => {
    expect(read('').errors.map(formatZoneError)).toEqual([
      'z:1:1: the zone example.test. has no SOA',
      'z:1:1: the zone example.test. has no NS at its apex',
    ])
    expect(errors('@ SOA ns h 2 2 3 4 5')).toEqual([
      'z:5:1: the zone example.test. has a second SOA',
    ])
    expect(errors('a SOA ns h 1 2 3 4 5')).toEqual([
      'z:5:1: a.example.test. SOA is not at the apex example.test.',
    ])
  })

  test('owners outside the zone are refused', () => {
    expect(errors('a.example.org. A 192.0.2.9')).toEqual([
      'z:5:1: a.example.org. A is outside the zone example.test.',
    ])
  })

  test('a CNAME stands alone (RFC 1034 §3.6.2)', () => {
    expect(errors('a CNAME b\na A 192.0.2.9\nA TXT x')).toEqual([
      'z:5:1: a.example.test. CNAME cannot stand beside other data (A, TXT)',
    ])
    expect(errors('a CNAME b\na CNAME c')).toEqual([
      'z:6:1: a.example.test. CNAME is a second CNAME here',
    ])
    const beside = 'a RRSIG CNAME 5 3 1 1 1 1 . AAAA\na RRSIG NSEC 5 3 1 1 1 1 . AAAA\na NSEC b A'
    expect(errors(`a CNAME b\n${beside}`)).toEqual([])
  })

  test('doubles are told and dropped, names in data compare without case', () => {
    const text = 'a MX 10 ns\nA MX 10 NS\na TXT x\na TXT X\na MX 74 ns\na MX 106 ns'
    expect(added(text)).toHaveLength(5)
    expect(warnings(text)).toEqual(['z:6:1: A.example.test. MX is told twice'])
  })

  test('one set has one TTL, the lowest (RFC 2181 §5.2)', () => {
    const text = 'a 30 A 192.0.2.9\na 20 A 192.0.2.8\na 40 A 192.0.2.7\na 7 TXT x'
    expect(added(text).map((line) => line.split(' ')[1])).toEqual(['20', '20', '20', '7'])
    expect(warnings(text)).toEqual([
      'z:6:1: a.example.test. A has several TTLs: the lowest, 20, is used',
      'z:7:1: a.example.test. A has several TTLs: the lowest, 20, is used',
    ])
  })

  test('a set that no message holds is told where it begins', () => {
    expect(warnings(`b TXT x\n${addresses(4_093)}`)).toEqual([])
    expect(warnings(`b TXT x\n${addresses(4_094)}`)).toEqual([
      'z:6:1: a.example.test. A is 65536 octets as an answer, and none may have more than 65535',
    ])
  })

  test('a TTL of more than 31 bits is zero (RFC 2181 §8)', () => {
    expect(added('a 2147483648 A 192.0.2.9')).toEqual(['a.example.test. 0 A 192.0.2.9'])
    expect(warnings('a 2147483648 A 192.0.2.9')).toHaveLength(1)
  })

  test('a target that is an alias is told (RFC 1912 §2.4)', () => {
    expect(warnings('a CNAME ns\nb MX 1 A\nc SRV 0 0 1 a\nd NS a\ne PTR a\nf CNAME a')).toEqual([
      'z:6:1: b.example.test. MX points to A.example.test., which is a CNAME (RFC 1912 §2.4)',
      'z:7:1: c.example.test. SRV points to a.example.test., which is a CNAME (RFC 1912 §2.4)',
      'z:8:1: d.example.test. NS points to a.example.test., which is a CNAME (RFC 1912 §2.4)',
    ])
  })

  test('a target without address is told, unless another zone or a wildcard may answer', () => {
    expect(warnings('b MX 1 gone\nsub NS a.sub\nsub2 NS a.sub3\nsub3 NS x.org.')).toEqual([
      'z:5:1: b.example.test. MX points to gone.example.test., which has no address here',
      'z:6:1: sub.example.test. NS points to a.sub.example.test., which has no address here',
    ])
    expect(warnings('*.w A 192.0.2.9\nb MX 1 x.y.w\nc MX 0 .\nd MX 1 far.org.')).toEqual([])
    expect(warnings('sub NS a.sub\na.sub A 192.0.2.9\nc MX 1 mail.in.sub')).toEqual([])
  })
})

describe('any text', () => {
  test('is borne', () => {
    const piece = fc.oneof(
      fc.constantFrom('(', ')', '"', '\\', ';', '\n', '\n ', ' ', '\t', '@', '$TTL ', '$ORIGIN '),
      fc.constantFrom(
        '$GENERATE 1-3 ',
        '$INCLUDE ',
        '$',
        '${',
        '${1,2,d}',
        'SVCB 1 ',
        'alpn=',
        'NSEC ',
      ),
      fc.constantFrom(
        'A ',
        'TXT ',
        'SOA ',
        'MX ',
        '\\# ',
        'IN ',
        '60 ',
        '192.0.2.1',
        'a',
        '.',
        '*',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const reading = read(WHOLE + pieces.join(''))
        for (const error of reading.errors) expect(error.line).toBeGreaterThan(0)
        for (const { type, rdata } of reading.records) formatRdata(type, rdata)
      }),
      { numRuns: 3000 },
    )
  })

  test('is read in time that grows with its length only', () => {
    const hosts = Array.from(
      { length: 100_000 },
      (_, i) => `h${i} A 10.0.${(i >> 8) & 255}.${i & 255}`,
    )
    const started = performance.now()
    expect(read(WHOLE + hosts.join('\n')).records).toHaveLength(100_003)
    for (const evil of [
      'x A (\n',
      ')\n',
      'x TXT "\n',
      '\\',
      '9',
      '1h',
      'x TXT a(b)"c"d;\n',
      ' a',
    ]) {
      read(WHOLE + evil.repeat(200_000))
    }
    // A quadratic step anywhere in here takes minutes.
    expect(performance.now() - started).toBeLessThan(15_000)
  })
})
