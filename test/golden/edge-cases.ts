import { parseName } from '../../src/core/dns/name.ts'
import { readMessage } from '../core/dns/answer/message-reader.ts'
import { query, u16, type QueryParts } from '../core/dns/answer/world.ts'

/** The packets of dns.md §1.10, by the names of its rows. The zone is zones/example.test.zone. */

const SOA = 'example.test'
const soa = (how: QueryParts = {}): Uint8Array => query(SOA, 'SOA', { flags: 0, ...how })

/** A packet from header words and whatever follows. */
const raw = (words: readonly number[], ...rest: readonly (readonly number[] | Uint8Array)[]) =>
  Uint8Array.from([...words.flatMap(u16), ...rest.flatMap((part) => Array.from(part))])

const HEADER = [0x1234, 0, 1, 0, 0, 0]
const QUESTION = soa().subarray(12)
const OPT = soa({ edns: 4096 }).subarray(soa().length)
const option = (code: number, data: readonly number[]): readonly number[] => [
  ...u16(code),
  ...u16(data.length),
  ...data,
]
const zeros = (n: number): readonly number[] => Array<number>(n).fill(0)
const times = (n: number, record: readonly number[]): readonly (readonly number[])[] =>
  Array.from({ length: n }, () => record)
const withOptions = (...options: readonly (readonly number[])[]): Uint8Array =>
  soa({ edns: 1232, options: options.flat() })

const A_RECORD = [0xc0, 12, ...u16(1), ...u16(1), ...zeros(4), ...u16(4), 192, 0, 2, 1]
const TSIG_DATA = [
  ...parseName('hmac-sha256.'),
  // When it was signed, fudge, the length of the signature.
  ...u16(0),
  ...u16(0x6500),
  ...u16(0),
  ...u16(300),
  ...u16(32),
  ...zeros(32),
  ...u16(0x1234),
  ...u16(0),
  ...u16(0),
]
const TSIG = [
  ...parseName('nobody.example.'),
  ...u16(250),
  ...u16(255),
  ...zeros(4),
  ...u16(TSIG_DATA.length),
  ...TSIG_DATA,
]
const SOA_RECORD = [0xc0, 12, ...u16(6), ...u16(1), ...zeros(4), ...u16(22), ...zeros(22)]
/** 63 + 63 + 63 + 61 octets of labels, four lengths, the root: 255. */
const LONGEST = [63, 63, 63, 61].map((n) => 'x'.repeat(n)).join('.')
const TOO_LONG = [63, 63, 63, 62].flatMap((n) => [n].concat(Array<number>(n).fill(0x78)))

