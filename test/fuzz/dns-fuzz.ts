import { decode } from 'dns-packet'
import { SeededRng } from '../../src/kernel/rng.ts'
import { parseName } from '../../src/core/dns/name.ts'
import { readMessage } from '../core/dns/answer/message-reader.ts'
import { at, DnsWorld } from '../core/dns/answer/world.ts'
import { ref } from '../core/registry/build.ts'
import { PacketSource } from './dns-packets.ts'

const HEAD = '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 192.0.2.1\n'
const CANARY = 0xa5
/** No packet may take longer: half a second would be an attack; pauses of the machine are not. */
const SLOW_MS = 250

/** A world with everything in it that an answer can be made of, and the names in it. */
export function fuzzWorld(): { readonly world: DnsWorld; readonly names: readonly string[] } {
  const world = new DnsWorld({
    bytes: 1 << 24,
    table: { reverseZones: [parseName('10.in-addr.arpa.')] },
    responder: { udpSize: 1_232, nsid: new Uint8Array(60).fill(0x6e) },
  })
  const many = Array.from({ length: 300 }, (_, i) =>
    at(`10.7.${i >> 8}.${i & 255}`, { port: i, metadata: { protocol: i % 2 ? 'http' : 'grpc' } }),
  )
  world.put(ref('big'), many)
  world.put(ref('order'), [
    at('10.0.0.1', { metadata: { protocol: 'http' } }),
    at('2001:db8::1', { cluster: 'bj', weight: 3 }),
    at('host.example', { cluster: '_x' }),
    at('10.0.0.2', { healthy: false }),
  ])
  world.put(ref('a.b:c@d', 'my.group', 'ns'), [at('10.0.0.3')])
  world.put(ref('x'.repeat(70)), [at('10.0.0.4')])
  const big = Array.from({ length: 90 }, (_, i) => `big A 198.51.100.${i}`).join('\n')
  const chain = Array.from({ length: 20 }, (_, i) => `c${i} CNAME c${i + 1}`).join('\n')
  world.loadZone(
    'z.test.',
    `${HEAD}${big}\n${chain}\n*.w A 192.0.2.2\n*.wc CNAME order.nacos.\nsub NS a.sub\n` +
      'a.sub A 192.0.2.3\nl1 CNAME l2\nl2 CNAME l1\na.b.ent A 192.0.2.4\nmx MX 1 big\n' +
      `t TXT "${'t'.repeat(250)}" "${'u'.repeat(250)}"\nin CNAME _http._tcp.big.nacos.\n`,
  )
  const names = [
    'big.nacos order.nacos order.default.ns.nacos order.default.public.nacos nacos public.nacos',
    'a.b:c\\@d.my\\.group.ns.nacos ns1.nacos 10-0-0-1.nacos 1.0.0.10.in-addr.arpa h--x.nacos',
    '2001-0db8-0000-0000-0000-0000-0000-0001.nacos z.test big.z.test c0.z.test x.w.z.test',
    'y.wc.z.test a.sub.z.test l1.z.test b.ent.z.test mx.z.test t.z.test in.z.test nope.nacos',
    'version.bind id.server other.invalid test sub.z.test nope.z.test _http._tcp.order.nacos',
  ]
  return { world, names: names.join(' ').split(' ') }
}

export interface Fuzzed {
  readonly packets: number
  readonly answers: number
  readonly slowestMs: number
  /** `packet hex: what is wrong`, at most ten. */
  readonly faults: readonly string[]
}

