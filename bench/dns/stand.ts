import { Certificate } from './certificate.ts'
import type { Mix } from './packets.ts'
import { startUpstream } from './peers.ts'
import type { Plan } from './plan.ts'
import { canServe, type DnsSubject, startCache, startDns, type SubjectName } from './subjects.ts'

/**
 * All servers of a run, paused. Caches are servers of their own, so that forwarding costs nothing
 * where nothing is forwarded.
 */

export interface Contender {
  readonly name: SubjectName
  readonly at: DnsSubject
}

export interface Target {
  readonly port: number
  readonly certificate?: string
}

export async function openStand(plan: Plan): Promise<Stand> {
  await using stack = new AsyncDisposableStack()
  const { names, mixes, subjects, isVerified } = plan
  const certificate = mixes.includes('dot') ? stack.use(await Certificate.make()) : undefined
  const stage = { names, withCounters: isVerified, ...(certificate && { certificate }) }
  const servers: Contender[] = []
  const caches: Contender[] = []
  const add = (to: Contender[], name: SubjectName, at: DnsSubject): void => {
    stack.use(at.subject)
    at.subject.pause()
    to.push({ name, at })
  }
  const isServing = (name: SubjectName): boolean =>
    mixes.some((mix) => mix !== 'cache' && canServe(name, mix))
  for (const name of subjects.filter((one) => isServing(one))) {
    add(servers, name, await startDns(name, stage))
  }
  if (mixes.includes('cache')) {
    const upstream = await startUpstream(names)
    stack.use(upstream.subject)
    for (const name of subjects.filter((one) => canServe(one, 'cache'))) {
      add(caches, name, await startCache(name, stage, upstream.dnsPort))
    }
  }
  return new Stand({ servers, caches, certificate }, stack.move())
}

interface Parts {
  readonly servers: readonly Contender[]
  readonly caches: readonly Contender[]
  readonly certificate: Certificate | undefined
}

export class Stand implements AsyncDisposable {
  readonly #parts: Parts
  readonly #stack: AsyncDisposableStack

  constructor(parts: Parts, stack: AsyncDisposableStack) {
    this.#parts = parts
    this.#stack = stack
  }

  contendersOf(mix: Mix): readonly Contender[] {
    const { servers, caches } = this.#parts
    return mix === 'cache' ? caches : servers.filter(({ name }) => canServe(name, mix))
  }

  targetOf(at: DnsSubject, mix: Mix): Target {
    if (mix !== 'dot') return { port: at.dnsPort }
    const { certificate } = this.#parts
    if (at.dotPort === undefined || certificate === undefined) throw new Error('no DNS over TLS')
    return { port: at.dotPort, certificate: certificate.certificate }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
