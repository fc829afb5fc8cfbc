import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, RECURSION_DESIRED, type DecodedPacket, type RecordType } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askOverTcp } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/**
 * A service of 5,000 instances fits into no datagram. 4,000 IPv4 addresses of 16 octets each are
 * what one message over TCP takes; a few hundred more are too many for that, too.
 */
const V4 = 4_000
const V4_MORE = 200
/** On addresses that others have, with another port: no record of their own but in SRV. */
const SHARED = 300
const V6 = 500
const MESSAGE_MAX = 65_535
const LANES = 32

const v4 = (i: number): string => `10.${64 + (i >> 8)}.${i & 0xff}.1`
const v6 = (i: number): string => `2001:db8:0:${(i + 1).toString(16)}::1`

let server: TestServer
let api: NacosApi

async function register(instances: readonly (readonly [string, number])[]): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let one = instances[next++]; one !== undefined; one = instances[next++]) {
      await api.register('big', ...one, '&ephemeral=false')
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

beforeAll(async () => {
  server = await TestServer.start({ flags: ['--dns.edns-udp-size=4096'] })
  api = new NacosApi(server.url)
  await register([
    ...Array.from({ length: V4 }, (_, i) => [v4(i), 8080] as const),
    ...Array.from({ length: SHARED }, (_, i) => [v4(i), 8081] as const),
    ...Array.from({ length: V6 }, (_, i) => [v6(i), 8080] as const),
  ])
  await eventually(async () => {
    expect((await askOverTcp(server.dns, '_all.big.nacos', 'AAAA')).answers).toHaveLength(V6)
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** `size`: what EDNS promises to take; undefined: no EDNS. */
async function askOverUdp(
  name: string,
  type: RecordType,
  size: number | undefined,
): Promise<{ readonly packet: DecodedPacket; readonly octets: number }> {
  const additionals =
    size === undefined
      ? []
      : [{ type: 'OPT' as const, name: '.', udpPayloadSize: size, flags: 0, options: [] }]
  const questions = [{ name, type }]
  const query = { type: 'query', id: 7, flags: RECURSION_DESIRED, questions } as const
  const socket = createSocket('udp4')
  try {
    socket.send(encode({ ...query, additionals } as never), server.dns, '127.0.0.1')
    const signal = AbortSignal.timeout(2_000)
    const [message] = (await once(socket, 'message', { signal })) as [Buffer]
    return { packet: decode(message), octets: message.length }
  } finally {
    socket.close()
  }
}

/** Addresses, or `target port` of SRV. */
function dataOf({ answers = [] }: DecodedPacket): readonly string[] {
  return answers.map((one) => {
    if (one.type === 'SRV') return `${one.data.target} ${one.data.port}`
    return one.type === 'A' || one.type === 'AAAA' ? one.data : `no ${one.type}`
  })
}

const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  A: new Set(Array.from({ length: V4 + V4_MORE }, (_, i) => v4(i))),
  AAAA: new Set(Array.from({ length: V6 }, (_, i) => v6(i))),
}

/** Not empty, nothing twice, nothing that was not registered. */
function expectSound(packet: DecodedPacket, type: string): void {
  const data = dataOf(packet)
  expect(data.length).toBeGreaterThan(0)
  expect(new Set(data).size).toBe(data.length)
  const strangers = data.filter((one) => {
    if (type === 'SRV') return !/^\S+\.nacos 808[01]$/.test(one)
    return KNOWN[type]?.has(one) !== true
  })
  expect(strangers).toEqual([])
}

const SIZES = [undefined, 512, 1232, 4096]
const QUESTIONS = [
  ['big.nacos', 'A', false],
  ['big.nacos', 'AAAA', false],
  ['_all.big.nacos', 'A', true],
  ['_all.big.nacos', 'AAAA', true],
  ['big.nacos', 'SRV', true],
  ['_all.big.nacos', 'SRV', true],
] as const

describe.each(SIZES)('over UDP with EDNS size %s', (size) => {
  test.each(QUESTIONS)('%s %s, cut off and said to be: %s', async (name, type, isCut) => {
    const limit = size ?? 512
    // Which ones are answered is drawn: one answer proves little.
    for (let i = 0; i < 20; i++) {
      const { packet, octets } = await askOverUdp(name, type, size)
      expectSound(packet, type)
      expect(octets).toBeLessThanOrEqual(limit)
      expect(packet.flag_tc).toBe(isCut)
      // What is cut off is what does not fit: no SRV record of these is longer than this.
      if (isCut) expect(octets).toBeGreaterThan(limit - 80)
    }
  })
})

describe('over TCP', () => {
  test.each([
    ['A', V4],
    ['AAAA', V6],
  ] as const)('_all %s fits and is complete: %i', async (type, count) => {
    const packet = await askOverTcp(server.dns, '_all.big.nacos', type)
    expectSound(packet, type)
    expect([packet.answers?.length, packet.flag_tc]).toEqual([count, false])
  })

  test.each(['big.nacos', '_all.big.nacos'])('%s SRV is cut off and says so', async (name) => {
    const packet = await askOverTcp(server.dns, name, 'SRV')
    expectSound(packet, 'SRV')
    expect(packet.flag_tc).toBe(true)
    const each = 10 + 2 + 6 + '10-64-200-1.nacos.'.length + 1
    expect(packet.answers?.length).toBeGreaterThan(MESSAGE_MAX / each / 1.2)
  })

  test('big.nacos is a sample there, too', async () => {
    for (const type of ['A', 'AAAA'] as const) {
      const packet = await askOverTcp(server.dns, 'big.nacos', type)
      expectSound(packet, type)
      expect(packet.flag_tc).toBe(false)
    }
  })
})

const hasDig = spawnSync('dig', ['-v']).error === undefined
const hasKdig = spawnSync('kdig', ['--version']).error === undefined
if (!hasDig) console.warn('dig is not installed: it does not ask for the big service')
if (!hasKdig) console.warn('kdig is not installed: it does not ask for the big service')

function run(program: string, ...words: readonly string[]): string {
  const args = ['@127.0.0.1', '-p', String(server.dns), '+norec', ...words]
  return spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 24 }).stdout
}

const linesOf = (text: string, type: string): number =>
  text.split('\n').filter((line) => !line.startsWith(';') && line.includes(`\t${type}\t`)).length

test.skipIf(!hasDig).each([512, 1232, 4096])(
  'dig +bufsize=%i reads it, then all over TCP',
  (size) => {
    const cut = run('dig', '_all.big.nacos', 'A', `+bufsize=${size}`, '+ignore')
    expect(cut).toMatch(/flags: qr aa tc/)
    expect(cut).not.toMatch(/WARN|malformed|extra bytes/i)
    expect(linesOf(cut, 'A')).toBeGreaterThan((size - 100) / 16)
    const whole = run('dig', '_all.big.nacos', 'A', `+bufsize=${size}`)
    expect(whole).toContain('Truncated, retrying in TCP mode')
    expect(linesOf(whole, 'A')).toBe(V4)
    const srv = run('dig', 'big.nacos', 'SRV', `+bufsize=${size}`, '+ignore')
    expect(srv).not.toMatch(/WARN|malformed|extra bytes/i)
    expect(linesOf(srv, 'SRV')).toBeGreaterThan(0)
  },
)

test.skipIf(!hasKdig).each([512, 1232, 4096])(
  'kdig +bufsize=%i reads it, then all over TCP',
  (size) => {
    const cut = run('kdig', '_all.big.nacos', 'AAAA', `+bufsize=${size}`, '+ignore')
    expect(cut).toMatch(/Flags: qr aa tc/)
    expect(cut).not.toMatch(/WARNING|malformed/i)
    expect(linesOf(cut, 'AAAA')).toBeGreaterThan((size - 100) / 28)
    const whole = run('kdig', '_all.big.nacos', 'AAAA', `+bufsize=${size}`)
    expect(linesOf(whole, 'AAAA')).toBe(V6)
  },
)

test('5,000: one that outgrows TCP is cut off there, says so and is not empty', async () => {
  await register(Array.from({ length: V4_MORE }, (_, i) => [v4(V4 + i), 8080] as const))
  await eventually(async () => {
    const packet = await askOverTcp(server.dns, '_all.big.nacos', 'A')
    expectSound(packet, 'A')
    expect(packet.flag_tc).toBe(true)
    expect(packet.answers?.length).toBeGreaterThan((MESSAGE_MAX - 100) / 16 - 1)
  })
  const listed = await api.listed('big')
  expect(listed).toHaveLength(V4 + SHARED + V6 + V4_MORE)
  for (const size of SIZES) {
    for (const [name, type] of QUESTIONS) {
      expectSound((await askOverUdp(name, type, size)).packet, type)
    }
  }
})