export const PACKETS: readonly (readonly [string, Uint8Array])[] = [
  ['empty', new Uint8Array(0)],
  ['11 bytes', raw(HEADER).subarray(0, 11)],
  ['header only, QD=0', raw([0x1234, 0, 0, 0, 0, 0])],
  ['QD=1 but no question', raw(HEADER)],
  ['QR=1', soa({ flags: 0x8000 })],
  ['QD=2', raw([0x1234, 0, 2, 0, 0, 0], QUESTION, QUESTION)],
  ['ANCOUNT=1 in query', raw([0x1234, 0, 1, 1, 0, 0], QUESTION, A_RECORD)],
  ['NSCOUNT=1 in query', raw([0x1234, 0, 1, 0, 1, 0], QUESTION, SOA_RECORD)],
  ['trailing garbage', raw(HEADER, QUESTION, [1, 2, 3])],
  ['trailing garbage after OPT', raw([0x1234, 0, 1, 0, 0, 1], QUESTION, OPT, [0])],
  ['Z bit set', soa({ flags: 0x0040 })],
  ['AA bit set', soa({ flags: 0x0400 })],
  ['TC bit set', soa({ flags: 0x0200 })],
  ['RA bit set', soa({ flags: 0x0080 })],
  ['AD and CD bits set', soa({ flags: 0x0030 })],
  ['RCODE bits set', soa({ flags: 0x000f })],
  ['RD bit set', soa({ flags: 0x0100 })],
  ...[1, 2, 3, 6, 7, 15].map(
    (opcode) => [`opcode ${opcode}`, soa({ flags: opcode << 11 })] as const,
  ),
  ['opcode 15, header only', raw([0x1234, 0x7800, 0, 0, 0, 0])],
  ['opcode 2 with EDNS', soa({ flags: 0x1000, edns: 1232 })],
  ['opcode 2 with EDNS version 1', soa({ flags: 0x1000, edns: 1232, version: 1 })],
  ['opcode 4 NOTIFY', soa({ flags: 0x2000 })],
  ['opcode 5 UPDATE', soa({ flags: 0x2800 })],
  ['label 0x40', raw(HEADER, [0x40, ...QUESTION.subarray(1)])],
  ['label 0x80', raw(HEADER, [0x80, ...QUESTION.subarray(1)])],
  ['self pointer', raw(HEADER, [0xc0, 12, 0, 6, 0, 1])],
  ['forward pointer', raw(HEADER, [0xc0, 18, 0, 6, 0, 1, 0])],
  ['label beyond the end', raw(HEADER, [63, 0x78, 0x78])],
  ['name 256', raw(HEADER, TOO_LONG, [0, 0, 6, 0, 1])],
  ['name of exactly 255, foreign', query(LONGEST, 'A', { flags: 0 })],
  ['label with NUL and dot bytes', query('a\\000b\\.c.example.test', 'A', { flags: 0 })],
  ['root', query('.', 'NS', { flags: 0 })],
  ['qtype 0', query(SOA, 0, { flags: 0 })],
  ['qtype OPT', query(SOA, 41, { flags: 0 })],
  ['qtype TSIG', query(SOA, 250, { flags: 0 })],
  ['qtype MAILB', query(SOA, 253, { flags: 0 })],
  ['qtype 65280', query(SOA, 65_280, { flags: 0 })],
  ['qtype ANY', query(SOA, 255, { flags: 0 })],
  ['qtype AXFR', query(SOA, 252, { flags: 0 })],
  ['qtype IXFR without SOA', query(SOA, 251, { flags: 0 })],
  ['class 255', soa({ class: 255 })],
  ['class 254', soa({ class: 254 })],
  ['class 3', soa({ class: 3 })],
  ['class 0', soa({ class: 0 })],
  ['EDNS size 0', soa({ edns: 0 })],
  ['EDNS size 65535', soa({ edns: 65_535 })],
  ['EDNS version 1', soa({ edns: 1232, version: 1 })],
  ['EDNS version 255', soa({ edns: 1232, version: 255 })],
  ['EDNS Z=0x7fff', soa({ edns: 1232, ednsFlags: 0x7fff })],
  ['EDNS DO', soa({ edns: 1232, ednsFlags: 0x8000 })],
  ['option overrun', soa({ edns: 1232, options: [0, 3, 0, 9, 1] })],
  ['stray bytes', soa({ edns: 1232, options: [0, 3, 0] })],
  ['2×OPT', raw([0x1234, 0, 1, 0, 0, 2], QUESTION, OPT, OPT)],
  ['OPT in answer', raw([0x1234, 0, 1, 1, 0, 0], QUESTION, OPT)],
  ['OPT in authority', raw([0x1234, 0, 1, 0, 1, 0], QUESTION, OPT)],
  [
    'OPT owner not root',
    raw([0x1234, 0, 1, 0, 0, 1], QUESTION, parseName('x.'), OPT.subarray(1)),
  ],
  ['OPT owner a pointer', raw([0x1234, 0, 1, 0, 0, 1], QUESTION, [0xc0, 12], OPT.subarray(1))],
  [
    'OPT ext-rcode bits set',
    raw([0x1234, 0, 1, 0, 0, 1], QUESTION, OPT.subarray(0, 5), [0xff], OPT.subarray(6)),
  ],
  ['unknown option', withOptions(option(65_001, [0xde, 0xad, 0xbe, 0xef]))],
  ['cookie 7 bytes', withOptions(option(10, zeros(7)))],
  ['cookie 9 bytes', withOptions(option(10, zeros(9)))],
  ['cookie 41 bytes', withOptions(option(10, zeros(41)))],
  [
    'EDNS version 1 and a cookie of 7 bytes',
    soa({ edns: 1232, version: 1, options: option(10, zeros(7)) }),
  ],
  ['NSID', withOptions(option(3, []))],
  ['NSID with payload', withOptions(option(3, [1, 2, 3]))],
  ['NSID twice', withOptions(option(3, []), option(3, []))],
  ['ECS', withOptions(option(8, [0, 1, 24, 0, 192, 0, 2]))],
  ['ECS, malformed', withOptions(option(8, [0, 9, 200]))],
  ['padding over UDP', withOptions(option(12, zeros(20)))],
  ['TSIG, unknown key', raw([0x1234, 0, 1, 0, 0, 1], QUESTION, TSIG)],
  ['ARCOUNT=1 without RR', raw([0x1234, 0, 1, 0, 0, 1], QUESTION)],
  ['counts 65535', raw([0x1234, 0, 0xffff, 0xffff, 0xffff, 0xffff], QUESTION)],
  ['ARCOUNT 65535', raw([0x1234, 0, 1, 0, 0, 0xffff], QUESTION, OPT)],
  ['eight records', raw([0x1234, 0, 1, 0, 0, 8], QUESTION, ...times(8, A_RECORD))],
  ['nine records', raw([0x1234, 0, 1, 0, 0, 9], QUESTION, ...times(9, A_RECORD))],
  ['out of zone, with EDNS', query('other.invalid', 'A', { flags: 0, edns: 1232 })],
  ['mixed case', query('wWw.eXample.TEST', 'AAAA', { flags: 0 })],
  ['big, no EDNS', query('big.example.test', 'A', { flags: 0 })],
  ['big, EDNS 4096', query('big.example.test', 'A', { flags: 0, edns: 4096 })],
]

