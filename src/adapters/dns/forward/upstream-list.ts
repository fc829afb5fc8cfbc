import { Routes, type Elsewhere, type RouteRule } from '../../../core/dns/forward/routes.ts'
import { formatUpstream, parseUpstream } from '../../../core/dns/forward/upstream-address.ts'
import { Upstream, type UpstreamAddress } from '../../../core/dns/forward/upstream.ts'
import { parseName } from '../../../core/dns/name.ts'
import type { ForwardData } from './forward-data.ts'

/** Where this server itself listens. */
export interface Own {
  readonly addresses: readonly string[]
  readonly port: number
}

/**
 * The upstreams of one worker: one object per address, so that what was learned of it serves all
 * its routes and outlives a change of resolv.conf.
 */
export class UpstreamList {
  readonly #data: ForwardData
  readonly #known = new Map<string, Upstream>()
  #own: Own = { addresses: [], port: 0 }
  /** Upstreams left out because they are this server. */
  dropped: readonly string[] = []

  constructor(data: ForwardData) {
    this.#data = data
  }

  get all(): readonly Upstream[] {
    return [...this.#known.values()]
  }

  /** Where we listen; it is not known before the sockets are open. */
  setOwn(own: Own): void {
    // Settings may spell them in any way; upstreams are spelled as the system spells them.
    const addresses = own.addresses.map((text) => parseUpstream(text)?.address ?? text)
    this.#own = { addresses, port: own.port }
  }

  /** Makes the routes anew. */
  routes(fromFile: readonly UpstreamAddress[], elsewhere: Elsewhere): Routes {
    const dropped = new Set<string>()
    const use = (addresses: readonly UpstreamAddress[]): readonly Upstream[] =>
      addresses.flatMap((address) => this.#use(address, dropped))
    const rules = [...this.#data.zones].map(([suffix, addresses]): RouteRule => ({
      suffix: parseName(suffix),
      upstreams: use(addresses),
    }))
    const routes = new Routes(rules, use([...this.#data.upstreams, ...fromFile]), elsewhere)
    this.dropped = [...dropped]
    return routes
  }

  /** None for ourselves: whoever asks us by way of us would ask for ever. */
  #use(address: UpstreamAddress, dropped: Set<string>): readonly Upstream[] {
    const name = formatUpstream(address)
    if (address.port === this.#own.port && this.#own.addresses.includes(address.address)) {
      dropped.add(name)
      return []
    }
    const known = this.#known.get(name) ?? new Upstream(address, this.#isTrusted(address))
    this.#known.set(name, known)
    return [known]
  }

  #isTrusted({ address, port }: UpstreamAddress): boolean {
    return this.#data.trusted.some((one) => one.address === address && one.port === port)
  }
}
