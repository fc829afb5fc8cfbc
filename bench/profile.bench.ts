import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { generate, type Load } from './dns/generator.ts'
import { Native } from './dns/native.ts'
import { buildPackets, INSTANCES, isStream, type Mix, MIXES, questionsOf } from './dns/packets.ts'
import { writePackets } from './dns/packets-file.ts'
import { startUpstream } from './dns/peers.ts'
import { type DnsSubject, startCache, startPopulated } from './dns/subjects.ts'
import { pinSelf, SERVER_CORE, sleep } from './process.ts'
import { profileFlags, readProfiles } from './profile/cpu-profile.ts'
import { drawFlame } from './profile/flame.ts'
import { canPerf, forgetMap, PERF_FLAGS, samplePerf } from './profile/perf.ts'
import type { Stacks } from './profile/stacks.ts'
import { summarize } from './profile/summary.ts'

/** A flame graph of the thread that answers DNS, under load: an SVG, and a summary in words. */

/** Those that need nothing but the registry or an upstream. */
const KNOWN = MIXES.filter((mix) => mix !== 'static' && mix !== 'dot')

const HELP = `node bench/profile.bench.ts [options]
  --out .cache/profile   folder of flame.svg and summary.txt
  --engine batch    or dgram
  --mix a           one of ${KNOWN.join(', ')}
  --flight spread   one query in flight per client; or inflight: several
  --names 10000     services, each with 4 instances
  --seconds 5       of samples
  --v8              V8's own profile, though perf is there: no kernel, no native code
`

const SETTLE_MS = 1_500
const LOOK_MS = 300

interface Plan {
  readonly out: string
  readonly engine: 'batch' | 'dgram'
  readonly mix: Mix
  readonly isSpread: boolean
  readonly names: number
  readonly seconds: number
  readonly isV8: boolean
}

async function main(): Promise<void> {
  const plan = readPlan()
  if (plan === undefined) return
  await pinSelf()
  using native = await Native.make()
  const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  try {
    const byPerf = !plan.isV8 && (await canPerf())
    if (!byPerf) console.error("perf is not used: V8's own profile, without kernel")
    const stacks = byPerf
      ? await profileByPerf(plan, folder, native)
      : await profileByV8(plan, folder, native)
    write(plan, stacks)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function write(plan: Plan, stacks: Stacks): void {
  const { out, engine, mix, isSpread, names } = plan
  const flight = isSpread ? 'one query in flight per client' : 'several in flight per client'
  const title = `DNS worker, ${engine}, mix ${mix}, ${names} names, ${flight}`
  const summary = `${title}\n${summarize(stacks)}\n`
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'flame.svg'), drawFlame(title, stacks))
  writeFileSync(join(out, 'summary.txt'), summary)
  console.log(summary)
  console.log(`${join(out, 'flame.svg')}, ${join(out, 'summary.txt')}`)
}

async function profileByPerf(plan: Plan, folder: string, native?: Native): Promise<Stacks> {
  await using stack = new AsyncDisposableStack()
  const { subject, dnsPort } = await startSubject(plan, PERF_FLAGS, stack)
  try {
    const loading = generate(loadOf(plan, dnsPort, { pid: subject.pid, native }))
    await sleep(SETTLE_MS)
    const thread = await findBusiest(subject.pid)
    const stacks = await samplePerf(join(folder, 'perf.data'), thread, plan.seconds)
    await loading
    return stacks
  } finally {
    forgetMap(subject.pid)
  }
}

async function profileByV8(plan: Plan, folder: string, native?: Native): Promise<Stacks> {
  {
    await using stack = new AsyncDisposableStack()
    const { subject, dnsPort } = await startSubject(plan, profileFlags(folder), stack)
    await generate(loadOf(plan, dnsPort, { pid: subject.pid, native }))
  }
  // Written as the threads end.
  return readProfiles(folder, 'adapters/dns/')
}

async function startSubject(
  { mix, names, engine }: Plan,
  flags: readonly string[],
  stack: AsyncDisposableStack,
): Promise<DnsSubject> {
  const stage = stageOf(names)
  if (mix !== 'cache') {
    const cairn = await startPopulated(stage, engine, flags)
    stack.use(cairn.subject)
    return cairn
  }
  const upstream = await startUpstream(names)
  stack.use(upstream.subject)
  const cairn = await startCache('cairn', stage, upstream.dnsPort, flags)
  stack.use(cairn.subject)
  return cairn
}

function stageOf(names: number): Parameters<typeof startPopulated>[0] {
  const cores = [SERVER_CORE]
  return { names, instances: INSTANCES, workers: 1, cores, hasStatic: false, withCounters: false }
}

function loadOf(plan: Plan, port: number, of: { pid: number; native?: Native | undefined }): Load {
  const { mix, names, isSpread, seconds } = plan
  const load = {
    port,
    pid: of.pid,
    mix,
    names,
    isSpread,
    ...(isStream(mix) ? { sockets: 20, window: 25 } : { sockets: 16, window: 16 }),
    // Longer than the samples: perf needs a moment to begin and to end.
    seconds: seconds + 2,
    warmupSeconds: 1,
  }
  if (of.native === undefined || isStream(mix)) return load
  const packets = join(of.native.directory, 'packets')
  writePackets(packets, buildPackets(questionsOf(mix, names)))
  return { ...load, native: { blast: of.native.blast, packets } }
}

/** The thread that takes most of the CPU just now: under load, the one that answers. */
async function findBusiest(pid: number): Promise<number> {
  const before = readThreads(pid)
  await sleep(LOOK_MS)
  const spent = [...readThreads(pid)].map(([thread, ns]) => ({
    thread,
    ns: ns - (before.get(thread) ?? 0),
  }))
  const [busiest] = spent.toSorted((a, b) => b.ns - a.ns)
  if (busiest === undefined) throw new Error('no thread')
  return busiest.thread
}

function readThreads(pid: number): ReadonlyMap<number, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      return [Number(thread), Number(ran)]
    }),
  )
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      out: { type: 'string', default: '.cache/profile' },
      engine: { type: 'string', default: 'batch' },
      mix: { type: 'string', default: 'a' },
      flight: { type: 'string', default: 'spread' },
      names: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '5' },
      v8: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const mix = KNOWN.find((one) => one === values.mix)
  if (mix === undefined) throw new Error(`mix\n${HELP}`)
  return {
    out: values.out,
    engine: values.engine === 'dgram' ? 'dgram' : 'batch',
    mix,
    isSpread: values.flight === 'spread',
    names: Number(values.names),
    seconds: Number(values.seconds),
    isV8: values.v8,
  }
}

await main()
