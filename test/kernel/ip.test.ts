import { isIP, isIPv4 as nodeIsIPv4, SocketAddress } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIPv6, isIPv4, parseIPv4, parseIPv6 } from '../../src/kernel/ip.ts'

describe('an IPv4 literal', () => {
  test.each([
    ['0.0.0.0', 0],
    ['10.0.0.1', 0x0a000001],
    ['127.0.0.1', 0x7f000001],
    ['192.168.1.254', 0xc0a801fe],
    ['255.255.255.255', 0xffffffff],
  ])('%s is read as an unsigned number', (text, value) => {
    expect(parseIPv4(text)).toBe(value)
  })

  test.each([
    ['', 'empty'],
    ['1.2.3', 'three parts'],
    ['1.2.3.4.5', 'five parts'],
    ['256.1.1.1', 'an octet above 255'],
    ['1.2.3.999', 'an octet above 255'],
    ['01.2.3.4', 'a leading zero, which some programs read as octal'],
    ['1.2.3.00', 'a leading zero'],
    ['1.2.3.4 ', 'a space'],
    [' 1.2.3.4', 'a space'],
    ['1.2.3.4\n', 'a newline'],
    ['1..3.4', 'an empty part'],
    ['1.2.3.-4', 'a sign'],
    ['0x7f.0.0.1', 'hexadecimal'],
    ['١.٢.٣.٤', 'digits that are not ASCII'],
    ['1.2.3.4/24', 'a prefix length'],
  ])('%j is refused: %s', (text) => {
    expect(isIPv4(text)).toBe(false)
  })

  test('is what Node takes for one', () => {
    const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '007', '1e1'))
    const text = fc.array(octet, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'))
    fc.assert(fc.property(text, (ip) => isIPv4(ip) === nodeIsIPv4(ip)))
  })
})

describe('an IPv6 literal', () => {
  test.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['1:2:3:4:5:6:255.255.255.255', '000100020003000400050006ffffffff'],
  ])('%s is read as sixteen octets', (text, hex) => {
    expect(Buffer.from(parseIPv6(text) ?? []).toString('hex')).toBe(hex)
  })

  test.each([
    ['', 'empty'],
    [':', 'one colon'],
    [':::', 'three colons'],
    ['1:2:3:4:5:6:7', 'seven groups'],
    ['1:2:3:4:5:6:7:8:9', 'nine groups'],
    ['1:2:3:4:5:6:7:8::', 'nothing left for ::'],
    ['1::2::3', 'two times ::'],
    [':1::2', 'a single colon in front'],
    ['1::2:', 'a single colon behind'],
    ['12345::', 'five digits'],
    ['g::', 'not hexadecimal'],
    ['1.2.3.4', 'IPv4 alone'],
    ['1.2.3.4::', 'IPv4 in front'],
    ['::1.2.3.4:5', 'IPv4 in the middle'],
    ['::1.2.3.256', 'a wrong IPv4 tail'],
    ['1:2:3:4:5:6:7:1.2.3.4', 'too long with its IPv4 tail'],
    ['fe80::1%eth0', 'a zone id'],
    ['::1 ', 'a space'],
    ['::1\n', 'a newline'],
    ['[::1]', 'brackets'],
  ])('%j is refused: %s', (text) => {
    expect(parseIPv6(text)).toBeUndefined()
  })

  test('is what Node takes for one, whatever the text', () => {
    const group = fc.constantFrom('', '0', '1', 'ffff', 'abcd', '12345', 'g', '1.2.3.4', '1.2.3')
    const text = fc.array(group, { minLength: 1, maxLength: 10 }).map((parts) => parts.join(':'))
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV6()), (ip) => {
        expect(parseIPv6(ip) !== undefined).toBe(isIP(ip) === 6)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('an IPv6 address is shown', () => {
  test.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['::FFFF:a00:1', '::ffff:10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s as %s (RFC 5952)', (text, shown) => {
    expect(formatIPv6(parseIPv6(text) ?? new Uint8Array())).toBe(shown)
  })

  test('as Node shows it', () => {
    const group = fc.oneof(
      fc.constant('0'),
      fc.nat(0xffff).map((value) => value.toString(16)),
    )
    // The first 96 bits are not all zeros: dotted addresses of that kind are no more in use.
    const first = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
    const groups = fc.tuple(first, fc.array(group, { minLength: 7, maxLength: 7 }))
    fc.assert(
      fc.property(groups, ([head, tail]) => {
        const text = [head, ...tail].join(':')
        const { address } = new SocketAddress({ address: text, family: 'ipv6' })
        expect(formatIPv6(parseIPv6(text) ?? new Uint8Array())).toBe(address)
      }),
    )
  })
})
