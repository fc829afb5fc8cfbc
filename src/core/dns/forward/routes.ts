import { latin1, lowerName, nameKey } from '../name.ts'
import type { Upstream } from './upstream.ts'

/** Where names below a suffix are asked. */
export interface Route {
  /** Wire form; the root for the default route. */
  readonly suffix: Uint8Array
  readonly upstreams: readonly Upstream[]
  /** Whether a name is asked here, too: what this route says of other names is not believed. */
  readonly isInBailiwick: (name: Uint8Array) => boolean
}

export interface RouteRule {
  readonly suffix: Uint8Array
  readonly upstreams: readonly Upstream[]
}

/** Names that no default route is for. */
export interface Elsewhere {
  /** In a zone of ours: nobody else is asked or believed, whatever the rules say. */
  readonly isOurs: (name: Uint8Array) => boolean
  /** Answered without asking, unless a rule says where to ask. */
  readonly isReserved: (name: Uint8Array) => boolean
}

/** Conditional forwards by suffix, and the default. The longest suffix wins. */
export class Routes {
  readonly #bySuffix = new Map<string, Route>()
  readonly #default: Route | undefined
  readonly #elsewhere: Elsewhere

  constructor(rules: readonly RouteRule[], defaults: readonly Upstream[], elsewhere: Elsewhere) {
    this.#elsewhere = elsewhere
    for (const rule of rules) this.#bySuffix.set(nameKey(rule.suffix), this.#route(rule))
    const root = new Uint8Array(1)
    this.#default =
      this.#bySuffix.get('\0') ??
      (defaults.length > 0 ? this.#route({ suffix: root, upstreams: defaults }) : undefined)
  }

  get all(): readonly Route[] {
    const routes = new Set(this.#bySuffix.values())
    if (this.#default !== undefined) routes.add(this.#default)
    return [...routes]
  }

  /** The route that a rule gives to a name in lower case. */
  conditional(name: Uint8Array): Route | undefined {
    if (this.#bySuffix.size === 0) return undefined
    const key = latin1(name)
    for (let at = 0; (name[at] ?? 0) > 0; at += 1 + (name[at] ?? 0)) {
      const route = this.#bySuffix.get(key.slice(at))
      if (route !== undefined) return route
    }
    return undefined
  }

  /** Where a name that is not ours is asked, if anywhere; it is in lower case. */
  routeOf(name: Uint8Array): Route | undefined {
    const route = this.conditional(name)
    return route ?? (this.#elsewhere.isReserved(name) ? undefined : this.#default)
  }

  #isFor(route: Route, name: Uint8Array): boolean {
    return this.routeOf(name) === route && !this.#elsewhere.isOurs(name)
  }

  #route({ suffix, upstreams }: RouteRule): Route {
    const route: Route = {
      suffix,
      upstreams,
      isInBailiwick: (name) => this.#isFor(route, lowerName(name)),
    }
    return route
  }
}
