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
    ['DNAME', 'x.', '017800', 'x.'],
    ['HINFO', 'PC "Linux 6"', '025043074c696e75782036', '"PC" "Linux 6"'],
    ['RP', 'admin. .', '0561646d696e0000', 'admin. .'],
    [
      'NAPTR',
      '100 50 "s" "http+I2L" "!^.*$!x!" _http.',
      '00640032 0173 08687474702b49324c 08215e2e2a24217821 055f6874747000',
      '100 50 "s" "http+I2L" "!^.*$!x!" _http.',
    ],
    ['URI', '10 1 "ftp://a/"', '000a00016674703a2f2f612f', '10 1 "ftp://a/"'],
    ['SSHFP', '1 1 aabb CC', '0101aabbcc', '1 1 AABBCC'],
    ['TLSA', '3 1 1 0A0b', '0301010a0b', '3 1 1 0A0B'],
    [
      'DS',
      `60485 5 1 ${'2B'.repeat(10)} ${'ac'.repeat(10)}`,
      `ec450501${'2b'.repeat(10)}${'ac'.repeat(10)}`,
    ],
    ['DS', `1 RSASHA256 2 ${'00'.repeat(32)}`, `00010802${'00'.repeat(32)}`],
    ['CDS', '0 0 0 00', '0000000000', '0 0 0 00'],
    ['DNSKEY', '257 3 ED25519 l02W ', '0101030f974d96', '257 3 15 l02W'],
    ['CDNSKEY', '0 3 0 AA==', '0000030000', '0 3 0 AA=='],
    // RFC 4034 §3.3, §4.3
    [
      'RRSIG',
      'A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1',
      '0001 05 03 00015180 3e7c9dd7 3e5510d7 0a52 076578616d706c6503636f6d00 a09075',
      'A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1',
    ],
    [
      'RRSIG',
      'TYPE1234 5 3 1 21060207062815 0 1 . AAAA',
      '04d2050300000001ffffffff00000000000100000000',
    ],
    [
      'NSEC',
      'host.example.com. ( A MX RRSIG NSEC TYPE1234 )',
      `04686f7374076578616d706c6503636f6d00 0006400100000003 041b${'00'.repeat(26)}20`,
      'host.example.com. A MX RRSIG NSEC TYPE1234',
    ],
    // RFC 5155 appendix A
    [
      'NSEC3',
      '1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX NS RRSIG',
      '01 01 000c 04aabbccdd 14 174eb2409fe28bcb4887a1836f957f0a8425e27b 0006200100000002',
      '1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS MX RRSIG',
    ],
    ['NSEC3', '1 0 0 - 00', '0100000000 0100', '1 0 0 - 00'],
    ['NSEC3PARAM', '1 0 12 aabbccdd', '0100000c04aabbccdd', '1 0 12 AABBCCDD'],
    ['NSEC3PARAM', '1 0 0 -', '0100000000', '1 0 0 -'],
    // RFC 1876 §4
    [
      'LOC',
      '42 21 54 N 71 06 18 W -24m 30m',
      '00331613 8917 2dd0 70be15f0 00988d20',
      '42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m',
    ],
    ['LOC', '0 S 180 E 0', '00121613 80000000 a69fb200 00989680'],
    ['LOC', '1 2 3.5 S 1 E 42849672.95m 0.05m 90000000m 1', '00509912 7fc72f14 8036ee80 ffffffff'],
    // RFC 9460 appendix D
    ['SVCB', '0 foo.example.com.', '000003666f6f076578616d706c6503636f6d00', '0 foo.example.com.'],
    ['HTTPS', '1 .', '000100', '1 .'],
    ['SVCB', '16 . port=53', '00100000030002 0035', '16 . port=53'],
    ['SVCB', '1 . key667=hello', '000100029b0005 68656c6c6f', '1 . key667="hello"'],
    ['SVCB', '1 . key667="hello\\210qoo"', '000100029b0009 68656c6c6fd2716f6f'],
    [
      'SVCB',
      '1 . ipv6hint="2001:db8::1,2001:db8::53:1"',
      '000100 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001',
    ],
    [
      'SVCB',
      '1 . ipv6hint=2001:db8:122:344::192.0.2.33',
      '000100 0006 0010 20010db8012203440000 0000c0000221',
    ],
    [
      'SVCB',
      '16 . alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
      '001000 0000 0004 0001 0004 0001 0009 026832 0568332d3139 0004 0004 c0000201',
      '16 . mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
    ],
    ['SVCB', '16 . alpn="f\\\\\\\\oo\\\\,bar,h2"', '001000 0001 000c 08665c6f6f2c626172 026832'],
    ['SVCB', '16 . alpn=f\\\\\\092oo\\092,bar,h2', '001000 0001 000c 08665c6f6f2c626172 026832'],
    [
      'HTTPS',
      '1 . alpn=h2 no-default-alpn ech="AEX+DQ==" dohpath=/q{?dns} ohttp',
      '000100 0001 0003 026832 0002 0000 0005 0004 0045fe0d 0007 0008 2f717b3f646e737d 0008 0000',
      '1 . alpn="h2" no-default-alpn ech=AEX+DQ== dohpath="/q{?dns}" ohttp',
    ],
    ['HTTPS', '1 . key1="\\002h2"', '000100 0001 0003 026832', '1 . alpn="h2"'],
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
    ['HINFO', 'PC', 'operating system is missing'],
    ['URI', '1 1 ""', 'target is empty'],
    ['DS', '1 8 2 00', 'has 32 octets, not 1'],
    ['DS', '1 FOO 2 00', 'no algorithm "FOO"'],
    ['DS', '1 256 2 00', 'no algorithm "256"'],
    ['TLSA', '3 1 1 0', 'pairs of hex'],
    ['SSHFP', '1 1', 'fingerprint is missing'],
    ['DNSKEY', '257 3 8 A', 'must be base64'],
    ['DNSKEY', '257 3 8 AB==C', 'must be base64'],
    ['RRSIG', 'NOPE 5 3 1 1 1 1 . AAAA', 'no record type "NOPE"'],
    ['RRSIG', 'A 5 3 1 20230229000000 1 1 . AAAA', 'must be YYYYMMDDHHmmSS'],
    ['RRSIG', 'A 5 3 1 20231301000000 1 1 . AAAA', 'must be YYYYMMDDHHmmSS'],
    ['RRSIG', 'A 5 3 1 20230101250000 1 1 . AAAA', 'must be YYYYMMDDHHmmSS'],
    ['NSEC', 'a. NOPE', 'no record type "NOPE"'],
    ['NSEC', '\\# 4 00000100', 'the last one not zero'],
    ['NSEC', '\\# 7 00000140 000140', 'not in order'],
    ['NSEC3', '1 0 0 aab 00 A', 'salt must be'],
    ['NSEC3', '1 0 0 - w A', 'next hash must be'],
    ['NSEC3', '1 0 0 - 01 A', 'next hash must be'],
    ['LOC', '91 N 0 E 0', 'latitude must be'],
    ['LOC', '90 0 1 N 0 E 0', 'more than 90'],
    ['LOC', '1 60 N 0 E 0', 'latitude must be'],
    ['LOC', '1 1 1 1 N 0 E 0', 'latitude must be'],
    ['LOC', '1 N 1 E -100001', 'altitude must be'],
    ['LOC', '1 N 1 E 0 90000001m', 'size must be'],
    // RFC 9460 appendix D.3
    ['SVCB', '1 foo. ( key123=abc key123=def )', 'told twice'],
    ['SVCB', '1 foo. mandatory', 'no parameter ""'],
    ['SVCB', '1 foo. alpn', 'has 1 to 255'],
    ['SVCB', '1 foo. port', 'port must be'],
    ['SVCB', '1 foo. ipv4hint', 'not an IPv4'],
    ['SVCB', '1 foo. ipv6hint', 'not an IPv6'],
    ['SVCB', '1 foo. alpn=h2 no-default-alpn=abc', 'takes no value'],
    ['SVCB', '1 foo. mandatory=key123', 'key123 is missing'],
    ['SVCB', '1 foo. mandatory=mandatory', 'other keys'],
    ['SVCB', '1 foo. ( mandatory=key123,key123 key123=abc )', 'each once'],
    ['SVCB', '1 foo. no-default-alpn', 'needs an alpn'],
    ['SVCB', '1 foo. key65535=x', 'is no key'],
    ['SVCB', '1 foo. key65536=x', 'no parameter "key65536"'],
    ['SVCB', '1 foo. key01=x', 'no parameter "key01"'],
    ['SVCB', '1 foo. nope=x', 'no parameter "nope"'],
    ['SVCB', '1 foo. alpn= "h2"', 'has 1 to 255'],
    ['SVCB', '1 foo. alpn=a\\\\b', 'are escaped'],
    ['SVCB', '\\# 11 000100 0003 0000 0001 0000', 'not in order'],
    ['SVCB', '\\# 13 000100 000b 0001 61 000a 0000 00', 'ends too early'],
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
    const shared =
      'algorithms digest-type fields key-type octet-text one-name record-type seconds ' +
      'service-binding svc-params svc-values timestamp type-bitmap types unknown wire'
    const files = readdirSync(dir)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -3))
      .filter((file) => !shared.split(' ').includes(file))
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