/** `count` packets through one responder, each answer judged. */
export function fuzz(count: number, seed: number): Fuzzed {
  const { world, names } = fuzzWorld()
  const source = new PacketSource(new SeededRng(seed), names)
  const { responder, output } = world
  const input = new Uint8Array(8_192)
  const view = new DataView(input.buffer)
  const faults: string[] = []
  let answers = 0
  let slowestMs = 0
  for (let i = 0; i < count && faults.length < 10; i++) {
    const packet = source.next()
    // Somewhere in the input and in the output; what stands around is not to be read or written.
    const base = i % 64
    input.fill(i & 255, 0, base)
    input.set(packet, base)
    input.fill(0xff, base + packet.length, base + packet.length + 64)
    const start = 64 + (i % 128)
    responder.client.isTcp = i % 4 === 0
    setAsker(world, i)
    const limit = responder.client.isTcp ? 65_535 : 4_096
    output.fill(CANARY, 0, start)
    output.fill(CANARY, start + 1_232, start + 1_300)
    const started = performance.now()
    let fault: string | undefined
    try {
      const length = responder.respond(view, base, packet.length, start)
      slowestMs = Math.max(slowestMs, performance.now() - started)
      if (length > 0) answers++
      fault = judge(packet, output, { start, length, limit }, i % 8 === 0)
    } catch (error) {
      fault = String(error instanceof Error ? error.stack : error)
    }
    if (fault !== undefined) faults.push(`${Buffer.from(packet).toString('hex')}: ${fault}`)
  }
  if (slowestMs > SLOW_MS) faults.push(`one packet took ${slowestMs} ms`)
  return { packets: count, answers, slowestMs, faults }
}

function setAsker({ responder: { client } }: DnsWorld, i: number): void {
  if (i % 3 === 0)
    client.setV6(Uint8Array.of(0x20, 1, 0xd, 0xb8, ...Array<number>(12).fill(i & 255)))
  else client.setV4(i % 5 === 0 ? 0x7f00_0001 : 0x0a00_0000 + (i % 1_000_000))
}

interface Place {
  readonly start: number
  readonly length: number
  readonly limit: number
}

/** What is wrong with the answer at `start`; undefined: nothing. */
function judge(
  packet: Uint8Array,
  output: Uint8Array,
  { start, length, limit }: Place,
  isThorough: boolean,
): string | undefined {
  for (let i = 0; i < start; i++) if (output[i] !== CANARY) return `octet ${i - start} was written`
  if (length === 0) return mayBeDropped(packet) ? undefined : 'no answer'
  if (mayBeDropped(packet)) return 'an answer to what deserves none'
  const isTcp = limit > 4_096
  const most = isTcp ? limit : limitOf(packet)
  if (length > most) return `${length} octets where ${most} are allowed`
  if (!isTcp && length <= 1_232) {
    for (let i = start + 1_232; i < start + 1_300; i++) {
      if (output[i] !== CANARY) return `octet ${i - start} was written, of ${length}`
    }
  }
  const answer = output.subarray(start, start + length)
  return judgeAnswer(packet, answer, { isTcp, isThorough })
}

/** What is wrong with an answer by itself; undefined: nothing. */
export function judgeAnswer(
  packet: Uint8Array,
  answer: Uint8Array,
  { isTcp, isThorough }: { readonly isTcp: boolean; readonly isThorough: boolean },
): string | undefined {
  if (!isTcp && answer.length > limitOf(packet)) return `${answer.length} octets are too many`
  if (answer[0] !== packet[0] || answer[1] !== packet[1]) return 'another id'
  const read = readMessage(answer)
  if (((read.flags ^ ((packet[2] ?? 0) << 8)) & 0x7900) !== 0) return 'opcode or RD is not echoed'
  if ((read.flags & 0x8000) === 0 || (read.flags & 0x70) !== 0) return 'flags that are not ours'
  if (isTcp && read.isTruncated && answer.length < 60_000) return 'truncated over TCP'
  const question = answer.subarray(12, endOfQuestion(answer))
  if (Buffer.compare(question, packet.subarray(12, 12 + question.length)) !== 0) {
    return 'another question'
  }
  // The second opinion is slow.
  if (isThorough && read.rcode !== 16) decode(Buffer.from(answer))
  return undefined
}

/** Too short, or an answer itself. */
function mayBeDropped(packet: Uint8Array): boolean {
  return packet.length < 12 || (packet[2] ?? 0) >= 0x80
}

/** The most that any OPT in the packet could have allowed; the responder knows which one counts. */
function limitOf(packet: Uint8Array): number {
  for (let i = 12; i + 11 <= packet.length; i++) {
    if (packet[i] === 0 && packet[i + 1] === 0 && packet[i + 2] === 41) return 1_232
  }
  return 512
}

function endOfQuestion(answer: Uint8Array): number {
  if (answer[5] === 0) return 12
  let at = 12
  while ((answer[at] ?? 0) > 0) at += 1 + (answer[at] ?? 0)
  return at + 5
}
