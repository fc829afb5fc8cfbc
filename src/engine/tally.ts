import type { Change } from '../core/registry/changes.ts'
import type { Kind, NamespaceId } from '../core/registry/ids.ts'
import type { Instance } from '../core/registry/state.ts'

export type InstanceState = 'healthy' | 'unhealthy' | 'disabled'

/** Counts of what is registered, kept per change, so that a scrape never scans the registry. */
export class Tally {
  readonly #counts = new Map<string, number>()

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'instance_put' && change.kind !== 'instance_removed') continue
      const { namespace } = change.ref
      if (change.before !== undefined) this.#add(namespace, change.before, -1)
      if (change.kind === 'instance_put') this.#add(namespace, change.after, 1)
    }
  }

  /** `[namespace, kind, state, count]` for every combination seen. */
  *rows(): Iterable<readonly [string, Kind, InstanceState, number]> {
    for (const [key, count] of this.#counts) {
      const [namespace = '', kind, state] = key.split('\n')
      yield [
        namespace,
        kind === 'persistent' ? 'persistent' : 'ephemeral',
        state === 'healthy' || state === 'unhealthy' ? state : 'disabled',
        count,
      ]
    }
  }

  get instanceCount(): number {
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    return sum
  }

  #add(namespace: NamespaceId, instance: Instance, by: number): void {
    const key = `${namespace}\n${instance.kind}\n${stateOf(instance)}`
    const count = (this.#counts.get(key) ?? 0) + by
    if (count === 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
  }
}

function stateOf(instance: Instance): InstanceState {
  if (!instance.enabled) return 'disabled'
  return instance.healthy ? 'healthy' : 'unhealthy'
}
