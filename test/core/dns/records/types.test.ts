import { readdirSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { Fields, type Token } from '../../../../src/core/dns/records/fields.ts'
import { parseSeconds } from '../../../../src/core/dns/records/seconds.ts'
import { soaMinimum } from '../../../../src/core/dns/records/soa.ts'
import {
  formatRdata,
  parseRdata,
  RECORD_TYPES,
  recordType,
  typeName,
  typeNumber,
} from '../../../../src/core/dns/records/types.ts'
import { Findings } from '../../../../src/core/dns/zone/state.ts'
import { tokenize } from '../../../../src/core/dns/zone/tokenize.ts'

const ORIGIN = parseName('example.test.')

function words(text: string): readonly Token[] {
  const errors = new Findings('words')
  const tokens = Array.from(tokenize(text, errors)).flatMap((entry) => entry.tokens)
  if (errors.list().length > 0) throw new Error(errors.list()[0]?.message)
  return tokens
}

function parse(type: string, text: string): Uint8Array {
  return parseRdata(typeNumber(type) ?? -1, new Fields(words(text)), ORIGIN)
}

describe('each type reads and writes its fields', () => {
  test.each([
    ['A', '192.0.2.1', 'c0000201', '192.0.2.1'],
    ['AAAA', '2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['AAAA', '::', '00000000000000000000000000000000', '::'],
    ['AAAA', '1::', '00010000000000000000000000000000', '1::'],
    ['AAAA', '::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '::ffff:c000:201'],
    ['AAAA', '1:0:3:4:5:6:7:8', '00010000000300040005000600070008', '1:0:3:4:5:6:7:8'],
    ['NS', 'ns1', '036e7331076578616d706c65047465737400', 'ns1.example.test.'],
    ['CNAME', 'A\\.b.', '03412e6200', 'A\\.b.'],
    ['PTR', '@', '076578616d706c65047465737400', 'example.test.'],
    ['MX', '10 m.', '000a016d00', '10 m.'],
    ['MX', '0 .', '000000', '0 .'],
    ['SRV', '1 2 65535 t.', '00010002ffff017400', '1 2 65535 t.'],
    [
      'SOA',
      'a. b. 4294967295 1h 15m 1W 30',
      '016100016200ffffffff00000e100000038400093a800000001e',
    ],
    ['TXT', 'plain "two words" ""', '05706c61696e0974776f20776f72647300', '"plain" "two words" ""'],
    ['TXT', '"\\"\\\\\\000\\255;"', '0522 5c 00 ff 3b', '"\\"\\\\\\000\\255;"'],
    ['TXT', 'é', '02c3a9', '"\\195\\169"'],
    // RFC 8659 §4.4
    ['CAA', '0 issue "ca1.example.net"', '000569737375656361312e6578616d706c652e6e6574'],
    ['CAA', '128 tbs ""', '8003746273', '128 tbs ""'],
    ['TYPE65280', '\\# 3 0A 0b0C', '0a0b0c', '\\# 3 0A0B0C'],
    ['TYPE65280', '\\# 0', '', '\\# 0'],
    ['A', '\\# 4 c0000201', 'c0000201', '192.0.2.1'],
    ['TYPE1', '192.0.2.1', 'c0000201', '192.0.2.1'],
    ['mx', '\\# 5 000a016d00', '000a016d00', '10 m.'],
  ])('%s %s', (type, text, hex, canonical?: string) => {
    const rdata = parse(type, text)
    expect(rdata.toHex()).toBe(hex.replaceAll(' ', ''))
    const written = formatRdata(typeNumber(type) ?? -1, rdata)
    if (canonical !== undefined) expect(written).toBe(canonical)
    expect(parse(type, written)).toEqual(rdata)
  })

  test('the SOA minimum is its last field', () => {
    expect(soaMinimum(parse('SOA', 'a. b. 1 2 3 4 30'))).toBe(30)
  })
})

describe('each type refuses what it is not', () => {
  test.each([
    ['A', '', 'address is missing'],
    ['A', '1.2.3', 'not an IPv4 address'],
    ['A', '010.0.0.1', 'not an IPv4 address'],
    ['A', '1.2.3.4 5', 'unexpected "5"'],
    ['AAAA', '1.2.3.4', 'not an IPv6 address'],
    ['AAAA', '::1%eth0', 'not an IPv6 address'],
    ['NS', 'a..b', 'empty label'],
    ['MX', 'mail', 'preference must be'],
    ['MX', '65536 mail', 'preference must be'],
    ['MX', '10', 'mail exchange is missing'],
    ['SRV', '0 0 http t.', 'port must be'],
    ['SOA', 'a. b. 1h 1 1 1 1', 'serial must be'],
    ['SOA', 'a. b. 1 1 1 1h30 1', 'expire must be'],
    ['SOA', 'a. b. 1 1 1 1', 'minimum is missing'],
    ['TXT', '', 'text is missing'],
    ['TXT', `"${'x'.repeat(256)}"`, '256 octets long'],
    ['TXT', `${'x'.repeat(255)} `.repeat(256), 'longer than 65535'],
    ['TXT', 'a\\25', 'three digits'],
    ['CAA', '256 issue x', 'flags must be'],
    ['CAA', '0 "is sue" x', 'tag must be'],
    ['CAA', '0 "" x', 'tag must be'],
    ['CAA', '0 issue', 'value is missing'],
    ['TYPE65280', '0A', 'only read as'],
    ['TYPE65280', '"\\#" 0', 'only read as'],
    ['TYPE65280', '\\# 2 0A', '2 were announced'],
    ['TYPE65280', '\\# 1 0', 'pairs of hex'],
    ['A', '\\# 3 0a0b0c', 'ends too early'],
    ['A', '\\# 5 0a0b0c0d0e', 'left over'],
    ['NS', '\\# 2 c00c', 'compressed'],
    ['NS', `\\# 260 ${'0161'.repeat(129)}0000`, 'longer than 255'],
    ['MX', '\\# 4 000a0161', 'ends too early'],
  ])('%s %s: %s', (type, text, why) => {
    expect(() => parse(type, text)).toThrow(why)
  })

  test('no data at all makes a reader run wild', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (rdata) => {
        for (const type of RECORD_TYPES) {
          let written: string
          try {
            written = type.format(rdata)
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_argument' })
            continue
          }
          expect(parse(type.name, written)).toEqual(rdata)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the table of types', () => {
  test('every file of a type is in it', () => {
    const dir = new URL('../../../../src/core/dns/records/', import.meta.url)
    const shared = new Set([
      'fields',
      'one-name',
      'record-type',
      'seconds',
      'types',
      'unknown',
      'wire',
    ])
    const files = readdirSync(dir)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -3))
      .filter((file) => !shared.has(file))
    expect(files.sort()).toEqual(RECORD_TYPES.map((type) => type.name.toLowerCase()).sort())
  })

  test('names and numbers lead to each other', () => {
    for (const type of RECORD_TYPES) {
      expect(typeNumber(type.name.toLowerCase())).toBe(type.number)
      expect(typeName(type.number)).toBe(type.name)
      expect(recordType(type.number)).toBe(type)
    }
    expect(typeName(731)).toBe('TYPE731')
    expect(typeNumber('type731')).toBe(731)
    expect(typeNumber('TYPE65536')).toBeUndefined()
    expect(typeNumber('NOPE')).toBeUndefined()
    expect(typeNumber('constructor')).toBeUndefined()
  })
})

describe('durations', () => {
  test.each([
    ['0', 0],
    ['90', 90],
    ['1h30m', 5400],
    ['1W2D3H4M5S', 788_645],
    ['2w', 1_209_600],
    ['4294967295', 4_294_967_295],
    ['4294967296', undefined],
    ['9'.repeat(400), undefined],
    ['', undefined],
    ['h', undefined],
    ['1h30', undefined],
    ['1x', undefined],
    ['1hh', undefined],
    ['-1', undefined],
    ['1.5h', undefined],
  ])('%s', (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds)
  })
})
