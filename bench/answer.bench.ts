import { cpus } from 'node:os'
import { SeededRng } from '../src/kernel/rng.ts'
import { FastPath } from '../src/core/dns/answer/fast-path.ts'
import { Responder } from '../src/core/dns/answer/responder.ts'
import { parseName } from '../src/core/dns/name.ts'
import { TYPE } from '../src/core/dns/protocol.ts'
import type { TableMemory } from '../src/core/dns/table/memory.ts'
import { instancesOf, serviceOf, snapshotOf } from './table/services.ts'
import { makeSubject, RESPONDER_SETTINGS } from './table/subject.ts'

/**
 * What an answer costs without a socket: 10,000 names in random order, in batches of 64 as they
 * come from a socket, by the complete path and by the short one. `npm run bench:answer`, with the
 * name of a mix for that one alone, and with a count of names for so many.
 */

const [ONLY, NAMES_TEXT] = process.argv.slice(2)
const NAMES = Number(NAMES_TEXT ?? 10_000)
const SLOT = 2_048
const BATCH = 64
const BATCHES = 20_000
const WARM_UP = 5_000
const QUERY_BYTES = 64

interface Mix {
  readonly title: string
  readonly instances: number
  readonly type: number
  readonly prefix: string
  readonly hasOpt: boolean
}

const A = { instances: 4, type: TYPE.A, prefix: 'svc-', hasOpt: false }
const MIXES: readonly Mix[] = [
  { ...A, title: 'a' },
  { ...A, title: 'a-edns', hasOpt: true },
  { ...A, title: 'a-10', instances: 10 },
  { ...A, title: 'srv', type: TYPE.SRV },
  { ...A, title: 'https', type: TYPE.HTTPS },
  { ...A, title: 'nx', prefix: 'no-such-' },
]

/** Answers the first `count` queries; how many it did. */
type Answer = (packet: DataView, lengths: Int32Array) => number

/** `svc-00042` of group `g42`. */
function nameOf(n: number): { readonly name: string; readonly group: string } {
  return { name: `svc-${String(n).padStart(5, '0')}`, group: `g${n % 100}` }
}

function buildTable(instances: number): TableMemory {
  // Four are drawn of however many there are.
  const { memory, table } = makeSubject(64, 4)
  for (let n = 0; n < NAMES; n++) {
    const { name, group } = nameOf(n)
    const service = serviceOf(name, instancesOf(n * instances, instances), group)
    table.publish(service.ref, snapshotOf(service))
  }
  return memory
}

/** All queries, `QUERY_BYTES` each, and how long each is. */
function buildQueries({ type, prefix, hasOpt }: Mix): { bytes: Uint8Array; lengths: Int32Array } {
  const bytes = new Uint8Array(NAMES * QUERY_BYTES)
  const lengths = new Int32Array(NAMES)
  for (let n = 0; n < NAMES; n++) {
    const { name, group } = nameOf(n)
    const wire = parseName(`${name.replace('svc-', prefix)}.${group}.public.nacos`)
    const opt = hasOpt ? [0, 0, TYPE.OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0] : []
    const head = [n >> 8, n & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, hasOpt ? 1 : 0]
    const query = [...head, ...wire, 0, type, 0, 1, ...opt]
    bytes.set(query, n * QUERY_BYTES)
    lengths[n] = query.length
  }
  return { bytes, lengths }
}

/** ns per answer: the median of the batches, so that what else the machine does counts for less. */
function measure(mix: Mix, packet: DataView, answer: Answer): number {
  const { bytes, lengths } = buildQueries(mix)
  const slots = new Uint8Array(packet.buffer)
  const rng = new SeededRng(3)
  const asked = new Int32Array(BATCH)
  const times = new Float64Array(BATCHES)
  for (let batch = -WARM_UP; batch < BATCHES; batch++) {
    for (let i = 0; i < BATCH; i++) {
      const n = rng.u32() % NAMES
      asked[i] = lengths[n] ?? 0
      const from = n * QUERY_BYTES
      for (let k = 0; k < QUERY_BYTES; k++) slots[i * SLOT + k] = bytes[from + k] ?? 0
    }
    const started = performance.now()
    const answers = answer(packet, asked)
    if (batch >= 0) times[batch] = ((performance.now() - started) * 1e6) / BATCH
    if (answers !== BATCH) throw new Error(`no answer: ${mix.title}`)
  }
  times.sort()
  return times[BATCHES >> 1] ?? 0
}

function run(mix: Mix): void {
  const memory = buildTable(mix.instances)
  const packet = new DataView(new ArrayBuffer(BATCH * SLOT))
  const output = new Uint8Array(BATCH * SLOT + 65_536)
  const rng = new SeededRng(1)
  const responder = new Responder(memory, RESPONDER_SETTINGS, rng, output)
  responder.client.setV4(0x0a63_0001)
  const { client } = responder
  const fast = new FastPath({ memory, settings: RESPONDER_SETTINGS, rng, client, batch: BATCH })
  const whole = measure(mix, packet, (view, lengths) => {
    let answers = 0
    for (let i = 0; i < BATCH; i++) {
      if (responder.respond(view, i * SLOT, lengths[i] ?? 0, i * SLOT) > 0) answers++
    }
    return answers
  })
  const short = measure(mix, packet, (view, lengths) => {
    let answers = 0
    for (let i = 0; i < BATCH; i++) {
      if (fast.respond(view, i * SLOT, lengths[i] ?? 0, SLOT) > 0) answers++
    }
    return answers
  })
  const ahead = measure(mix, packet, (view, lengths) => {
    let answers = 0
    for (let i = 0; i < BATCH; i++) fast.read(i, view, i * SLOT, lengths[i] ?? 0)
    fast.lookAhead(BATCH)
    for (let i = 0; i < BATCH; i++) if (fast.answer(i, view, i * SLOT, SLOT) > 0) answers++
    return answers
  })
  const row = [whole, short, ahead].map((ns) => ns.toFixed(0))
  console.log(`| ${mix.title} | ${row.join(' | ')} |`)
}

console.log(`${cpus()[0]?.model ?? '?'}, Node ${process.versions.node}\n`)
console.log('| mix | complete path, ns | short path, ns | batch read ahead, ns |')
console.log('| --- | --- | --- | --- |')
for (const mix of MIXES) if (ONLY === undefined || ONLY === mix.title) run(mix)
