import { NameFinder } from '../../src/core/dns/table/name-index.ts'
import { parseName } from '../../src/core/dns/name.ts'
import { TYPE } from '../../src/core/dns/protocol.ts'
import { SeededRng } from '../../src/kernel/rng.ts'
import { instancesOf, serviceOf, snapshotOf } from './services.ts'
import { cpuNs, makeResponder, makeSubject, summarize, type Subject } from './subject.ts'

/** Three of the names of a service are asked for with these sizes; it has four. */
const SERVICES = [2_500, 25_000, 250_000]
const INSTANCES = 4
const QUESTIONS = 200_000
const ROUNDS = 5
const QUERY_BYTES = 64

/** What one look for a name and one whole answer cost, by the number of names; random names. */
export function measureAnswers(): void {
  console.log('\n| names | octets per service | find, ns | A, ns | SRV, ns | publish, µs |')
  console.log('|---|---|---|---|---|---|')
  for (const services of SERVICES) measureSize(services)
}

function measureSize(services: number): void {
  const subject = makeSubject(256 + Math.ceil(services / 250))
  const publishUs = fill(subject, services)
  const { table, memory } = subject
  const finder = new NameFinder(memory)
  const queries = questions(services, TYPE.A)
  const find = timed(queries, (at, end) => finder.find(queries, at + 12, end - 4) !== 0)
  const cost = (type: number): string => {
    const responder = makeResponder(memory)
    const asked = questions(services, type)
    return timed(asked, (at, end) => responder.respond(asked, at, end - at, 0) > 60)
  }
  const row = [
    table.nameCount.toLocaleString('en'),
    (table.usedBytes / services).toFixed(0),
    find,
    cost(TYPE.A),
    cost(TYPE.SRV),
    publishUs,
  ]
  console.log(`| ${row.join(' | ')} |`)
}

/** The answer is the mean of a publish, in µs. */
function fill({ table }: Subject, services: number): string {
  const tookUs = new Float64Array(services)
  for (let n = 0; n < services; n++) {
    const service = serviceOf(nameOf(n), instancesOf((n * INSTANCES) % 1_000, INSTANCES))
    const snapshot = snapshotOf(service)
    const start = performance.now()
    table.publish(service.ref, snapshot)
    if (n % 8 === 0) table.settle(n)
    tookUs[n] = (performance.now() - start) * 1_000
  }
  const { median, worst } = summarize(tookUs)
  return `${median.toFixed(1)}, worst ${worst.toFixed(0)}`
}

function nameOf(n: number): string {
  return `service-${String(n).padStart(7, '0')}`
}

/** Questions of `QUERY_BYTES` each; the length of each is in its last octet. */
function questions(services: number, type: number): DataView {
  const rng = new SeededRng(7)
  const bytes = new Uint8Array(QUESTIONS * QUERY_BYTES)
  for (let i = 0; i < QUESTIONS; i++) {
    const name = parseName(`${nameOf(rng.u32() % services)}.nacos.`)
    const query = [0, i & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, type, 0, 1]
    bytes.set(query, i * QUERY_BYTES)
    bytes[i * QUERY_BYTES + QUERY_BYTES - 1] = query.length
  }
  return new DataView(bytes.buffer)
}

function timed(queries: DataView, run: (at: number, end: number) => boolean): string {
  const took = Array.from({ length: ROUNDS }, () => {
    const start = cpuNs()
    for (let i = 0; i < QUESTIONS; i++) {
      const at = i * QUERY_BYTES
      if (!run(at, at + queries.getUint8(at + QUERY_BYTES - 1))) throw new Error('no answer')
    }
    return (cpuNs() - start) / QUESTIONS
  }).toSorted((a, b) => a - b)
  return (took[ROUNDS >> 1] ?? 0).toFixed(0)
}
