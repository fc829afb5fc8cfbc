import { isProtected } from '../../registry/select.ts'
import type { Instance, Metadata } from '../../registry/state.ts'
import { addressOf, type Address } from './address.ts'

/** Whom a selection of instances answers with (dns.md §2.4 rules 1 and 2). */
export interface Candidates {
  readonly chosen: readonly Instance[]
  readonly healthy: number
  readonly total: number
  /** All are answered although too few are healthy. */
  readonly isProtected: boolean
}

export function chooseCandidates(
  instances: readonly Instance[],
  protectThreshold: number,
  failOpen: boolean,
): Candidates {
  const all = instances.filter((one) => one.enabled && one.weight > 0)
  const healthy = all.filter((one) => one.healthy)
  const counts = { healthy: healthy.length, total: all.length }
  const mayProtect = healthy.length > 0 || protectThreshold > 0 || failOpen
  if (mayProtect && isProtected(healthy.length, all.length, protectThreshold)) {
    return { ...counts, chosen: all, isProtected: true }
  }
  return { ...counts, chosen: healthy, isProtected: false }
}

/** One address and the sum of the weights of the instances on it (rule 3). */
export interface Weighted {
  readonly octets: Uint8Array
  weight: number
}

/** Instances come sorted by host, so those on one address stand together. */
export function mergeByAddress(chosen: readonly Instance[], family: 4 | 6): readonly Weighted[] {
  const merged: Weighted[] = []
  let last: Address | undefined
  for (const instance of chosen) {
    const address = addressOf(instance.ip)
    if (address.family !== family) continue
    const top = merged.at(-1)
    if (top !== undefined && last === address) {
      top.weight += instance.weight
    } else {
      merged.push({ octets: address.octets, weight: instance.weight })
    }
    last = address
  }
  return merged
}

/** SRV weights are whole numbers up to this (RFC 2782). */
const SRV_WEIGHT_MAX = 65_535

/**
 * The factor from Nacos weights to SRV weights (dns.md §2.5): the smallest of 1, 10, 100, 1000
 * that makes all whole and keeps them in 16 bits; if none does, the largest that fits.
 */
export function srvScale(weights: readonly number[]): number {
  const max = Math.max(...weights, 0)
  const fitting = [1, 10, 100, 1000].filter((scale) => max * scale <= SRV_WEIGHT_MAX)
  const isWhole = (scale: number): boolean =>
    weights.every((weight) => Number.isInteger((Math.round(weight * 1000) * scale) / 1000))
  return fitting.find(isWhole) ?? fitting.at(-1) ?? SRV_WEIGHT_MAX / max
}

/** At least 1: weight 0 means "almost never", and those instances were left out already. */
export function srvWeight(weight: number, scale: number): number {
  return Math.max(1, Math.min(SRV_WEIGHT_MAX, Math.round(weight * scale)))
}

/** What an instance says it speaks, for `_token._tcp`; lower case, undefined when it says nothing. */
export function protocolToken(metadata: Metadata): string | undefined {
  if (metadata.size === 0) return undefined
  return (metadata.get('protocol') ?? metadata.get('dns.srv'))?.toLowerCase().slice(0, 63)
}
