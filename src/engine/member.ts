import { DEFAULT_POLICY, type AnswerPolicy } from '../core/dns/compile/answer-policy.ts'
import { Registry } from './commit.ts'
import { Drains } from './drains.ts'
import { HealthDriver, type HealthOptions } from './health-driver.ts'
import { Naming, type NamingLimits } from './naming.ts'
import type { Ports } from './ports.ts'

export interface MemberSettings {
  readonly limits: NamingLimits
  readonly health: HealthOptions
  /** How long answers are cached, for drains; the defaults of the settings when absent. */
  readonly answers?: AnswerPolicy
  /** What revisions, and so the serials of DNS, count from; 0 when absent. */
  readonly firstRevision?: number
}

/** One whole member without a socket: real ports make a server, simulated ones a test world. */
export interface Member extends Disposable {
  readonly registry: Registry
  readonly naming: Naming
  readonly health: HealthDriver
  readonly drains: Drains
}

export function createMember(ports: Ports, settings: MemberSettings): Member {
  const registry = new Registry(ports, settings.firstRevision)
  const health = new HealthDriver(ports, registry, settings.health)
  const drains = new Drains(ports, registry, settings.answers ?? DEFAULT_POLICY)
  const { limits } = settings
  const naming = new Naming({ registry, health, drains, clock: ports.clock, limits })
  const ticking = health.start()
  const stop = (): void => {
    ticking[Symbol.dispose]()
    drains[Symbol.dispose]()
  }
  return { registry, naming, health, drains, [Symbol.dispose]: stop }
}
