import type { NamespaceId } from '../../registry/ids.ts'
import type { Service } from '../../registry/state.ts'

/**
 * How far the client's cluster goes before the rest. `prefer`: the local cluster while it does
 * well, else all. `spill`: as much of it as its health allows, the rest anywhere. `only`: never
 * beyond it.
 */
export type LocalityMode = 'off' | 'prefer' | 'spill' | 'only'

/** What a namespace says otherwise than the server; absent: as the server. */
export interface NamespacePolicy {
  /** Seconds. */
  readonly ttl?: number
  readonly answers?: number
}

/** What is answered unless a service's metadata says otherwise. */
export interface AnswerPolicy {
  /** Seconds. */
  readonly ttl: number
  /** 0 = auto, −1 = all, else at most so many. */
  readonly answers: number
  readonly locality?: LocalityMode
  readonly namespaces?: ReadonlyMap<NamespaceId, NamespacePolicy>
}

/** The defaults of `dns.ttl` and `dns.answers`. */
export const DEFAULT_POLICY: AnswerPolicy = { ttl: 1, answers: 0 }

/** TTL of a service's answers while an instance leaves them; seconds. */
export const LEAVING_TTL = 1

type Subject = Pick<Service, 'ref' | 'settings'>
type TtlPolicy = Pick<AnswerPolicy, 'ttl' | 'namespaces'>

/** Seconds: metadata `dns.ttl` (0 … 3600), else the namespace's, else the server's. */
export function ttlOf({ ref, settings }: Subject, policy: TtlPolicy): number {
  const text = settings.metadata.get('dns.ttl')
  if (text !== undefined && /^\d{1,4}$/.test(text) && Number(text) <= 3600) return Number(text)
  return policy.namespaces?.get(ref.namespace)?.ttl ?? policy.ttl
}

/** What answers bear: while an instance leaves, they are not to be kept. */
export function effectiveTtl(service: Service, policy: TtlPolicy): number {
  const ttl = ttlOf(service, policy)
  const isLeaving = service.instances.list.some((one) => one.drain?.phase === 'leaving')
  return isLeaving ? Math.min(ttl, LEAVING_TTL) : ttl
}

/** Metadata `dns.answers` (`auto`, `all`, 1 … 64), else the namespace's, else the server's. */
export function answersOf({ ref, settings }: Subject, policy: AnswerPolicy): number {
  const text = settings.metadata.get('dns.answers')
  if (text === 'auto') return 0
  if (text === 'all') return -1
  if (text !== undefined && /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 64) {
    return Number(text)
  }
  return policy.namespaces?.get(ref.namespace)?.answers ?? policy.answers
}

/** Metadata `dns.locality`, else the server's; anything else counts as absent. */
export function localityOf({ settings }: Subject, policy: AnswerPolicy): LocalityMode {
  const text = settings.metadata.get('dns.locality')
  if (text === 'off' || text === 'prefer' || text === 'spill' || text === 'only') return text
  return policy.locality ?? 'off'
}
