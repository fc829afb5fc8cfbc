import { isProtected } from '../../registry/select.ts'
import { isCandidate, isHealthy, standingOf } from '../explain/standing.ts'
import type { Instance, Metadata } from '../../registry/state.ts'
import { ipv4Of, otherHostOf } from './address.ts'

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
  const all = instances.filter((one) => isCandidate(standingOf(one)))
  const healthy = all.filter((one) => isHealthy(standingOf(one)))
  const counts = { healthy: healthy.length, total: all.length }
  // Where all are healthy the rule changes nothing, and nothing is to be explained.
  const isSick = healthy.length < all.length
  const mayProtect = isSick && (healthy.length > 0 || protectThreshold > 0 || failOpen)
  if (mayProtect && isProtected(healthy.length, all.length, protectThreshold)) {
    return { ...counts, chosen: all, isProtected: true }
  }
  return { ...counts, chosen: healthy, isProtected: false }
}

/** Share of the candidates' weight that is healthy, 0 … 1; 0 when there are none. */
export function capacityOf(instances: readonly Instance[]): number {
  let healthy = 0
  let all = 0
  for (const one of instances) {
    const standing = standingOf(one)
    if (isCandidate(standing)) all += one.weight
    if (isHealthy(standing)) healthy += one.weight
  }
  return all === 0 ? 0 : healthy / all
}

/**
 * Addresses of one family, each once, with the sum of the weights of the instances on it (rule 3).
 */
export interface Addresses {
  /** Hosts in the instances' order. */
  readonly hosts: readonly string[]
  readonly weights: readonly number[]
}

/**
 * Instances come in the order of their hosts, so those on one address stand together; an IPv6
 * address may be spelled in several ways, and so stand in several places.
 */
export function mergeByAddress(chosen: readonly Instance[], family: 4 | 6): Addresses {
  const hosts: string[] = []
  const weights: number[] = []
  const seen = new Map<string, number>()
  for (const { ip, weight } of chosen) {
    const last = hosts.length - 1
    if (hosts[last] === ip) {
      weights[last] = (weights[last] ?? 0) + weight
      continue
    }
    const v4 = ipv4Of(ip) >= 0
    const other = v4 ? undefined : otherHostOf(ip)
    if (family === 4 ? !v4 : other?.family !== 6) continue
    const known = other?.family === 6 ? seen.get(other.label) : undefined
    if (known !== undefined) {
      weights[known] = (weights[known] ?? 0) + weight
      continue
    }
    if (other?.family === 6) seen.set(other.label, hosts.length)
    hosts.push(ip)
    weights.push(weight)
  }
  return { hosts, weights }
}

/** One SRV record: its host, port and protocol are the instance's. */
export interface Target {
  readonly instance: Instance
  weight: number
}

/**
 * One record per host, port and protocol, with the sum of the weights: resolvers throw equal
 * records away (RFC 2181 §5), and their weight with them. Equal ones stand together in the order of
 * keys.
 */
export function mergeTargets(instances: readonly Instance[]): readonly Target[] {
  const targets: Target[] = []
  for (const instance of instances) {
    const last = targets.at(-1)
    if (last !== undefined && isSameTarget(last.instance, instance)) last.weight += instance.weight
    else targets.push({ instance, weight: instance.weight })
  }
  return targets
}

function isSameTarget(a: Instance, b: Instance): boolean {
  if (a.ip !== b.ip || a.port !== b.port) return false
  return protocolToken(a.metadata) === protocolToken(b.metadata)
}

/** SRV weights are whole numbers up to this (RFC 2782). */
const SRV_WEIGHT_MAX = 65_535

/**
 * The factor from Nacos weights to SRV weights (dns.md §2.5): the smallest of 1, 10, 100, 1000
 * that makes all whole and keeps them in 16 bits; if none does, the largest that fits.
 */
export function srvScale(weights: readonly number[]): number {
  // A loop: spread arguments have a limit, instances may be more.
  let max = 0
  for (const weight of weights) max = Math.max(max, weight)
  const fitting = [1, 10, 100, 1000].filter((scale) => max * scale <= SRV_WEIGHT_MAX)
  const isWhole = (scale: number): boolean =>
    weights.every((weight) => Number.isInteger((Math.round(weight * 1000) * scale) / 1000))
  return fitting.find(isWhole) ?? fitting.at(-1) ?? SRV_WEIGHT_MAX / max
}

/** At least 1: weight 0 means "almost never", and those instances were left out already. */
export function srvWeight(weight: number, scale: number): number {
  return Math.max(1, Math.min(SRV_WEIGHT_MAX, Math.round(weight * scale)))
}

/**
 * What an instance says it speaks, for `_token._tcp`; lower case, undefined when it says nothing.
 */
export function protocolToken(metadata: Metadata): string | undefined {
  if (metadata.size === 0) return undefined
  const token = metadata.get('protocol') || metadata.get('dns.srv')
  return token ? token.toLowerCase() : undefined
}