export interface Row {
  readonly name: string
  /** Hex. */
  readonly packet: string
  /** `FORMERR aa tc qd=1 an=0 ns=0 ar=0 opt`, or `no answer`. */
  readonly summary: string
  /** Hex; empty for no answer. */
  readonly answer: string
}

const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
]

export function summaryOf(answer: Uint8Array | undefined): string {
  if (answer === undefined) return 'no answer'
  const { rcode, opcode, flags, question, answers, authorities, additionals, opt } =
    readMessage(answer)
  const words = [rcode === 16 ? 'BADVERS' : (RCODES[rcode] ?? `rcode${rcode}`)]
  if (opcode !== 0) words.push(`opcode=${opcode}`)
  const bits = ['qr', 'aa', 'tc', 'rd', 'ra', 'z', 'ad', 'cd']
  const masks = [0x8000, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10]
  words.push(...bits.filter((_, i) => (flags & (masks[i] ?? 0)) !== 0))
  words.push(
    `qd=${question.length} an=${answers.length} ns=${authorities.length}`,
    `ar=${additionals.length}`,
  )
  if (opt !== undefined) {
    const options = [...opt.options].map(([code, data]) => ` ${code}:${data}`).join('')
    words.push(`opt ${opt.udpSize}${opt.flags & 0x8000 ? ' do' : ''}${options}`)
  }
  return words.join(' ')
}

/** Reads the golden text; see its head for the form. */
export function parseGolden(text: string): readonly Row[] {
  const rows = text.split(/^# /m).slice(1)
  return rows.map((row) => {
    const [name = '', ...lines] = row.split('\n')
    const after = (mark: string): string[] =>
      lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length).trim())
    const packet = after('>').join('')
    const [summary = '', ...answer] = after('<')
    return { name, packet, summary, answer: answer.join('') }
  })
}

export function formatGolden(rows: readonly Row[]): string {
  return rows
    .map(({ name, packet, summary, answer }) =>
      [`# ${name}`, ...wrap('>', packet), `< ${summary}`, ...wrap('<', answer), '\n'].join('\n'),
    )
    .join('')
}

function wrap(mark: string, hex: string): readonly string[] {
  return (hex.match(/.{1,96}/g) ?? []).map((part) => `${mark} ${part}`)
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
