import { millis } from '../../../../src/kernel/ids.ts'
import { CryptoRng } from '../../../../src/adapters/dns/forward/crypto-rng.ts'
import { Forwarder } from '../../../../src/adapters/dns/forward/forwarder.ts'
import type { AdmissionLimits } from '../../../../src/core/dns/forward/admission.ts'
import { Cache } from '../../../../src/core/dns/forward/cache.ts'
import { Failures } from '../../../../src/core/dns/forward/failures.ts'
import type { Given } from '../../../../src/core/dns/forward/foreign.ts'
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
    const question: Question = {
      name: parseName(name),
      type: 1,
      isDnssec: false,
      isUnchecked: false,
    }
    const suffix = parseName('.')
    const route = { suffix, upstreams: this.#upstreams, isInBailiwick: () => true }
    const given = Promise.withResolvers<Given | undefined>()
    this.forwarder.ask({ question, route, hasStale }, client, given.resolve)
    const outcome = (await given.promise)?.outcome
    if (outcome === undefined) return 'stale'
    if (outcome.kind === 'failure') return `failure ${outcome.ede}`
    const { body } = outcome.entry
    return String(body.getUint8(body.byteLength - 1))
  }

  [Symbol.dispose](): void {
    this.forwarder.close()
  }
}
