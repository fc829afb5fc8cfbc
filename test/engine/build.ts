import { millis } from '../../src/kernel/ids.ts'
import { findService, type Instance, type ServiceRef } from '../../src/core/registry/state.ts'
import { createMember, type Member, type MemberSettings } from '../../src/engine/member.ts'
import { SimClock } from '../sim/clock.ts'
import { Digest } from '../sim/digest.ts'
import { SimTelemetry, SimZones } from '../sim/ports.ts'

export interface Built {
  readonly clock: SimClock
  readonly zones: SimZones
  readonly telemetry: SimTelemetry
  readonly trace: Digest
  readonly member: Member
}

/** One member over the simulator's ports, without its model. */
export function build(settings: Partial<MemberSettings & MemberSettings['health']> = {}): Built {
  const clock = new SimClock()
  const trace = new Digest()
  const zones = new SimZones(trace, clock)
  const telemetry = new SimTelemetry(trace, clock)
  const limits = { instancesPerServiceMax: 10_000, servicesPerNamespaceMax: 50_000 }
  const health = {
    expireInstances: settings.expireInstances ?? true,
    emptyServiceMs: settings.emptyServiceMs ?? millis(60_000),
  }
  const member = createMember({ clock, zones, telemetry }, { limits, health, ...settings })
  return { clock, zones, telemetry, trace, member }
}

export function find(member: Member, ref: ServiceRef, one: Instance): Instance | undefined {
  return findService(member.registry.snapshot, ref)?.instances.get(one.key)
}
