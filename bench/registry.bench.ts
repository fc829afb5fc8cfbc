import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { millis, type Millis } from '../src/kernel/ids.ts'
import {
  DEFAULT_CLUSTER,
  instanceKey,
  parseGroupName,
  parseHost,
  parseNamespaceId,
  parsePort,
  parseServiceName,
  parseWeight,
} from '../src/core/registry/ids.ts'
import { DEFAULT_TIMES } from '../src/core/registry/lease-times.ts'
import { NO_METADATA, type ServiceRef } from '../src/core/registry/state.ts'
import { createMember, type Member } from '../src/engine/member.ts'
import type { InstanceSpec } from '../src/engine/naming.ts'
import type { Clock } from '../src/engine/ports.ts'

/**
 * What one change costs in a registry of 1,000, 10,000 and 100,000 services with one instance each:
 * the whole way through the engine, with ports that do nothing. `npm run bench:registry`.
 */

const SIZES = [1_000, 10_000, 100_000]
const OPS = 20_000
/** The table shows the median of these; the first round warms up and is thrown away. */
const ROUNDS = 7
const CHECKED_OUT = 1_000

interface Cost {
  readonly ns: number
  readonly bytes: number
}

/** A clock that the benchmark moves by hand. */
class HandClock implements Clock {
  nowMs = 0
  tick: () => void = () => {}

  now(): Millis {
    return millis(this.nowMs)
  }

  wall(): Millis {
    return this.now()
  }

  after(): Disposable {
    throw new Error('the registry sets no single timers')
  }

  every(_periodMs: Millis, run: () => void): Disposable {
    this.tick = run
    return { [Symbol.dispose]: () => {} }
  }
}

interface Subject {
  readonly member: Member
  readonly clock: HandClock
}

function build(services: number): Subject {
  const clock = new HandClock()
  const member = createMember(
    { clock, zones: { publish: () => {} }, telemetry: { event: () => {}, count: () => {} } },
    {
      limits: { instancesPerServiceMax: 1_000_000, servicesPerNamespaceMax: 1_000_000 },
      health: { expireInstances: true, emptyServiceMs: millis(60_000) },
    },
  )
  for (let n = 0; n < services; n++) member.naming.register(refOf(n), specOf(0))
  return { member, clock }
}

function refOf(n: number): ServiceRef {
  return {
    namespace: parseNamespaceId(''),
    group: parseGroupName(''),
    name: parseServiceName(`service-${n}`),
  }
}

function specOf(n: number): InstanceSpec {
  return {
    kind: 'ephemeral',
    ip: parseHost(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
    port: parsePort('8080'),
    cluster: DEFAULT_CLUSTER,
    weight: parseWeight(1),
    enabled: true,
    healthy: true,
    metadata: NO_METADATA,
    times: DEFAULT_TIMES,
  }
}

/** The cost of `run` per call, over calls that were prepared before the watch starts. */
function measure(run: (i: number) => void): Cost {
  const allocated = getHeapStatistics().total_allocated_bytes
  const start = process.hrtime.bigint()
  for (let i = 0; i < OPS; i++) run(i)
  const ns = Number(process.hrtime.bigint() - start) / OPS
  return { ns, bytes: (getHeapStatistics().total_allocated_bytes - allocated) / OPS }
}

/** Register, update, beat and deregister instances spread evenly over all services. */
function measureRound({ member, clock }: Subject, services: number): Record<string, Cost> {
  const { naming } = member
  const stride = Math.max(1, Math.floor(services / CHECKED_OUT))
  const refs = Array.from({ length: CHECKED_OUT }, (_, i) => refOf((i * stride) % services))
  const specs = Array.from({ length: OPS }, (_, i) => specOf(1 + Math.floor(i / CHECKED_OUT)))
  const heavier = specs.map((spec) => ({ ...spec, weight: parseWeight(2) }))
  const [ref] = refs
  const [spec] = specs
  if (ref === undefined || spec === undefined) throw new Error('nothing to measure')
  const refAt = (i: number): ServiceRef => refs[i % CHECKED_OUT] ?? ref
  const specAt = (i: number): InstanceSpec => specs[i] ?? spec
  const keys = specs.map((one) => instanceKey(one.kind, one.ip, one.port, one.cluster))
  const keyAt = (i: number): (typeof keys)[number] => keys[i] ?? instanceKeyOf(spec)
  clock.nowMs += 1
  return {
    'register new': measure((i) => naming.register(refAt(i), specAt(i))),
    update: measure((i) => naming.register(refAt(i), heavier[i] ?? spec)),
    beat: measure((i) => naming.lightBeat(refAt(i), keyAt(i))),
    deregister: measure((i) => naming.deregister(refAt(i), keyAt(i))),
  }
}

function instanceKeyOf(spec: InstanceSpec): ReturnType<typeof instanceKey> {
  return instanceKey(spec.kind, spec.ip, spec.port, spec.cluster)
}

function median(costs: readonly Cost[], field: keyof Cost): number {
  const values = costs.map((cost) => cost[field]).toSorted((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}

function measureChanges(): void {
  console.log('| services | change | ns | changes/s | bytes allocated |\n|---|---|---|---|---|')
  for (const services of SIZES) {
    const subject = build(services)
    const rounds = Array.from({ length: ROUNDS }, () => measureRound(subject, services)).slice(1)
    for (const name of ['register new', 'update', 'beat', 'deregister']) {
      const costs = rounds.flatMap((round) => round[name] ?? [])
      const ns = median(costs, 'ns')
      const bytes = Math.round(median(costs, 'bytes')).toLocaleString('en')
      const perSecond = Math.round(1e9 / ns).toLocaleString('en')
      console.log(
        `| ${services.toLocaleString('en')} | ${name} | ${Math.round(ns)} | ${perSecond} | ${bytes} |`,
      )
    }
  }
}

/** 100,000 leases: ticks in which nothing is due, in which all beat, in which all fall silent. */
function measureTicks(): void {
  const leases = 100_000
  const { member, clock } = build(leases)
  const calm = tickFor({ member, clock }, 10_000)
  for (let n = 0; n < leases; n++) member.naming.lightBeat(refOf(n), instanceKeyOf(specOf(0)))
  const beating = tickFor({ member, clock }, 10_000)
  tickFor({ member, clock }, 5_000)
  const silent = tickFor({ member, clock }, 10_000)
  tickFor({ member, clock }, 5_000)
  const expired = tickFor({ member, clock }, 10_000)
  console.log(
    '\n| tick at 100,000 leases | ticks | median ms | p99 ms | worst ms |\n|---|---|---|---|---|',
  )
  print('nothing due', calm)
  print('all were renewed, each looked at once', beating)
  print('all fall silent at once', silent)
  print('all expire at once', expired)
}

function tickFor({ clock }: Subject, ms: number): readonly number[] {
  const tookMs: number[] = []
  for (const until = clock.nowMs + ms; clock.nowMs < until;) {
    clock.nowMs += 100
    const start = performance.now()
    clock.tick()
    tookMs.push(performance.now() - start)
  }
  return tookMs
}

function print(name: string, tookMs: readonly number[]): void {
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2)
  console.log(`| ${name} | ${tookMs.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`)
}

function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const [cpu] = cpus()
  return `${cpu?.model}, ${cpus().length} cores, Node ${process.versions.node}, commit ${commit}`
}

console.log(`${machine()}\n`)
measureChanges()
measureTicks()
