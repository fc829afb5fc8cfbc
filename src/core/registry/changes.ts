import type { InstanceKey } from './ids.ts'
import type { Instance, ServiceRef, ServiceSettings } from './state.ts'

/** Why an instance was written; a closed set, so it may be a metric label. */
export type PutReason =
  | 'registered'
  | 'updated'
  | 'beat'
  | 'recovered'
  | 'silent'
  | 'draining'
  | 'drained'
  | 'undrained'

type RemoveReason = 'deregistered' | 'expired'

/**
 * Everything that can happen to the registry, as values. `step.ts` applies them; nobody changes
 * state by another way.
 */
export type Change =
  | {
      readonly kind: 'service_put'
      readonly ref: ServiceRef
      readonly settings: ServiceSettings
      readonly declared: boolean
    }
  | { readonly kind: 'service_removed'; readonly ref: ServiceRef }
  | {
      readonly kind: 'instance_put'
      readonly ref: ServiceRef
      /** What it replaces; undefined for a new one. */
      readonly before: Instance | undefined
      readonly after: Instance
      readonly reason: PutReason
    }
  | {
      readonly kind: 'instance_removed'
      readonly ref: ServiceRef
      readonly key: InstanceKey
      readonly before: Instance
      readonly reason: RemoveReason
    }
