import { Map as ImmutableMap } from 'immutable'

/**
 * An immutable map with structural sharing: `set` and `delete` give a new map and cost
 * O(log32 size), whatever the size. Iteration order is fixed by the keys' hashes and the history:
 * the same operations give the same order. The only file that knows the package behind it.
 */
export type PersistentMap<K, V> = ImmutableMap<K, V>

export function emptyMap<K, V>(): PersistentMap<K, V> {
  return ImmutableMap()
}
