import { createServer } from 'node:http'
import { isMainThread } from 'node:worker_threads'

import { parseWeight } from '../../src/core/registry/ids.ts'
import { findService, type ServiceRef, type Snapshot } from '../../src/core/registry/state.ts'
import { Registry } from '../../src/engine/commit.ts'

/**
 * Loaded into Cairn before it starts (`--import`): changes made at the registry's own door, so that
 * what 10,000 a second do to answers can be seen without 10,000 HTTP requests beside them. Told
 * over a port of its own what to do:
 *
 *   /?changes=1000   so many a second from now on; answers how many have been made
 *   /?block=4000     the main thread does nothing else for so many milliseconds
 */

const CONTROL = Number(process.env['CAIRN_BENCH_CONTROL'] ?? 0)
/** As requests come: some in each turn of the event loop. */
const TURN_MS = 1
/** The services of packets.ts. */
const SERVED = 'svc-'

class Changer {
  made = 0
  #registry: Registry | undefined
  #refs: readonly ServiceRef[] = []
  #timer: NodeJS.Timeout | undefined
  #turn = 0

  /** The registry is whatever commits first: the bench's own names, over HTTP. */
  constructor() {
    const take = (registry: Registry): void => {
      this.#registry = registry
    }
    const { commit } = Object.getOwnPropertyDescriptors(Registry.prototype)
    Registry.prototype.commit = function (this: Registry, changes): void {
      take(this)
      Object.defineProperty(Registry.prototype, 'commit', commit)
      this.commit(changes)
    }
  }

  run(perSecond: number): void {
    clearInterval(this.#timer)
    const registry = this.#registry
    if (perSecond === 0 || registry === undefined) return
    this.#refs = [...servicesOf(registry.snapshot)]
    const start = performance.now()
    let done = 0
    this.#timer = setInterval(() => {
      const due = ((performance.now() - start) * perSecond) / 1_000
      for (; done < due; done++) this.#change(registry)
    }, TURN_MS)
  }

  #change(registry: Registry): void {
    // A prime step: no two neighbours after each other, all in the end.
    const ref = this.#refs[(this.#turn++ * 7_919) % this.#refs.length]
    const before = ref && findService(registry.snapshot, ref)?.instances.list[0]
    if (ref === undefined || before === undefined) throw new Error('no service to change')
    const after = { ...before, weight: parseWeight(1 + (before.weight % 9)) }
    registry.commit([{ kind: 'instance_put', ref, before, after, reason: 'updated' }])
    this.made++
  }
}

function* servicesOf(snapshot: Snapshot): Generator<ServiceRef> {
  for (const { groups } of snapshot.namespaces.values()) {
    for (const { services } of groups.values()) {
      for (const { ref } of services.values()) if (ref.name.startsWith(SERVED)) yield ref
    }
  }
}

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Long enough for the answer to leave before the thread is blocked. */
const ANSWER_MS = 20

function listen(changer: Changer): void {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const perSecond = searchParams.get('changes')
    const blockMs = Number(searchParams.get('block') ?? 0)
    response.end(String(changer.made))
    if (perSecond !== null) changer.run(Number(perSecond))
    if (blockMs > 0) setTimeout(() => block(blockMs), ANSWER_MS)
  })
  server.listen(CONTROL, '127.0.0.1')
  server.unref()
}

// Workers are given the same flags.
if (isMainThread) listen(new Changer())
