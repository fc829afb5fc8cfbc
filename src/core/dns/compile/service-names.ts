import { DEFAULT_GROUP } from '../../registry/ids.ts'
import type { ServiceRef } from '../../registry/state.ts'
import { byCodePoint } from '../../registry/step.ts'
import { serviceNames } from '../labels.ts'
import { latin1, lowerName, prefixName } from '../name.ts'

/** The names of one service in one zone, as keys of the table. */
export interface ServiceKeys {
  readonly hash: Uint8Array
  readonly hashLabel: string
  /** Full, group and short form, as far as the service has them. */
  readonly forms: readonly Uint8Array[]
  /** What services of the same folded spelling share; undefined when only the hash name exists. */
  readonly folded: string | undefined
}

export function keysOf(ref: ServiceRef, apex: Uint8Array): ServiceKeys {
  const names = serviceNames(ref, apex.length)
  const toKey = (labels: readonly string[]): Uint8Array => lowerName(prefixName(labels, apex))
  const lists = [names.full, names.group, names.short].filter((list) => list !== undefined)
  const forms = lists.map(toKey)
  const [first] = forms
  return {
    hash: toKey(names.hash),
    hashLabel: names.hash[0] ?? '',
    forms,
    folded: first === undefined ? undefined : latin1(first),
  }
}

/**
 * Who bears a folded name (dns.md §3.5): the all-lower-case spelling if there is one, else the
 * smallest in octet order. A function of the set alone: the same on all members, at all times.
 * DEFAULT_GROUP is the one spelling of the default group, so its capitals do not count.
 */
export function winnerOf<T extends { readonly ref: ServiceRef }>(
  claims: readonly T[],
): T | undefined {
  const spelling = ({ ref }: T): string => `${ref.namespace}\0${ref.group}\0${ref.name}`
  const sorted = claims.toSorted((a, b) => byCodePoint(spelling(a), spelling(b)))
  return sorted.find(({ ref }) => isLower(ref)) ?? sorted[0]
}

/** Of ASCII letters: only those fold. */
function isLower({ namespace, group, name }: ServiceRef): boolean {
  const isLowerGroup = group === DEFAULT_GROUP || !/[A-Z]/.test(group)
  return isLowerGroup && !/[A-Z]/.test(namespace) && !/[A-Z]/.test(name)
}
