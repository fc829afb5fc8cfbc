import { join } from 'node:path'

import { readRss, serverCores, familyOf } from '../process.ts'
import { Certificate } from './certificate.ts'
import type { Load } from './generator.ts'
import type { Native, NativeLoad } from './native.ts'
import { buildPackets, INSTANCES, isStream, type Mix, questionsOf } from './packets.ts'
import { writeChanges, writePackets } from './packets-file.ts'
import { startUpstream } from './peers.ts'
import { type Cell, hasChurn, OPEN_WINDOW, type Plan, WARMUP_SECONDS } from './plan.ts'
import {
  canServe,
  type DnsSubject,
  isEcho,
  type Stage,
  startCache,
  startDns,
  type SubjectName,
} from './subjects.ts'

/**
 * All servers of one size, paused. Caches are servers of their own, so that forwarding costs
 * nothing where nothing is forwarded.
 */

export interface Contender {
  readonly name: SubjectName
  readonly at: DnsSubject
  /** MB, once it knows all names. */
  readonly rss: number
}

export interface Size {
  readonly names: number
  readonly workers: number
}

export async function openStand(plan: Plan, size: Size, native?: Native): Promise<Stand> {
  await using stack = new AsyncDisposableStack()
  const { mixes, subjects } = plan
  const certificate = mixes.includes('dot') ? stack.use(await Certificate.make()) : undefined
  const stage = {
    ...size,
    instances: plan.instances ?? (size.names < MANY_NAMES ? INSTANCES : 1),
    cores: serverCores(size.workers),
    hasStatic: mixes.includes('static'),
    withCounters: plan.isVerified,
    isInside: plan.isInside,
    ...(certificate && { certificate }),
    ...(native && { native }),
  }
  const servers: Contender[] = []
  const caches: Contender[] = []
  const add = (to: Contender[], name: SubjectName, at: DnsSubject): void => {
    stack.use(at.subject)
    at.subject.pause()
    const family = familyOf(at.subject.pid)
    to.push({ name, at, rss: family.reduce((sum, pid) => sum + readRss(pid), 0) })
  }
  const isServing = (name: SubjectName): boolean =>
    mixes.some((mix) => mix !== 'cache' && canServe(name, mix))
  for (const name of subjects.filter((one) => isServing(one))) {
    add(servers, name, await startDns(name, stage))
  }
  if (mixes.includes('cache')) {
    const upstream = await startUpstream(size.names)
    stack.use(upstream.subject)
    for (const name of subjects.filter((one) => canServe(one, 'cache'))) {
      add(caches, name, await startCache(name, stage, upstream.dnsPort))
    }
  }
  return new Stand({ plan, stage, servers, caches }, stack.move())
}

/** From here on, one instance per name: the names are what is to be many. */
const MANY_NAMES = 400_000

interface Parts {
  readonly plan: Plan
  readonly stage: Stage
  readonly servers: readonly Contender[]
  readonly caches: readonly Contender[]
}

export class Stand implements AsyncDisposable {
  readonly stage: Stage
  readonly servers: readonly Contender[]
  readonly #parts: Parts
  readonly #stack: AsyncDisposableStack
  readonly #files = new Set<string>()
  #runs = 0

  constructor(parts: Parts, stack: AsyncDisposableStack) {
    this.stage = parts.stage
    this.servers = parts.servers
    this.#parts = parts
    this.#stack = stack
  }

  contendersOf(mix: Mix): readonly Contender[] {
    const { servers, caches } = this.#parts
    return mix === 'cache' ? caches : servers.filter(({ name }) => canServe(name, mix))
  }

  /** @param rate of an open loop; absent: a closed one. */
  loadOf(contender: Contender, cell: Cell, rate?: number): Load {
    const { plan } = this.#parts
    const { names, instances, cores, native } = this.stage
    const { httpPort, subject } = contender.at
    const { mix, flight } = cell
    // Caches have an empty registry.
    const canChurn = typeof cell.churn === 'number' && cell.churn > 0 && mix !== 'cache'
    const perSecond = plan.isInside ? 0 : Number(cell.churn)
    const churn = canChurn && httpPort !== undefined && rate ? { httpPort, perSecond } : undefined
    return {
      ...this.#targetOf(contender.at, mix),
      pid: subject.pid,
      cores,
      mix,
      names,
      instances,
      seconds: plan.seconds,
      warmupSeconds: WARMUP_SECONDS,
      ...this.#windowOf(mix, rate),
      isSpread: flight === 'spread',
      isApart: cell.place === 'apart',
      ...(rate === undefined ? {} : { rate }),
      ...(churn === undefined ? {} : { churn }),
      ...(native === undefined || isStream(mix)
        ? {}
        : { native: this.#filesFor(native, contender, { mix, isChanging: churn !== undefined }) }),
    }
  }

  #windowOf(mix: Mix, rate?: number): { sockets: number; window: number } {
    const { sockets, window: closed } = this.#parts.plan
    const window = rate === undefined ? closed : OPEN_WINDOW
    return isStream(mix) ? { sockets: 20, window: 25 } : { sockets, window }
  }

  /** Written once for all rounds; changes for each run, lest one repeats another's. */
  #filesFor(
    { directory, blast }: Native,
    { name }: Contender,
    { mix, isChanging }: { mix: Mix; isChanging: boolean },
  ): NativeLoad {
    const { names, instances } = this.stage
    // Where weights change, an answer may hold fewer records: that is how DNS expresses weights.
    const least = isEcho(name) ? 'echo' : hasChurn(this.#parts.plan) ? 'one' : 'all'
    const packets = join(directory, `${mix}-${names}-${least}`)
    if (!this.#files.has(packets)) {
      const questions = questionsOf(mix, names, instances).map((question) =>
        Object.assign(question, leastOf(least, question.answers)),
      )
      writePackets(packets, buildPackets(questions))
      this.#files.add(packets)
    }
    if (!isChanging) return { blast, packets }
    const changes = join(directory, 'changes')
    writeChanges(changes, names, ++this.#runs)
    return { blast, packets, changes }
  }

  #targetOf(at: DnsSubject, mix: Mix): { port: number; certificate?: string } {
    if (mix !== 'dot') return { port: at.dnsPort }
    const { certificate } = this.stage
    if (at.dotPort === undefined || certificate === undefined) throw new Error('no DNS over TLS')
    return { port: at.dotPort, certificate: certificate.certificate }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function leastOf(least: string, answers: number): { answers: number; rcode?: number } {
  if (least === 'echo') return { answers: 0, rcode: 0 }
  return { answers: least === 'one' ? Math.min(1, answers) : answers }
}
