import { millis } from '../../../../src/kernel/ids.ts'
import { CryptoRng } from '../../../../src/adapters/dns/forward/crypto-rng.ts'
import { Forwarder } from '../../../../src/adapters/dns/forward/forwarder.ts'
import type { AdmissionLimits } from '../../../../src/core/dns/forward/admission.ts'
import { Cache, type Cached } from '../../../../src/core/dns/forward/cache.ts'
import { EntryBuilder } from '../../../../src/core/dns/forward/entry.ts'
import { Failures } from '../../../../src/core/dns/forward/failures.ts'
import type { Given, Pending } from '../../../../src/core/dns/forward/foreign.ts'
import type { Question } from '../../../../src/core/dns/forward/question.ts'
import { Upstream } from '../../../../src/core/dns/forward/upstream.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import type { FakeUpstream } from './fake-upstream.ts'

/** A forwarder on real sockets, with its cache; what it counts is in `counts`. */
export class ForwarderWorld implements Disposable {
  readonly cache: Cache = new Cache({ bytesMax: 1 << 22, staleMs: millis(86_400_000) })
  readonly counts: Map<string, number> = new Map()
  readonly forwarder: Forwarder
  readonly #upstreams: readonly Upstream[]

  constructor(upstreams: readonly FakeUpstream[], limits: Partial<AdmissionLimits> = {}) {
    this.#upstreams = upstreams.map(
      ({ port }) => new Upstream({ address: '127.0.0.1', port }, false),
    )
    this.forwarder = new Forwarder({
      cache: this.cache,
      failures: new Failures(),
      rng: new CryptoRng(),
      flight: { isMixed: true, ttlMax: 86_400, negativeTtlMax: 3_600 },
      limits: { inFlightMax: 1_000, perClientMax: 1_000, queueMax: 1_000, ...limits },
      now: () => performance.now(),
      count: (scalar, by) => this.counts.set(scalar, (this.counts.get(scalar) ?? 0) + by),
      observe: () => undefined,
    })
  }

  /** The last octet of the address that was found, or what came instead. */
  async ask(name: string, client = 'a', hasStale = false): Promise<string> {
    const given = Promise.withResolvers<Given | undefined>()
    this.forwarder.ask(this.#pending(name, hasStale), client, given.resolve)
    const outcome = (await given.promise)?.outcome
    if (outcome === undefined) return 'stale'
    if (outcome.kind === 'failure') return `failure ${outcome.ede}`
    const { body } = outcome.entry
    return String(body.getUint8(body.byteLength - 1))
  }

  /** As `ForeignNames` asks for what soon runs out. */
  refresh(name: string): void {
    this.forwarder.refresh(this.#pending(name, true))
  }

  /** Puts an address into the cache. */
  keep(name: string, ttl: number): void {
    const builder = new EntryBuilder()
    const data = Uint8Array.of(192, 0, 2, 7)
    builder.addAnswer({ owner: parseName(name), type: 1, class: 1, ttl, data }, 0, 0)
    const entry = builder.build({ rcode: 0, isAuthentic: false, isOpen: false, ttl })
    if (entry !== undefined) this.cache.put(questionFor(name), entry, performance.now())
  }

  cached(name: string): Cached | undefined {
    return this.cache.find(questionFor(name), performance.now())
  }

  #pending(name: string, hasStale: boolean): Pending {
    const suffix = parseName('.')
    const route = { suffix, upstreams: this.#upstreams, isInBailiwick: () => true }
    return { question: questionFor(name), route, hasStale }
  }

  [Symbol.dispose](): void {
    this.forwarder.close()
  }
}

function questionFor(name: string): Question {
  return { name: parseName(name), type: 1, isDnssec: false, isUnchecked: false }
}
