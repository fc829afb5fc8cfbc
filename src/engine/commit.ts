import type { Change } from '../core/registry/changes.ts'
import {
  groupedName,
  EMPTY_SNAPSHOT,
  type ServiceRef,
  type Snapshot,
} from '../core/registry/state.ts'
import { applyChanges } from '../core/registry/step.ts'
import type { Facts, Ports } from './ports.ts'
import { Tally } from './tally.ts'

/** The registry's present state and the one door through which it changes. */
export class Registry {
  readonly #ports: Pick<Ports, 'zones' | 'telemetry'>
  readonly tally: Tally = new Tally()
  #snapshot: Snapshot

  /** Revisions count from `firstRevision`. */
  constructor(ports: Pick<Ports, 'zones' | 'telemetry'>, firstRevision: number = 0) {
    this.#ports = ports
    this.#snapshot = { ...EMPTY_SNAPSHOT, revision: firstRevision }
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** New snapshot → DNS → counts and log, in this order. No change, no commit. */
  commit(changes: readonly Change[]): void {
    if (changes.length === 0) return
    this.#snapshot = applyChanges(this.#snapshot, changes)
    this.tally.apply(changes)
    this.#ports.zones.publish(touchedBy(changes), this.#snapshot)
    for (const change of changes) this.#tell(change)
  }

  #tell(change: Change): void {
    const { telemetry } = this.#ports
    const name = nameOf(change)
    telemetry.count('registry_changes', name, 1)
    telemetry.event('info', name, factsOf(change))
  }
}

function touchedBy(changes: readonly Change[]): readonly ServiceRef[] {
  const first = changes[0]
  if (changes.length === 1 && first !== undefined) return [first.ref]
  const touched = new Map<string, ServiceRef>()
  for (const { ref } of changes) touched.set(`${ref.namespace}\n${groupedName(ref)}`, ref)
  return [...touched.values()]
}

/** The event's name is the counter's label: a closed set. */
function nameOf(change: Change): string {
  return 'reason' in change ? `instance_${change.reason}` : change.kind
}

function factsOf(change: Change): Facts {
  const service = { namespace: change.ref.namespace, service: groupedName(change.ref) }
  if (change.kind === 'service_put' || change.kind === 'service_removed') return service
  const { ip, port, cluster } = change.kind === 'instance_put' ? change.after : change.before
  return { ...service, ip, port, cluster }
}
